//! The stream of changes. HTTP/1.1 gives a browser six connections to a host, so all its tabs share one EventSource: a Web Locks leader
//! holds it and passes on what comes over a BroadcastChannel. Hidden pages without a call give it up.

mod hub;
mod source;

pub use hub::{Hold, Subscription, hold, renew, resume_from, subscribe};

use crate::{
    browser::{get, get_number, get_text, set},
    domain::view::FetchProgress,
};
use wasm_bindgen::JsValue;

/// What the server says, and whether it can be heard.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEvent {
    /// A call as it now is, as the contract's JSON has it: each reader takes what it goes by.
    Call(JsValue),
    Fetch(FetchProgress),
    /// Too much was missed: read the list again.
    Reset,
    /// The stream is open, or was lost.
    Online(bool),
}

/// The data of `event: fetch`, which is also the answer of the route.
pub fn progress(json: &JsValue) -> Option<FetchProgress> {
    Some(FetchProgress {
        checked: get_number(json, "checked")?,
        added: get_number(json, "added")?,
        done: get(json, "done").is_some_and(|done| done.is_truthy()),
    })
}

/// What the tabs tell each other, and the leader's source tells the hub.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    /// An event of the stream: its name, data and id.
    Event {
        name: String,
        data: String,
        id: String,
    },
    Online(bool),
    /// A follower woke up: where is the leader?
    WhereAreYou,
    /// The leader's last id, and whether its stream is open.
    Here {
        id: Option<String>,
        online: bool,
    },
}

impl Word {
    /// An object that a BroadcastChannel can carry.
    fn write(&self) -> JsValue {
        let word = js_sys::Object::new();
        let kind = match self {
            Word::Event { name, data, id } => {
                set(&word, "name", name);
                set(&word, "data", data);
                set(&word, "id", id);
                "event"
            }
            Word::Online(online) => {
                set(&word, "online", *online);
                "online"
            }
            Word::WhereAreYou => "where",
            Word::Here { id, online } => {
                set(&word, "id", id.as_deref().map(JsValue::from_str));
                set(&word, "online", *online);
                "here"
            }
        };
        set(&word, "kind", kind);
        word.into()
    }

    /// Nothing where it is no word of ours: an older page may be open in another tab.
    fn read(word: &JsValue) -> Option<Self> {
        let online = || get(word, "online").is_some_and(|online| online.is_truthy());
        Some(match get_text(word, "kind")?.as_str() {
            "event" => Word::Event {
                name: get_text(word, "name")?,
                data: get_text(word, "data")?,
                id: get_text(word, "id")?,
            },
            "online" => Word::Online(online()),
            "where" => Word::WhereAreYou,
            "here" => Word::Here {
                id: get_text(word, "id"),
                online: online(),
            },
            _ => return None,
        })
    }
}
