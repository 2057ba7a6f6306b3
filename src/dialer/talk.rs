//! What shows in a call: who, the state in a word, the time, the microphone, and what can be done.

use super::{
    driver, icons,
    machine::{Call, Face, Input, State},
    shown::{Devices, Shown},
    words,
};
use crate::{components::phone_number::grouped, i18n::*};
use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*};
use leptos_i18n::td_string;
use std::time::Duration;

/// Who, the state, the time since the answer.
#[component]
pub fn Talk(locale: Locale, shown: Shown, face: Memo<Face>) -> impl IntoView {
    let state = shown.state;
    let number = Memo::new(move |_| with_call(state, |call| call.number.clone()));
    let level = move || {
        if with_call(state, |call| call.muted) {
            0
        } else {
            shown.level.get()
        }
    };
    let trouble = Memo::new(move |_| {
        if with_call(state, |call| call.weak) {
            td_string!(locale, dialer.weak_connection)
        } else if with_call(state, |call| call.silent_microphone && !call.muted) {
            td_string!(locale, dialer.silent_microphone)
        } else {
            ""
        }
    });
    view! {
        <div class="talk" hidden=move || !face.get().is_call()>
            <p class="talk-state" class:ringing=move || matches!(face.get(), Face::Ringing | Face::Incoming)>
                {move || words::state(locale, face.get())}
            </p>
            <p class="talk-who"><bdi dir="ltr">{move || grouped(&number.get())}</bdi></p>
            <Clock state />
            <div class="level" aria-hidden="true" hidden=move || face.get() != Face::InCall>
                {(1..=6u8).map(|bar| view! { <i class:on=move || { level() >= bar }></i> }).collect_view()}
            </div>
            <p class="talk-trouble" role="status">{trouble}</p>
        </div>
    }
}

/// Minutes and seconds since the customer answered.
#[component]
fn Clock(state: RwSignal<State>) -> impl IntoView {
    let answered_at = Memo::new(move |_| {
        state.with(|state| state.call.as_ref().and_then(|call| call.answered_at))
    });
    let passed = RwSignal::new(0u32);
    let ticking = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(handle) = ticking.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    Effect::new(move |_| {
        stop();
        passed.set(0);
        if let Some(since) = answered_at.get() {
            let tick = move || passed.set(driver::seconds_since(since));
            ticking.set_value(set_interval_with_handle(tick, Duration::from_millis(250)).ok());
        }
    });
    on_cleanup(stop);
    view! {
        <time class="talk-clock" data-testid="dialer-timer" dir="ltr" hidden=move || answered_at.get().is_none()>
            {move || clock(passed.get())}
        </time>
    }
}

/// `02:31`, `1:02:31`
fn clock(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// Mute, keypad, and which microphone and speaker.
#[component]
pub fn Tools(locale: Locale, shown: Shown, face: Memo<Face>) -> impl IntoView {
    let state = shown.state;
    let muted = Memo::new(move |_| with_call(state, |call| call.muted));
    let keypad = Memo::new(move |_| state.with(|state| state.keypad));
    view! {
        <div class="tools" hidden=move || !face.get().is_call() || face.get() == Face::Incoming>
            <button
                type="button"
                data-testid="dialer-mute"
                aria-pressed=move || muted.get().to_string()
                on:click=move |_| driver::send(Input::ToggleMute)
            >
                <span hidden=muted>{icons::microphone()}</span>
                <span hidden=move || !muted.get()>{icons::microphone_off()}</span>
                <span>{move || if muted.get() { td_string!(locale, dialer.unmute) } else { td_string!(locale, dialer.mute) }}</span>
            </button>
            <button
                type="button"
                data-testid="dialer-keypad"
                aria-expanded=move || keypad.get().to_string()
                aria-controls="dialer-keys"
                on:click=move |_| driver::send(Input::ToggleKeypad)
            >
                {icons::keys()}
                <span>{td_string!(locale, dialer.keypad)}</span>
            </button>
            <details class="sound" on:toggle=move |_| driver::look_for_devices()>
                <summary>
                    {icons::speaker()}
                    <span>{td_string!(locale, dialer.sound)}</span>
                </summary>
                <div class="sound-choices">
                    <Choice label=td_string!(locale, dialer.microphone) devices=shown.devices pick=|d| &d.microphones chosen=|d| &d.microphone choose=driver::choose_microphone />
                    <Choice label=td_string!(locale, dialer.speaker) devices=shown.devices pick=|d| &d.speakers chosen=|d| &d.speaker choose=driver::choose_speaker />
                </div>
            </details>
        </div>
        <p class="tones" dir="ltr" data-testid="dialer-tones" hidden=move || !keypad.get()>
            {move || with_call(state, |call| call.tones.clone())}
        </p>
    }
}

#[component]
fn Choice(
    label: &'static str,
    devices: RwSignal<Devices>,
    pick: fn(&Devices) -> &Vec<(String, String)>,
    chosen: fn(&Devices) -> &Option<String>,
    choose: fn(String),
) -> impl IntoView {
    let options = move || {
        let chosen = devices.with(|devices| chosen(devices).clone());
        let named = move |(place, (id, label)): (usize, (String, String))| {
            let label = if label.is_empty() {
                (place + 1).to_string()
            } else {
                label
            };
            let selected = chosen.as_deref() == Some(id.as_str());
            view! { <option value=id prop:selected=selected>{label}</option> }
        };
        devices
            .with(|devices| pick(devices).clone())
            .into_iter()
            .enumerate()
            .map(named)
            .collect_view()
    };
    view! {
        <label hidden=move || devices.with(|devices| pick(devices).is_empty())>
            {label}
            <select on:change=move |event| choose(event_target_value(&event))>{options}</select>
        </label>
    }
}

fn with_call<T: Default>(state: RwSignal<State>, f: impl FnOnce(&Call) -> T) -> T {
    state.with(|state| state.call.as_ref().map(f).unwrap_or_default())
}
