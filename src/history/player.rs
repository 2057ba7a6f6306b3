//! The player of a row: the server's template, copied into the row whose Play was pressed; here its `<audio>` is driven and shown.

use crate::{
    browser::{
        Listener, closest, fetch, get, get_number,
        part::{all, attribute, filled, hide, part, say},
    },
    components::{
        duration::duration,
        waveform::{Drawing, HEIGHT, WIDTH, Waveform},
    },
};
use js_sys::{Array, Uint8Array};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event, HtmlAudioElement, HtmlElement, KeyboardEvent, PointerEvent};

/// Where players come from, and the one that is open: one at a time, so that two recordings never sound at once.
pub struct Place {
    template: Option<Element>,
    open: RefCell<Option<Player>>,
}

/// An open player; dropping it takes it off the page.
struct Player {
    play: Element,
    row: Element,
    deck: Rc<Deck>,
    _heard: Vec<Listener>,
}

/// The `<audio>` element and what shows how it stands. Times are seconds.
struct Deck {
    root: Element,
    audio: HtmlAudioElement,
    at: Cell<f64>,
    total: Cell<f64>,
    failed: Cell<bool>,
}

impl Place {
    pub fn new(list: &Element) -> Self {
        Self {
            template: list.query_selector("[data-player]").ok().flatten(),
            open: RefCell::default(),
        }
    }

    /// Opens the player of the row that this button stands in, or closes it.
    pub fn toggle(&self, play: &Element) {
        let was_open = play.get_attribute("aria-expanded").as_deref() == Some("true");
        drop(self.open.take());
        if !was_open {
            self.open.replace(self.open_in(play));
        }
    }

    fn open_in(&self, play: &Element) -> Option<Player> {
        let row = play.closest("li.call").ok()??;
        let sid = row.get_attribute("data-sid")?;
        let seconds = play.get_attribute("data-seconds")?.parse::<u32>().ok();
        let copy = row.owner_document()?.create_element("div").ok()?;
        copy.set_inner_html(&self.template.as_ref()?.inner_html());
        let root = copy.first_element_child()?;
        let deck = Rc::new(Deck::new(root, &sid, seconds.unwrap_or_default().into())?);
        row.append_child(&deck.root).ok()?;
        attribute(play, "aria-expanded", "true");
        let heard = deck.hear();
        deck.show();
        // It was opened by Play.
        deck.play();
        spawn_local(draw(deck.root.clone(), sid));
        Some(Player {
            play: play.clone(),
            row,
            deck,
            _heard: heard,
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.deck.audio.pause();
        self.deck.root.remove();
        // The row may have been drawn anew since.
        let play = self.row.query_selector("[data-testid=call-play]");
        let play = play.ok().flatten().unwrap_or(self.play.clone());
        attribute(&play, "aria-expanded", "false");
    }
}

impl Deck {
    fn new(root: Element, sid: &str, seconds: f64) -> Option<Self> {
        let url = format!("/api/calls/{sid}/recording");
        let audio = root.query_selector("audio").ok()??;
        attribute(&audio, "src", &url);
        if let Ok(Some(keep)) = root.query_selector("a.keep") {
            attribute(&keep, "href", &format!("{url}?download=1"));
        }
        Some(Self {
            audio: audio.dyn_into().ok()?,
            root,
            at: Cell::new(0.0),
            total: Cell::new(seconds),
            failed: Cell::new(false),
        })
    }

    fn hear(self: &Rc<Self>) -> Vec<Listener> {
        let on = |target: &Element, name, act: fn(&Deck, &Event)| {
            let deck = Rc::downgrade(self);
            Listener::new(target, name, move |event| {
                if let Some(deck) = deck.upgrade() {
                    act(&deck, &event);
                    deck.show();
                }
            })
        };
        let mut heard = vec![on(&self.root, "click", Deck::press)];
        for name in [
            "play",
            "pause",
            "ended",
            "timeupdate",
            "loadedmetadata",
            "durationchange",
            "error",
        ] {
            heard.push(on(&self.audio, name, Deck::learn));
        }
        if let Some(wave) = self.wave() {
            for name in ["pointerdown", "pointermove"] {
                heard.push(on(&wave, name, Deck::drag));
            }
            heard.push(on(&wave, "keydown", Deck::key));
        }
        heard
    }

    /// What the element reports of itself; the file's own length, once the browser knows it.
    fn learn(&self, event: &Event) {
        self.at.set(self.audio.current_time());
        let length = self.audio.duration();
        if length.is_finite() {
            self.total.set(length);
        }
        if event.type_() == "error" {
            self.failed.set(true);
        }
    }

    fn press(&self, event: &Event) {
        let Some(button) = closest(event, "button") else {
            return;
        };
        if let Some(rate) = button.get_attribute("data-rate") {
            self.audio.set_playback_rate(js_sys::parse_float(&rate));
        }
        match button.get_attribute("data-does").as_deref() {
            Some("toggle") => self.toggle(),
            Some("back") => self.skip(-10.0),
            Some("forward") => self.skip(10.0),
            Some("retry") => {
                self.failed.set(false);
                self.audio.load();
                self.play();
            }
            _ => {}
        }
    }

    fn drag(&self, event: &Event) {
        let (Some(event), Some(slider)) = (event.dyn_ref::<PointerEvent>(), self.wave()) else {
            return;
        };
        if event.type_() == "pointerdown" {
            let _ = slider.set_pointer_capture(event.pointer_id());
        } else if !slider.has_pointer_capture(event.pointer_id()) {
            return;
        }
        let share = f64::from(event.offset_x()) / f64::from(slider.client_width().max(1));
        self.seek(share * self.total.get());
    }

    fn key(&self, event: &Event) {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        match key.key().as_str() {
            "ArrowRight" | "ArrowUp" => self.skip(5.0),
            "ArrowLeft" | "ArrowDown" => self.skip(-5.0),
            "PageUp" => self.skip(10.0),
            "PageDown" => self.skip(-10.0),
            "Home" => self.seek(0.0),
            "End" => self.seek(self.total.get()),
            " " | "Enter" => self.toggle(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn is_playing(&self) -> bool {
        !self.audio.paused() && !self.audio.ended() && !self.failed.get()
    }

    fn toggle(&self) {
        if self.is_playing() {
            let _ = self.audio.pause();
        } else {
            self.play();
        }
    }

    /// A refusal (no gesture, no sound to be had) reaches us as the element's `pause` or `error` event; the promise adds nothing, and
    /// is heard only so that the browser does not report it as unheard.
    fn play(&self) {
        if let Ok(promise) = self.audio.play() {
            spawn_local(async move {
                let _ = JsFuture::from(promise).await;
            });
        }
    }

    fn seek(&self, to: f64) {
        let to = to.clamp(0.0, self.total.get().max(0.0));
        self.at.set(to);
        self.audio.set_current_time(to);
    }

    fn skip(&self, seconds: f64) {
        self.seek(self.at.get() + seconds);
    }

    fn wave(&self) -> Option<HtmlElement> {
        self.root.query_selector(".wave").ok()??.dyn_into().ok()
    }

    fn show(&self) {
        let playing = self.is_playing();
        for (name, hidden) in [
            ("play", playing),
            ("pause", !playing),
            ("failed", !self.failed.get()),
        ] {
            if let Some(part) = part(&self.root, name) {
                hide(&part, hidden);
            }
        }
        if let Ok(Some(toggle)) = self.root.query_selector("[data-does=toggle]") {
            let words = toggle.get_attribute(if playing { "data-pause" } else { "data-play" });
            attribute(&toggle, "aria-label", &words.unwrap_or_default());
        }
        let rate = self.audio.playback_rate();
        for button in all(&self.root, "[data-rate]") {
            let its = button.get_attribute("data-rate").unwrap_or_default();
            let chosen = js_sys::parse_float(&its) == rate;
            attribute(
                &button,
                "aria-pressed",
                if chosen { "true" } else { "false" },
            );
        }
        self.show_time();
    }

    fn show_time(&self) {
        let (at, total) = (self.at.get() as i64, (self.total.get() + 0.5) as i64);
        let (current, length) = (duration(at), duration(total));
        for (name, text) in [("at", &current), ("total", &length)] {
            if let Some(part) = part(&self.root, name) {
                say(&part, text);
            }
        }
        if let Some(wave) = self.wave() {
            let spoken = self.root.get_attribute("data-spoken").unwrap_or_default();
            let spoken = filled(&spoken, &[("{current}", &current), ("{total}", &length)]);
            attribute(&wave, "aria-valuemax", &total.to_string());
            attribute(&wave, "aria-valuenow", &at.to_string());
            attribute(&wave, "aria-valuetext", &spoken);
        }
        if let Ok(Some(played)) = self.root.query_selector(".played") {
            let share = if self.total.get() > 0.0 {
                (self.at.get() / self.total.get()).clamp(0.0, 1.0)
            } else {
                0.0
            };
            // Hundredths of a per cent, tenths of a unit.
            let percent = (share * 10_000.0) as u32;
            let width = ((share * f64::from(WIDTH) * 10.0) as u32).max(1);
            attribute(
                &played,
                "width",
                &format!("{}.{:02}%", percent / 100, percent % 100),
            );
            attribute(
                &played,
                "viewBox",
                &format!("0 0 {}.{} {HEIGHT}", width / 10, width % 10),
            );
        }
    }
}

/// Draws the recording where there was a line to seek on.
async fn draw(player: Element, sid: String) {
    let answer = fetch::get(&format!("/api/calls/{sid}/waveform")).await;
    let waveform = answer
        .ok()
        .filter(fetch::Answer::is_good)
        .and_then(|answer| {
            let json = answer.json()?;
            Some(Waveform {
                channels: Array::from(&get(&json, "channels")?)
                    .iter()
                    .map(|loudness| Uint8Array::new(&loudness).to_vec())
                    .collect(),
                agent_channel: get_number(&json, "agent_channel")? as usize,
            })
        });
    let Some(waveform) = waveform else {
        return;
    };
    let Drawing { agent, customer } = Drawing::of(&waveform);
    for (selector, path) in [("path.agent", agent), ("path.customer", customer)] {
        for drawn in all(&player, selector) {
            attribute(&drawn, "d", &path);
        }
    }
}
