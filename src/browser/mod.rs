//! What the browser offers, in small types that own their closures: dropping one undoes it.

pub mod fetch;
pub mod lock;
pub mod part;

use crate::i18n::Locale;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Document, Element, Event, EventTarget};

/// A listener on an event target, for as long as it lives.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn Fn(Event)>,
}

impl Listener {
    pub fn new(
        target: &EventTarget,
        name: &'static str,
        handler: impl Fn(Event) + 'static,
    ) -> Self {
        let closure = Closure::<dyn Fn(Event)>::new(handler);
        // Refused only for a handler that is no function.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        Self {
            target: target.clone(),
            name,
            closure,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}

/// A property of a JS object; nothing where there is none.
pub fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

/// A text property of a JS object.
pub fn get_text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name)?.as_string()
}

/// A whole number among the properties of a JS object.
pub fn get_number(object: &JsValue, name: &str) -> Option<i64> {
    get(object, name)?.as_f64().map(|number| number as i64)
}

/// Sets a property of an object that we made ourselves, which cannot refuse it.
pub fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    let _ = js_sys::Reflect::set(object, &JsValue::from_str(name), &value.into());
}

pub fn document() -> Option<Document> {
    web_sys::window().and_then(|window| window.document())
}

/// The first element of the page that the selector names.
pub fn find(selector: &str) -> Option<Element> {
    document()?.query_selector(selector).ok().flatten()
}

/// What was pressed or pointed at: the nearest element around it that the selector names.
pub fn closest(event: &Event, selector: &str) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(selector).ok().flatten()
}

/// The language that the page is written in.
pub fn locale() -> Locale {
    let language =
        document().and_then(|document| document.document_element()?.get_attribute("lang"));
    match language.as_deref() {
        Some("en") => Locale::en,
        _ => Locale::ar,
    }
}

/// Is the tab in front?
pub fn is_visible() -> bool {
    document().is_some_and(|document| !document.hidden())
}
