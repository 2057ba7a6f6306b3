//! The player in a row, as a template that the browser copies into the row whose Play was pressed (`crate::history::player`): both
//! voices drawn apart, seek by drag and by keys, three speeds.

use super::{
    icon::{Glyph, Icon},
    waveform::{Drawing, HEIGHT, WIDTH},
};
use crate::{domain::sid::CallSid, i18n::*};
use leptos::prelude::*;

/// Where a call's audio is.
pub fn recording_url(sid: &CallSid) -> String {
    format!("/api/calls/{sid}/recording")
}

#[component]
pub fn PlayerTemplate(locale: Locale) -> impl IntoView {
    // What is read out while it plays, with the places of its figures.
    let spoken = td_string!(
        locale,
        player.position_of,
        current = "{current}",
        total = "{total}"
    );
    view! {
        <template data-player>
            <div class="player" role="group" aria-label=td_string!(locale, player.label) data-spoken=spoken>
                <audio data-testid="recording-audio" preload="none"></audio>
                <button
                    class="round go"
                    type="button"
                    data-does="toggle"
                    aria-label=td_string!(locale, player.play)
                    data-play=td_string!(locale, player.play)
                    data-pause=td_string!(locale, player.pause)
                >
                    <span data-part="play"><Glyph icon=Icon::Play /></span>
                    <span data-part="pause" hidden><Glyph icon=Icon::Pause /></span>
                </button>
                <Wave locale />
                <span class="clock" aria-hidden="true">
                    <bdi dir="ltr" data-part="at"></bdi>
                    <bdi dir="ltr" data-part="total"></bdi>
                </span>
                <Controls locale />
                <p class="note" role="alert" data-part="failed" hidden>
                    <span>{td_string!(locale, player.error)}" "{td_string!(locale, player.error_hint)}</span>
                    <button class="pill" type="button" data-does="retry">{td_string!(locale, player.retry)}</button>
                </p>
            </div>
        </template>
    }
    .into_any()
}

/// The waveform as a slider; its time runs from left to right in both languages, as clocks on recordings do.
#[component]
fn Wave(locale: Locale) -> impl IntoView {
    let Drawing { agent, customer } = Drawing::flat();
    let box_of = |width: u32| format!("0 0 {width} {HEIGHT}");
    view! {
        <div class="wave" role="slider" tabindex="0" dir="ltr" aria-label=td_string!(locale, player.position) aria-valuemin="0" aria-valuenow="0">
            <svg viewBox=box_of(WIDTH) preserveAspectRatio="none" aria-hidden="true">
                <path class="agent" d=agent.clone() />
                <path class="customer" d=customer.clone() />
                <svg class="played" width="0%" viewBox=box_of(0) preserveAspectRatio="none">
                    <path class="agent" d=agent />
                    <path class="customer" d=customer />
                </svg>
            </svg>
        </div>
    }
}

/// Skips, speeds, whose voice is which, and the download.
#[component]
fn Controls(locale: Locale) -> impl IntoView {
    let skip = |does: &'static str, label: &'static str, icon: Icon| {
        view! {
            <button class="tool" type="button" aria-label=label title=label data-does=does>
                <Glyph icon />
                <span aria-hidden="true">"10"</span>
            </button>
        }
    };
    let speed = |rate: &'static str| {
        view! {
            <button class="tool" type="button" aria-pressed=(rate == "1").to_string() data-rate=rate>
                <bdi dir="ltr">{rate}"×"</bdi>
            </button>
        }
    };
    view! {
        <div class="controls">
            <span class="set" dir="ltr">
                {skip("back", td_string!(locale, player.back), Icon::Back)}
                {skip("forward", td_string!(locale, player.forward), Icon::Forward)}
            </span>
            <span class="set" role="group" dir="ltr" aria-label=td_string!(locale, player.speed)>{["1", "1.5", "2"].map(speed)}</span>
            <span class="legend">
                <span class="agent">{td_string!(locale, player.agent)}</span>
                <span class="customer">{td_string!(locale, player.customer)}</span>
            </span>
            <a class="tool keep" download="">
                <Glyph icon=Icon::Download />
                {td_string!(locale, player.download)}
            </a>
        </div>
    }
}
