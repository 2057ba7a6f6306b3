//! The SID that stands for a page's attempt to call until Twilio has named the call. The page makes it, out of a beginning that is its agent's own
//! and something random, so it knows its call again in all that the server says, and speaks for nobody else.

use super::callbacks::hash;
use crate::{domain::sid::CallSid, server::auth::session::random_hex};

/// The custom parameter of `connect()` that carries it, and which Twilio hands on.
pub const PARAMETER: &str = "Attempt";

/// What this agent's attempts begin with: `CA` and 12 digits.
pub fn beginning(identity: &str) -> String {
    let digits = hash(&format!("attempts of {identity}"));
    format!("{}{}", CallSid::PREFIX, &digits[..12])
}

/// `None` for what no page of this agent's has made.
pub fn sid(identity: &str, text: &str) -> Option<CallSid> {
    let ours = text.starts_with(&beginning(identity));
    CallSid::parse(text).ok().filter(|_| ours)
}

/// For an attempt that no page has named.
pub fn nameless(identity: &str) -> Option<CallSid> {
    CallSid::parse(&format!("{}{}", beginning(identity), random_hex(10))).ok()
}
