//! The dialer on the page: what the server has drawn, found by name. Presses go to the driver; what is `Shown` is written down.

use super::{
    Setup, driver,
    machine::{Input, State},
    preview::Preview,
    shown::{Shown, clock},
};
use crate::{
    browser::{
        Listener, closest, find, locale,
        part::{all, attribute, hide, part, say},
    },
    domain::phone::DialPlan,
    i18n::Locale,
};
use gloo_timers::callback::Interval;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlButtonElement, HtmlInputElement, HtmlSelectElement};

/// Microphones and speakers to choose from: id and label.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Devices {
    pub microphones: Vec<(String, String)>,
    pub speakers: Vec<(String, String)>,
    /// The ids that were chosen.
    pub microphone: Option<String>,
    pub speaker: Option<String>,
}

pub struct Page {
    root: Element,
    locale: Locale,
    may_set_up: bool,
    preview: Rc<Preview>,
    /// Since when the clock runs, and what moves it.
    ticking: RefCell<Option<(f64, Interval)>>,
    level: Cell<u8>,
    sounding: Cell<bool>,
    _heard: Vec<Listener>,
}

impl Page {
    pub fn find() -> Option<Self> {
        let root = find("[data-testid=dialer]")?;
        let locale = locale();
        Some(Self {
            may_set_up: root.has_attribute("data-may-set-up"),
            preview: Rc::new(Preview::new(root.clone(), locale, plan(&root))),
            _heard: hear(&root),
            locale,
            root,
            ticking: RefCell::default(),
            level: Cell::new(0),
            sounding: Cell::new(false),
        })
    }

    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// What the page says of this installation and its reader.
    pub fn setup(&self) -> Setup {
        let value = |name| self.root.get_attribute(name);
        Setup {
            user_id: value("data-user").unwrap_or_default(),
            attempts: value("data-attempts").unwrap_or_default(),
            signaling: value("data-signaling"),
            edge: value("data-edge"),
            debug: self.root.has_attribute("data-debug"),
            leave_question: value("data-leave").unwrap_or_default(),
        }
    }

    /// The phone as it begins: with what was typed before the wasm came.
    pub fn state(&self) -> State {
        let typed = self.field().map(|field| field.value());
        let beginning = self.setup().attempts;
        let page = (js_sys::Math::random() * 2f64.powi(48)) as u64;
        State::new(plan(&self.root), typed.unwrap_or_default())
            .naming(format!("{beginning}{page:012x}"))
    }

    pub fn show(&self, state: &State) {
        let shown = Shown::of(state, self.locale, self.may_set_up);
        attribute(&self.root, "data-state", shown.face.as_str());
        for (name, text) in &shown.texts {
            if let Some(part) = self.part(name) {
                say(&part, text);
            }
        }
        for (name, which, value) in shown.attributes {
            if let Some(part) = self.part(name) {
                attribute(&part, which, value);
            }
        }
        for (name, hidden) in shown.hidden {
            if let Some(part) = self.part(name) {
                hide(&part, hidden);
            }
        }
        let call = self.part("call");
        if let Some(call) = call.and_then(|call| call.dyn_into::<HtmlButtonElement>().ok()) {
            call.set_disabled(!shown.may_call);
        }
        if let Some(field) = self.field().filter(|field| field.value() != state.typed) {
            field.set_value(&state.typed);
        }
        self.preview.follow(&state.typed);
        self.tick(shown.answered_at);
        self.sounding.set(shown.sounding);
        self.show_level();
    }

    /// The microphone, 0 to 6.
    pub fn hear_level(&self, level: u8) {
        if self.level.replace(level) != level {
            self.show_level();
        }
    }

    pub fn offer(&self, devices: &Devices) {
        for (name, offered, chosen) in [
            ("microphones", &devices.microphones, &devices.microphone),
            ("speakers", &devices.speakers, &devices.speaker),
        ] {
            if let Some(label) = self.part(name) {
                hide(&label, offered.is_empty());
                let _ = fill(&label, offered, chosen.as_deref());
            }
        }
    }

    fn show_level(&self) {
        let level = if self.sounding.get() {
            self.level.get()
        } else {
            0
        };
        for (place, bar) in all(&self.root, ".level i").iter().enumerate() {
            let on = usize::from(level) > place;
            attribute(bar, "class", if on { "on" } else { "" });
        }
    }

    /// The clock counts from the far end's answer.
    fn tick(&self, since: Option<f64>) {
        let running = self.ticking.borrow().as_ref().map(|(since, _)| *since);
        if running == since {
            return;
        }
        let timer = self.part("timer");
        *self.ticking.borrow_mut() = since.zip(timer).map(|(since, timer)| {
            let tick = move || {
                let passed = (js_sys::Date::now() - since) / 1_000.0;
                say(&timer, &clock(passed.max(0.0) as u32));
            };
            tick();
            (since, Interval::new(250, tick))
        });
    }

    fn part(&self, name: &str) -> Option<Element> {
        part(&self.root, name)
    }

    fn field(&self) -> Option<HtmlInputElement> {
        let field = self.root.query_selector("input").ok()??;
        field.dyn_into().ok()
    }
}

/// How this installation's local numbers become international ones.
fn plan(root: &Element) -> DialPlan {
    let value = |name| root.get_attribute(name).unwrap_or_default();
    DialPlan {
        calling_code: value("data-calling-code"),
        trunk_prefix: value("data-trunk-prefix"),
    }
}

fn hear(root: &Element) -> Vec<Listener> {
    let mut heard = vec![
        Listener::new(root, "click", |event| {
            if let Some(input) = closest(&event, "button").and_then(|button| meaning(&button)) {
                driver::send(input);
            }
        }),
        Listener::new(root, "input", |event| {
            let field = event.target().and_then(|field| field.dyn_into().ok());
            if let Some(field) = field.map(|field: HtmlInputElement| field.value()) {
                driver::send(Input::Typed(field));
            }
        }),
        Listener::new(root, "change", |event| choose(&event)),
        // The focus stays where it was, so that Enter still calls.
        Listener::new(root, "mousedown", |event| {
            if closest(&event, "[data-key]").is_some() {
                event.prevent_default();
            }
        }),
    ];
    if let Some(sound) = part(root, "sound") {
        heard.push(Listener::new(&sound, "toggle", |_| {
            driver::look_for_devices()
        }));
    }
    heard
}

fn meaning(button: &Element) -> Option<Input> {
    if let Some(key) = button.get_attribute("data-key") {
        return key.chars().next().map(Input::Key);
    }
    match button.get_attribute("data-does")?.as_str() {
        "call" => Some(Input::Call),
        "answer" => Some(Input::Answer),
        "decline" => Some(Input::Decline),
        "hangup" => Some(Input::HangUp),
        "mute" => Some(Input::ToggleMute),
        "keypad" => Some(Input::ToggleKeypad),
        "take-over" => Some(Input::TakeOver),
        _ => None,
    }
}

/// A microphone or a speaker was chosen.
fn choose(event: &Event) {
    let chosen = event.target().and_then(|choice| choice.dyn_into().ok());
    let Some(id) = chosen.map(|choice: HtmlSelectElement| choice.value()) else {
        return;
    };
    if closest(event, "[data-part=microphones]").is_some() {
        driver::choose_microphone(id);
    } else if closest(event, "[data-part=speakers]").is_some() {
        driver::choose_speaker(id);
    }
}

fn fill(label: &Element, offered: &[(String, String)], chosen: Option<&str>) -> Option<()> {
    let choice = label.query_selector("select").ok()??;
    choice.set_inner_html("");
    for (place, (id, name)) in offered.iter().enumerate() {
        let option = label.owner_document()?.create_element("option").ok()?;
        attribute(&option, "value", id);
        if chosen == Some(id.as_str()) {
            attribute(&option, "selected", "");
        }
        if name.is_empty() {
            say(&option, &(place + 1).to_string());
        } else {
            say(&option, name);
        }
        choice.append_child(&option).ok()?;
    }
    Some(())
}
