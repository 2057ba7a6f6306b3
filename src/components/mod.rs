//! What pages are made of. Islands (`CallList`, `FetchRecordings`) also run in the browser; the rest is HTML alone.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
#[path = "not_in_browser.rs"]
mod browser;

pub mod call_list;
pub mod fetch_recordings;
pub mod icon;
#[cfg(feature = "ssr")]
pub mod layout;
pub mod outcome;
pub mod phone_number;
pub mod player;
pub mod plural;
pub mod when;
