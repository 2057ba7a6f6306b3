//! What shows in a call: who, the state in a word, the time, the microphone, and what can be done.

use super::{icons, machine::Face, words};
use crate::i18n::*;
use leptos::prelude::*;

/// Who, the state, the time since the answer.
#[component]
pub fn Talk(locale: Locale) -> impl IntoView {
    view! {
        <div class="talk" data-part="talk" hidden>
            <p class="talk-state" data-part="state">{words::state(locale, Face::Offline)}</p>
            <p class="talk-who"><bdi dir="ltr" data-part="who"></bdi></p>
            <time class="talk-clock" data-testid="dialer-timer" dir="ltr" data-part="timer" hidden></time>
            <div class="level" aria-hidden="true" data-part="level" hidden>{[(); 6].map(|()| view! { <i></i> }).collect_view()}</div>
            <p class="talk-trouble" role="status" data-part="trouble"></p>
        </div>
    }
}

/// Mute, keypad, and which microphone and speaker.
#[component]
pub fn Tools(locale: Locale) -> impl IntoView {
    view! {
        <div class="tools" data-part="tools" hidden>
            <button type="button" data-testid="dialer-mute" data-does="mute" data-part="mute" aria-pressed="false">
                <span data-part="sounding">{icons::microphone()}</span>
                <span data-part="silenced" hidden>{icons::microphone_off()}</span>
                <span data-part="to-mute">{td_string!(locale, dialer.mute)}</span>
                <span data-part="to-unmute" hidden>{td_string!(locale, dialer.unmute)}</span>
            </button>
            <button
                type="button"
                data-testid="dialer-keypad"
                data-does="keypad"
                data-part="keypad"
                aria-expanded="false"
                aria-controls="dialer-keys"
            >
                {icons::keys()}
                <span>{td_string!(locale, dialer.keypad)}</span>
            </button>
            <details class="sound" data-part="sound">
                <summary>
                    {icons::speaker()}
                    <span>{td_string!(locale, dialer.sound)}</span>
                </summary>
                <div class="sound-choices">
                    <label data-part="microphones" hidden>{td_string!(locale, dialer.microphone)}<select></select></label>
                    <label data-part="speakers" hidden>{td_string!(locale, dialer.speaker)}<select></select></label>
                </div>
            </details>
        </div>
        <p class="tones" dir="ltr" data-testid="dialer-tones" data-part="tones" hidden></p>
    }
}
