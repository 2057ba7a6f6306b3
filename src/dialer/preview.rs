//! The number as it will be dialled, while it is being typed: at once by the country's dial plan, then the server's word on it.

use super::{driver::country_name, words};
use crate::{
    browser::{
        fetch, get_text,
        part::{attribute, hide, part, say},
    },
    components::reason::reason_words,
    domain::{
        phone::{DialPlan, PhoneNumber},
        view::Reason,
    },
    i18n::*,
};
use gloo_timers::callback::Timeout;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;

/// The typing pauses for so long before the server is asked.
const PAUSE_MS: u32 = 150;

/// The line under the number field.
pub struct Preview {
    dialer: Element,
    locale: Locale,
    plan: DialPlan,
    typed: RefCell<String>,
    waiting: RefCell<Option<Timeout>>,
}

/// What the line says.
#[derive(Default)]
struct Line {
    number: String,
    about: String,
    problem: bool,
}

impl Preview {
    pub fn new(dialer: Element, locale: Locale, plan: DialPlan) -> Self {
        Self {
            dialer,
            locale,
            plan,
            typed: RefCell::default(),
            waiting: RefCell::default(),
        }
    }

    /// The field holds this now.
    pub fn follow(self: &Rc<Self>, typed: &str) {
        if *self.typed.borrow() == typed {
            return;
        }
        typed.clone_into(&mut self.typed.borrow_mut());
        self.show(&self.at_once(typed));
        let (preview, asked) = (self.clone(), typed.to_owned());
        let wait = || Timeout::new(PAUSE_MS, move || spawn_local(preview.ask(asked)));
        *self.waiting.borrow_mut() = (typed.trim().chars().count() >= 3).then(wait);
    }

    async fn ask(self: Rc<Self>, asked: String) {
        let answer = fetch::post_form("/app/number", &[("typed", &asked)]).await;
        let told = answer.ok().filter(fetch::Answer::is_good);
        // What was typed since has a question of its own.
        if let Some(told) = told
            .and_then(|answer| answer.json())
            .filter(|_| *self.typed.borrow() == asked)
        {
            self.show(&self.as_told(&told));
        }
    }

    fn at_once(&self, typed: &str) -> Line {
        match PhoneNumber::parse(typed, &self.plan) {
            Ok(number) => Line {
                number: number.to_string(),
                ..Line::default()
            },
            // Still being typed: nothing is wrong yet.
            Err(_) if typed.chars().count() < 3 => Line::default(),
            Err(problem) => Line {
                about: words::number(self.locale, problem).to_owned(),
                ..Line::default()
            },
        }
    }

    /// `api::number::Preview`
    fn as_told(&self, told: &JsValue) -> Line {
        let number = get_text(told, "display").or_else(|| get_text(told, "e164"));
        let reason = get_text(told, "reason").and_then(|reason| Reason::named(&reason));
        Line {
            number: number.unwrap_or_default(),
            about: match reason {
                Some(reason) => reason_words(self.locale, reason).to_owned(),
                None => self.about(told),
            },
            problem: reason.is_some(),
        }
    }

    /// The country's name, and what kind of number it is.
    fn about(&self, told: &JsValue) -> String {
        let country = get_text(told, "region").map(|region| country_name(self.locale, &region));
        let kind = get_text(told, "kind").and_then(|kind| words::kind(self.locale, &kind));
        match (country.filter(|name| !name.is_empty()), kind) {
            (Some(country), Some(kind)) => match self.locale {
                Locale::ar => format!("{country}، {kind}"),
                Locale::en => format!("{country}, {kind}"),
            },
            (country, kind) => country.unwrap_or(kind.unwrap_or_default().to_owned()),
        }
    }

    fn show(&self, line: &Line) {
        let (number, about) = (&line.number, &line.about);
        for (name, text) in [("preview-number", number), ("preview-about", about)] {
            if let Some(part) = part(&self.dialer, name) {
                say(&part, text);
            }
        }
        if let Some(dot) = part(&self.dialer, "preview-dot") {
            hide(&dot, number.is_empty() || about.is_empty());
        }
        if let Ok(Some(whole)) = self.dialer.query_selector(".dialer-preview") {
            let problem = if line.problem { " problem" } else { "" };
            attribute(&whole, "class", &format!("dialer-preview{problem}"));
        }
    }
}
