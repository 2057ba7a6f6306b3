//! The dialer as the server draws it, with the phone still asleep. What can be pressed says so in `data-does`, what changes has a
//! name in `data-part`: `page` finds both in the browser.

use super::{
    Setup, icons,
    machine::Face,
    talk_markup::{Talk, Tools},
};
use crate::{domain::phone::DialPlan, i18n::*, islands::Phone};
use leptos::prelude::*;

/// The keypad: the key, its name in `data-testid`, its letters.
const KEYS: [(char, &str, &str); 12] = [
    ('1', "1", ""),
    ('2', "2", "ABC"),
    ('3', "3", "DEF"),
    ('4', "4", "GHI"),
    ('5', "5", "JKL"),
    ('6', "6", "MNO"),
    ('7', "7", "PQRS"),
    ('8', "8", "TUV"),
    ('9', "9", "WXYZ"),
    ('*', "star", ""),
    ('0', "0", "+"),
    ('#', "hash", ""),
];

/// The phone. `to` fills the number field. What the browser must know of this installation goes along as attributes of its own.
#[component]
pub fn Dialer(
    locale: Locale,
    setup: Setup,
    dial_plan: DialPlan,
    to: Option<String>,
    may_set_up: bool,
) -> impl IntoView {
    view! {
        <section
            class="dialer card"
            data-testid="dialer"
            data-state=Face::Offline.as_str()
            aria-label=td_string!(locale, dialer.label)
            data-user=setup.user_id
            data-attempts=setup.attempts
            data-signaling=setup.signaling
            data-edge=setup.edge
            data-debug=setup.debug.then_some("")
            data-leave=setup.leave_question
            data-calling-code=dial_plan.calling_code
            data-trunk-prefix=dial_plan.trunk_prefix
            data-may-set-up=may_set_up.then_some("")
        >
            <Talk locale />
            <div class="number" data-part="number">
                <input
                    data-testid="dialer-number"
                    type="tel"
                    inputmode="tel"
                    dir="ltr"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="40"
                    value=to
                    placeholder=td_string!(locale, dialer.placeholder)
                    aria-label=td_string!(locale, dialer.number)
                    aria-describedby="dialer-preview"
                />
                <small id="dialer-preview" class="dialer-preview">
                    <bdi dir="ltr" data-part="preview-number"></bdi>
                    <span class="dot" aria-hidden="true" data-part="preview-dot" hidden>" · "</span>
                    <span data-part="preview-about"></span>
                </small>
            </div>
            <Tools locale />
            <Keys locale />
            <div class="actions">
                <Big does="call" kind="big call" words=td_string!(locale, dialer.call) shown=true />
                <Big does="answer" kind="big call" words=td_string!(locale, dialer.answer) shown=false />
                <Big does="decline" kind="big hang" words=td_string!(locale, dialer.decline) shown=false />
                <Big does="hangup" kind="big hang" words=td_string!(locale, dialer.hang_up) shown=false />
            </div>
            <Said locale />
        </section>
        <Phone />
    }
    .into_any()
}

/// One of the big things to press; pressing does nothing before the phone is awake.
#[component]
fn Big(does: &'static str, kind: &'static str, words: &'static str, shown: bool) -> impl IntoView {
    view! {
        <button
            type="button"
            class=kind
            data-testid=format!("dialer-{does}")
            data-does=does
            data-part=does
            hidden=!shown
            disabled=shown
        >
            {icons::handset()}
            <span>{words}</span>
        </button>
    }
}

#[component]
fn Keys(locale: Locale) -> impl IntoView {
    let key = |(key, name, letters): (char, &'static str, &'static str)| {
        view! {
            <button type="button" data-testid=format!("dialer-key-{name}") data-key=key.to_string()>
                <span>{key}</span>
                <small aria-hidden="true">{letters}</small>
            </button>
        }
    };
    view! {
        <div id="dialer-keys" class="keys" dir="ltr" role="group" data-part="keys" aria-label=td_string!(locale, dialer.keypad)>
            {KEYS.into_iter().map(key).collect_view()}
        </div>
    }
}

/// The last outcome or error, where it leads, and the way to take the phone over. Screen readers hear the message here and the state in the header.
#[component]
fn Said(locale: Locale) -> impl IntoView {
    view! {
        <div class="note empty" data-part="note">
            <p data-testid="dialer-message" data-part="message" role="status" aria-live="polite"></p>
            <a href="/setup" data-part="open-setup" hidden>{td_string!(locale, dialer.open_setup)}</a>
            <a href="/login?next=/mobile-call" data-part="sign-in" hidden>{td_string!(locale, dialer.sign_in)}</a>
            <button type="button" class="take-over" data-testid="dialer-take-over" data-does="take-over" data-part="take-over" hidden>
                {td_string!(locale, dialer.take_over)}
            </button>
        </div>
    }
}
