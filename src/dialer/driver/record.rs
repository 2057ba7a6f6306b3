//! What the phone goes by of a call in the contract's JSON.

use crate::{
    browser::{get, get_text},
    dialer::machine::Record,
    domain::view::{CauseView, Reason},
};
use wasm_bindgen::JsValue;

/// Nothing where it is no call, or in a state that this page does not know.
pub fn read(call: &JsValue) -> Option<Record> {
    Some(Record {
        sid: get_text(call, "sid")?,
        attempt: get_text(call, "replaces"),
        child_sid: get_text(call, "child_sid"),
        status: get_text(call, "status")?.parse().ok()?,
        reason: get_text(call, "reason").and_then(|reason| Reason::named(&reason)),
        cause: get(call, "cause").as_ref().and_then(cause),
    })
}

/// Why a call ended, as the server tells it.
pub fn cause(cause: &JsValue) -> Option<CauseView> {
    Some(CauseView {
        id: get_text(cause, "id")?,
        title: get_text(cause, "title")?,
        remedy: get_text(cause, "remedy").unwrap_or_default(),
        link: get_text(cause, "link"),
    })
}

/// The id of the agent whose call it is.
pub fn agent(call: &JsValue) -> Option<String> {
    get_text(&get(call, "agent")?, "id")
}
