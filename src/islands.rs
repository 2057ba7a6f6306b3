//! The islands. Each is an empty mark behind HTML that the server has drawn; when the wasm has come, it wakes the code that drives that
//! HTML. Nothing is drawn in the browser: what would draw it there weighs more than all the rest.

use leptos::prelude::*;

/// Wakes the dialer that stands before it.
#[island]
pub fn Phone() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    crate::dialer::wake();
}

/// Wakes the call history that stands before it: its rows, their player, Fetch Recordings.
#[island]
pub fn LiveHistory() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    crate::history::wake();
}
