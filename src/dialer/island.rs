//! The dialer: drawn by the server with the phone still asleep, woken by the wasm.

use super::{
    Setup, driver, icons,
    machine::{Face, Input, Line, Link, State},
    preview::NumberPreview,
    shown::{Devices, Shown},
    talk::{Talk, Tools},
    words,
};
use crate::{domain::phone::DialPlan, i18n::*};
use leptos::prelude::*;
use leptos_i18n::td_string;

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

/// The phone. `to` fills the number field.
#[island]
pub fn Dialer(
    locale: Locale,
    setup: Setup,
    dial_plan: DialPlan,
    to: Option<String>,
    may_set_up: bool,
) -> impl IntoView {
    // What was typed before the wasm came is kept.
    let typed = driver::typed_so_far().or(to).unwrap_or_default();
    let shown = Shown {
        state: RwSignal::new(State::new(dial_plan.clone(), typed.clone())),
        level: RwSignal::new(0),
        devices: RwSignal::new(Devices::default()),
    };
    let state = shown.state;
    let (plan, text) = (dial_plan.clone(), typed.clone());
    Effect::new(move |_| driver::start(setup.clone(), locale, plan.clone(), text.clone(), shown));
    on_cleanup(driver::stop);

    let face = Memo::new(move |_| state.with(State::face));
    let in_call = move || face.get().is_call();
    let may_call = Memo::new(move |_| state.with(State::may_call));
    let keypad = Memo::new(move |_| state.with(|state| state.keypad));
    view! {
        <section class="dialer card" data-testid="dialer" data-state=move || face.get().as_str() aria-label=td_string!(locale, dialer.label)>
            <Talk locale shown face />
            <div class="number" hidden=in_call>
                <input
                    data-testid="dialer-number"
                    type="tel"
                    inputmode="tel"
                    dir="ltr"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="40"
                    value=typed
                    placeholder=td_string!(locale, dialer.placeholder)
                    aria-label=td_string!(locale, dialer.number)
                    aria-describedby="dialer-preview"
                    prop:value=move || state.with(|state| state.typed.clone())
                    on:input=move |event| driver::send(Input::Typed(event_target_value(&event)))
                />
                <NumberPreview locale plan=dial_plan state />
            </div>
            <Tools locale shown face />
            <Keys locale face keypad />
            <div class="actions">
                <button
                    type="button"
                    class="big call"
                    data-testid="dialer-call"
                    hidden=in_call
                    disabled=move || !may_call.get()
                    on:click=move |_| driver::send(Input::Call)
                >
                    {icons::handset()}
                    <span>{td_string!(locale, dialer.call)}</span>
                </button>
                <button
                    type="button"
                    class="big call"
                    data-testid="dialer-answer"
                    hidden=move || face.get() != Face::Incoming
                    on:click=move |_| driver::send(Input::Answer)
                >
                    {icons::handset()}
                    <span>{td_string!(locale, dialer.answer)}</span>
                </button>
                <button
                    type="button"
                    class="big hang"
                    data-testid="dialer-decline"
                    hidden=move || face.get() != Face::Incoming
                    on:click=move |_| driver::send(Input::Decline)
                >
                    {icons::handset()}
                    <span>{td_string!(locale, dialer.decline)}</span>
                </button>
                <button
                    type="button"
                    class="big hang"
                    data-testid="dialer-hangup"
                    hidden=move || !in_call() || face.get() == Face::Incoming
                    on:click=move |_| driver::send(Input::HangUp)
                >
                    {icons::handset()}
                    <span>{td_string!(locale, dialer.hang_up)}</span>
                </button>
            </div>
            <Said locale state may_set_up />
        </section>
    }
}

#[component]
fn Keys(locale: Locale, face: Memo<Face>, keypad: Memo<bool>) -> impl IntoView {
    let key = |(key, name, letters): (char, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                data-testid=format!("dialer-key-{name}")
                // The focus stays where it was, so that Enter still calls.
                on:mousedown=|event| event.prevent_default()
                on:click=move |_| driver::send(Input::Key(key))
            >
                <span>{key}</span>
                <small aria-hidden="true">{letters}</small>
            </button>
        }
    };
    view! {
        <div
            id="dialer-keys"
            class="keys"
            dir="ltr"
            role="group"
            aria-label=td_string!(locale, dialer.keypad)
            hidden=move || face.get().is_call() && !keypad.get()
        >
            {KEYS.into_iter().map(key).collect_view()}
        </div>
    }
}

/// The last outcome or error, where it leads, and the way to take the phone over. Screen readers hear the message here and the state in the header.
#[component]
fn Said(locale: Locale, state: RwSignal<State>, may_set_up: bool) -> impl IntoView {
    let message = Memo::new(move |_| state.with(|state| state.message.clone()));
    let text = move || {
        message.with(|m| {
            m.as_ref()
                .map(|m| words::message(locale, m))
                .unwrap_or_default()
        })
    };
    let link = Memo::new(move |_| message.with(|m| m.as_ref().and_then(|m| m.link())));
    let elsewhere = Memo::new(move |_| state.with(|state| state.line == Line::Elsewhere));
    let good = move || message.with(|m| m.as_ref().is_some_and(|m| m.is_good()));
    view! {
        <div class="note" class:good=good class:empty=move || message.with(Option::is_none)>
            <p data-testid="dialer-message" role="status" aria-live="polite">{text}</p>
            <a href="/setup" hidden=move || !(may_set_up && link.get() == Some(Link::Setup))>{td_string!(locale, dialer.open_setup)}</a>
            <a href="/login?next=/mobile-call" hidden=move || link.get() != Some(Link::Login)>{td_string!(locale, dialer.sign_in)}</a>
            <button
                type="button"
                class="take-over"
                data-testid="dialer-take-over"
                hidden=move || !elsewhere.get()
                on:click=move |_| driver::send(Input::TakeOver)
            >
                {td_string!(locale, dialer.take_over)}
            </button>
        </div>
    }
}
