//! What the phone goes by of a call in the contract's JSON.

use crate::{
    browser::{get, get_text},
    dialer::machine::Record,
    domain::view::Reason,
};
use wasm_bindgen::JsValue;

/// Nothing where it is no call, or in a state that this page does not know.
pub fn read(call: &JsValue) -> Option<Record> {
    Some(Record {
        sid: get_text(call, "sid")?,
        child_sid: get_text(call, "child_sid"),
        outbound: get_text(call, "direction")? == "outbound",
        to: get_text(call, "to")?,
        status: get_text(call, "status")?.parse().ok()?,
        reason: get_text(call, "reason").and_then(|reason| Reason::named(&reason)),
        recorded: get(call, "recording").is_some(),
    })
}

/// The id of the agent whose call it is.
pub fn agent(call: &JsValue) -> Option<String> {
    get_text(&get(call, "agent")?, "id")
}
