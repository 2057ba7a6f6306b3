//! The number as it will be dialled, while it is being typed: at once by the country's dial plan, then the server's word on it.

use super::{driver, machine::State, words};
use crate::{
    api::number::{Kind, Preview, describe},
    domain::phone::{DialPlan, PhoneNumber},
    i18n::*,
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_i18n::td_string;
use std::time::Duration;

/// The typing pauses for so long before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// The line under the number field.
#[component]
pub fn NumberPreview(locale: Locale, plan: DialPlan, state: RwSignal<State>) -> impl IntoView {
    let typed = Memo::new(move |_| state.with(|state| state.typed.clone()));
    // The server's answer, and to what.
    let told = RwSignal::new(None::<(String, Preview)>);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        let asked = typed.get();
        if let Some(handle) = waiting.get_value() {
            handle.clear();
        }
        if asked.trim().len() < 3 {
            return;
        }
        let ask = move || {
            spawn_local(async move {
                if let Ok(preview) = describe(asked.clone()).await {
                    told.try_set(Some((asked, preview)));
                }
            });
        };
        waiting.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    });
    let local = move |text: &str| match PhoneNumber::parse(text, &plan) {
        Ok(number) => (number.to_string(), String::new(), false),
        // Still being typed: nothing is wrong yet.
        Err(_) if text.chars().count() < 3 => Default::default(),
        Err(problem) => (
            String::new(),
            words::number(locale, problem).to_owned(),
            false,
        ),
    };
    let line = Memo::new(move |_| {
        let text = typed.get();
        told.with(|told| match told {
            Some((asked, preview)) if *asked == text => {
                let number = preview
                    .display
                    .clone()
                    .or(preview.e164.clone())
                    .unwrap_or_default();
                let about = match preview.reason {
                    Some(reason) => words::refused(locale, reason).to_owned(),
                    None => about(locale, preview),
                };
                (number, about, preview.reason.is_some())
            }
            _ => local(&text),
        })
    });
    view! {
        <small id="dialer-preview" class="dialer-preview" class:problem=move || line.with(|line| line.2)>
            <bdi dir="ltr">{move || line.with(|line| line.0.clone())}</bdi>
            <span class="dot" aria-hidden="true" hidden=move || line.with(|line| line.0.is_empty() || line.1.is_empty())>" · "</span>
            <span>{move || line.with(|line| line.1.clone())}</span>
        </small>
    }
}

/// The country's name, and what kind of number it is.
fn about(locale: Locale, preview: &Preview) -> String {
    let country = preview
        .region
        .as_deref()
        .map(|region| driver::country_name(locale, region))
        .unwrap_or_default();
    let kind = preview.kind.map(|kind| match kind {
        Kind::Mobile => td_string!(locale, dialer.kind.mobile),
        Kind::Fixed => td_string!(locale, dialer.kind.fixed),
        Kind::TollFree => td_string!(locale, dialer.kind.toll_free),
    });
    let comma = match locale {
        Locale::ar => "، ",
        Locale::en => ", ",
    };
    [Some(country.as_str()), kind]
        .into_iter()
        .flatten()
        .filter(|words| !words.is_empty())
        .collect::<Vec<_>>()
        .join(comma)
}
