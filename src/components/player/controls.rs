//! What moves the player: the waveform as a slider, the skips, the speeds, the way to keep the file.

use super::{
    Deck,
    waveform::{Drawing, HEIGHT, WIDTH},
};
use crate::{
    components::{
        icon::{Glyph, Icon},
        when::duration,
    },
    i18n::*,
};
use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, KeyboardEvent, PointerEvent},
};

/// The waveform; its time runs from left to right in both languages, as clocks on recordings do.
#[component]
pub fn Seek(locale: Locale, deck: Deck, drawing: RwSignal<Drawing>) -> impl IntoView {
    let spoken = move || {
        td_string!(
            locale,
            player.position_of,
            current = duration(deck.at.get() as i64),
            total = duration(deck.total.get().round() as i64)
        )
    };
    let drag = move |event: PointerEvent| {
        let Some(slider) = event
            .current_target()
            .and_then(|target| target.dyn_into::<Element>().ok())
        else {
            return;
        };
        match event.type_().as_str() {
            "pointerdown" => drop(slider.set_pointer_capture(event.pointer_id())),
            _ if !slider.has_pointer_capture(event.pointer_id()) => return,
            _ => {}
        }
        let share = f64::from(event.offset_x()) / f64::from(slider.client_width().max(1));
        deck.seek(share * deck.total.get_untracked());
    };
    let key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => deck.skip(5.0),
            "ArrowLeft" | "ArrowDown" => deck.skip(-5.0),
            "PageUp" => deck.skip(10.0),
            "PageDown" => deck.skip(-10.0),
            "Home" => deck.seek(0.0),
            "End" => deck.seek(deck.total.get_untracked()),
            " " | "Enter" => deck.toggle(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let played = move || format!("0 0 {:.1} {HEIGHT}", (deck.share_played() * WIDTH).max(0.1));
    let played_width = move || format!("{:.2}%", deck.share_played() * 100.0);
    view! {
        <div
            class="wave"
            role="slider"
            tabindex="0"
            dir="ltr"
            aria-label=td_string!(locale, player.position)
            aria-valuemin="0"
            aria-valuemax=move || deck.total.get().round().to_string()
            aria-valuenow=move || deck.at.get().floor().to_string()
            aria-valuetext=spoken
            on:pointerdown=drag
            on:pointermove=drag
            on:keydown=key
        >
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                <path class="agent" d=move || drawing.with(|drawing| drawing.agent.clone()) />
                <path class="customer" d=move || drawing.with(|drawing| drawing.customer.clone()) />
                <svg class="played" width=played_width viewBox=played preserveAspectRatio="none">
                    <path class="agent" d=move || drawing.with(|drawing| drawing.agent.clone()) />
                    <path class="customer" d=move || drawing.with(|drawing| drawing.customer.clone()) />
                </svg>
            </svg>
        </div>
    }
    .into_any()
}

/// Skips, speeds, whose voice is which, and the download.
#[component]
pub fn Controls(locale: Locale, deck: Deck, url: String) -> impl IntoView {
    let skip = move |seconds: f64, label: &'static str, icon: Icon| {
        view! {
            <button class="tool" aria-label=label title=label on:click=move |_| deck.skip(seconds)>
                <Glyph icon />
                <span aria-hidden="true">"10"</span>
            </button>
        }
    };
    let speed = move |rate: f64| {
        view! {
            <button class="tool" aria-pressed=move || (deck.rate.get() == rate).to_string() on:click=move |_| deck.set_rate(rate)>
                <bdi dir="ltr">{format!("{rate}×")}</bdi>
            </button>
        }
    };
    view! {
        <div class="controls">
            <span class="set" dir="ltr">
                {skip(-10.0, td_string!(locale, player.back), Icon::Back)}
                {skip(10.0, td_string!(locale, player.forward), Icon::Forward)}
            </span>
            <span class="set" role="group" dir="ltr" aria-label=td_string!(locale, player.speed)>{[1.0, 1.5, 2.0].map(speed)}</span>
            <span class="legend">
                <span class="agent">{td_string!(locale, player.agent)}</span>
                <span class="customer">{td_string!(locale, player.customer)}</span>
            </span>
            <a class="tool keep" href=format!("{url}?download=1") download="">
                <Glyph icon=Icon::Download />
                {td_string!(locale, player.download)}
            </a>
        </div>
    }
    .into_any()
}
