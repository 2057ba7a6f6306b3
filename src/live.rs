//! The stream of changes. HTTP/1.1 gives a browser six connections to a host, so all its tabs share one EventSource: a Web Locks leader
//! holds it and passes on what comes over a BroadcastChannel. Hidden pages without a call give it up.

mod hub;
mod source;

pub use hub::{Hold, Subscription, hold, resume_from, subscribe};

use crate::domain::view::{CallView, FetchProgress};

/// What the server says, and whether it can be heard.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEvent {
    Call(Box<CallView>),
    Fetch(FetchProgress),
    /// Too much was missed: read the list again.
    Reset,
    /// The stream is open, or was lost.
    Online(bool),
}

/// What the tabs tell each other, and the leader's source tells the hub.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
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
