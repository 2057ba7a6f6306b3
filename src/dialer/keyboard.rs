//! Physical keys, wherever the focus is: digits go to the number or down the line, Enter calls, Escape hangs up, pasting works.

use super::machine::Input;
use crate::{browser::Listener, domain::phone::latin_digit};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Element, Event, KeyboardEvent};

/// Listens until the listeners are dropped. `in_call` says whether Escape means hanging up.
pub fn listen(send: Rc<dyn Fn(Input)>, in_call: impl Fn() -> bool + 'static) -> Vec<Listener> {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return Vec::new();
    };
    let to = send.clone();
    let keys = Listener::new(&document, "keydown", move |event| {
        if let Some(input) = meaning(&event, in_call()) {
            event.prevent_default();
            to(input);
        }
    });
    let paste = Listener::new(&document, "paste", move |event| {
        let Some(paste) = event
            .dyn_ref::<ClipboardEvent>()
            .filter(|_| !writes(&event))
        else {
            return;
        };
        let text = paste
            .clipboard_data()
            .and_then(|data| data.get_data("text").ok())
            .unwrap_or_default();
        if text.chars().any(|c| latin_digit(c).is_some()) {
            event.prevent_default();
            send(Input::Typed(text.trim().to_owned()));
        }
    });
    vec![keys, paste]
}

fn meaning(event: &Event, in_call: bool) -> Option<Input> {
    let key = event.dyn_ref::<KeyboardEvent>()?;
    if event.default_prevented()
        || key.ctrl_key()
        || key.meta_key()
        || key.alt_key()
        || key.is_composing()
    {
        return None;
    }
    let name = key.key();
    let writing = writes(event);
    match name.as_str() {
        "Escape" if in_call && !inside(event, "dialog[open]") => {
            (!key.repeat()).then_some(Input::HangUp)
        }
        "Enter"
            if !key.repeat()
                && (inside(event, "[data-testid=dialer-number]") || !(writing || acts(event))) =>
        {
            Some(if in_call { Input::Answer } else { Input::Call })
        }
        "Backspace" if !writing && !in_call => Some(Input::Backspace),
        _ if writing => None,
        _ => {
            let mut letters = name.chars();
            let letter = letters.next().filter(|_| letters.next().is_none())?;
            let dialled = latin_digit(letter).is_some() || matches!(letter, '*' | '#' | '+');
            dialled.then_some(Input::Key(letter))
        }
    }
}

/// The focus is where text is written.
fn writes(event: &Event) -> bool {
    inside(
        event,
        "input:not([type=range],[type=checkbox],[type=radio]),textarea,select,[contenteditable]",
    )
}

/// The focus is on something that Enter works by itself.
fn acts(event: &Event) -> bool {
    inside(event, "a,button,summary,[role=button],[role=slider],input")
}

fn inside(event: &Event, selector: &str) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target
        .and_then(|element| element.closest(selector).ok().flatten())
        .is_some()
}
