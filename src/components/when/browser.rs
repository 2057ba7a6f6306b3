//! The zone and the clock in the browser: `Intl` knows the rules of every zone, so the wasm need not.

use super::{Day, Local};
use js_sys::{Array, Date, Intl, Object, Reflect};
use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// Where the people who read the page are.
#[derive(Debug, Clone)]
pub struct Zone(String);

thread_local! {
    /// Making a format costs far more than using it, and a page has one zone.
    static FORMAT: RefCell<Option<(String, Intl::DateTimeFormat)>> = const { RefCell::new(None) };
}

impl Zone {
    /// By IANA name.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// An RFC 3339 moment on the wall of this zone; `None` where it is no such text.
    pub fn local(&self, moment: &str) -> Option<Local> {
        let date = Date::new(&JsValue::from_str(moment));
        if date.get_time().is_nan() {
            None
        } else {
            self.at(&date)
        }
    }

    pub fn today(&self) -> Day {
        self.at(&Date::new_0())
            .map_or(Day::new(1970, 1, 1), |local| local.day)
    }

    fn at(&self, date: &Date) -> Option<Local> {
        let parts = FORMAT.with_borrow_mut(|kept| {
            if kept.as_ref().is_none_or(|(name, _)| *name != self.0) {
                *kept = Some((self.0.clone(), format(&self.0)?));
            }
            kept.as_ref()
                .map(|(_, format)| format.format_to_parts(date))
        })?;
        let part = |kind: &str| -> Option<u16> {
            let found = parts
                .iter()
                .find(|part| text(part, "type").as_deref() == Some(kind))?;
            text(&found, "value")?.parse().ok()
        };
        Some(Local {
            day: Day::new(
                part("year")?.into(),
                part("month")? as u8,
                part("day")? as u8,
            ),
            hour: part("hour")? as u8,
            minute: part("minute")? as u8,
        })
    }
}

fn format(zone: &str) -> Option<Intl::DateTimeFormat> {
    let options = Object::new();
    for (name, value) in [
        ("timeZone", zone),
        ("hourCycle", "h23"),
        ("year", "numeric"),
        ("month", "numeric"),
        ("day", "numeric"),
        ("hour", "numeric"),
        ("minute", "numeric"),
    ] {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    Some(Intl::DateTimeFormat::new(
        &Array::of1(&"en-u-ca-gregory-nu-latn".into()),
        &options,
    ))
}

fn text(part: &JsValue, name: &str) -> Option<String> {
    Reflect::get(part, &name.into()).ok()?.as_string()
}
