//! The player in a row: both voices drawn apart, seek by drag and by keys, three speeds.

mod controls;
mod waveform;

use super::{
    browser,
    icon::{Glyph, Icon},
    when::duration,
};
use crate::{domain::sid::CallSid, i18n::*};
use controls::{Controls, Seek};
use leptos::{html, prelude::*, task::spawn_local};
use waveform::{Drawing, Waveform};

/// Where a call's audio is.
pub fn recording_url(sid: &CallSid) -> String {
    format!("/api/calls/{sid}/recording")
}

/// The `<audio>` element and what is known of it. Times are seconds.
#[derive(Clone, Copy)]
pub struct Deck {
    audio: NodeRef<html::Audio>,
    playing: RwSignal<bool>,
    at: RwSignal<f64>,
    total: RwSignal<f64>,
    rate: RwSignal<f64>,
    failed: RwSignal<bool>,
}

impl Deck {
    fn new(seconds: i64) -> Self {
        Self {
            audio: NodeRef::new(),
            playing: RwSignal::new(false),
            at: RwSignal::new(0.0),
            total: RwSignal::new(seconds as f64),
            rate: RwSignal::new(1.0),
            failed: RwSignal::new(false),
        }
    }

    /// A refusal (no gesture, no sound to be had) reaches us as the element's `pause` or `error` event; the promise adds nothing, and
    /// is heard only so that the browser does not report it as unheard.
    fn play(self) {
        #[cfg(feature = "hydrate")]
        if let Some(Ok(promise)) = self.audio.get_untracked().map(|audio| audio.play()) {
            spawn_local(async move {
                let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
            });
        }
    }

    pub fn toggle(self) {
        match (self.playing.get_untracked(), self.audio.get_untracked()) {
            (true, Some(audio)) => drop(audio.pause()),
            _ => self.play(),
        }
    }

    pub fn seek(self, to: f64) {
        let to = to.clamp(0.0, self.total.get_untracked().max(0.0));
        self.at.set(to);
        if let Some(audio) = self.audio.get_untracked() {
            audio.set_current_time(to);
        }
    }

    pub fn skip(self, seconds: f64) {
        self.seek(self.at.get_untracked() + seconds);
    }

    pub fn set_rate(self, rate: f64) {
        self.rate.set(rate);
        if let Some(audio) = self.audio.get_untracked() {
            audio.set_playback_rate(rate);
        }
    }

    fn retry(self) {
        self.failed.set(false);
        if let Some(audio) = self.audio.get_untracked() {
            audio.load();
        }
        self.play();
    }

    /// The file's own length, once the browser knows it.
    fn learn_length(self) {
        if let Some(length) = self
            .audio
            .get_untracked()
            .map(|audio| audio.duration())
            .filter(|length| length.is_finite())
        {
            self.total.set(length);
        }
    }

    fn share_played(self) -> f64 {
        let total = self.total.get();
        if total > 0.0 {
            (self.at.get() / total).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Plays at once: it was opened by Play.
#[component]
pub fn Player(locale: Locale, sid: CallSid, seconds: i64) -> impl IntoView {
    let deck = Deck::new(seconds);
    let url = recording_url(&sid);
    let drawing = RwSignal::new(Drawing::flat());
    let waveform = format!("/api/calls/{sid}/waveform");
    Effect::new(move |_| {
        deck.play();
        let waveform = waveform.clone();
        spawn_local(async move {
            if let Ok(waveform) = browser::get::<Waveform>(&waveform).await {
                drawing.try_set(Drawing::of(&waveform));
            }
        });
    });
    let clock = move || duration(deck.at.get() as i64);
    let length = move || duration(deck.total.get().round() as i64);
    view! {
        <div class="player" role="group" aria-label=td_string!(locale, player.label)>
            <audio
                node_ref=deck.audio
                data-testid="recording-audio"
                preload="none"
                src=url.clone()
                on:play=move |_| deck.playing.set(true)
                on:pause=move |_| deck.playing.set(false)
                on:ended=move |_| deck.playing.set(false)
                on:timeupdate=move |_| deck.at.set(deck.audio.get_untracked().map_or(0.0, |audio| audio.current_time()))
                on:loadedmetadata=move |_| deck.learn_length()
                on:durationchange=move |_| deck.learn_length()
                on:error=move |_| {
                    deck.playing.set(false);
                    deck.failed.set(true);
                }
            ></audio>
            <button class="round go" aria-label=move || play_word(locale, deck.playing.get()) on:click=move |_| deck.toggle()>
                {move || view! { <Glyph icon=if deck.playing.get() { Icon::Pause } else { Icon::Play } /> }}
            </button>
            <Seek locale deck drawing />
            <span class="clock" aria-hidden="true">
                <bdi dir="ltr">{clock}</bdi>
                <bdi dir="ltr">{length}</bdi>
            </span>
            <Controls locale deck url />
            <Show when=move || deck.failed.get()>
                <p class="note" role="alert">
                    <span>{td_string!(locale, player.error)}" "{td_string!(locale, player.error_hint)}</span>
                    <button class="pill" on:click=move |_| deck.retry()>{td_string!(locale, player.retry)}</button>
                </p>
            </Show>
        </div>
    }
    .into_any()
}

fn play_word(locale: Locale, playing: bool) -> &'static str {
    match playing {
        true => td_string!(locale, player.pause),
        false => td_string!(locale, player.play),
    }
}
