//! The player of a row: the server's template, copied into the row whose Play was pressed, and drawn when its picture has come.

use super::deck::Deck;
use crate::{
    browser::{
        Listener, fetch, get, get_number,
        part::{all, attribute},
    },
    components::waveform::{Drawing, Waveform},
};
use js_sys::{Array, Uint8Array};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;

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
        row.append_child(deck.root()).ok()?;
        attribute(play, "aria-expanded", "true");
        let heard = deck.hear();
        deck.show();
        // It was opened by Play.
        deck.play();
        spawn_local(draw(deck.root().clone(), sid));
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
        self.deck.put_away();
        // The row may have been drawn anew since.
        let play = self.row.query_selector("[data-testid=call-play]");
        let play = play.ok().flatten().unwrap_or(self.play.clone());
        attribute(&play, "aria-expanded", "false");
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
