//! What pages are made of: HTML, drawn by the server. The browser has the plain functions that both need, and no markup.

#[cfg(feature = "ssr")]
pub mod call_list;
pub mod duration;
#[cfg(feature = "ssr")]
pub mod fetch_recordings;
#[cfg(feature = "ssr")]
pub mod icon;
#[cfg(feature = "ssr")]
pub mod layout;
#[cfg(feature = "ssr")]
pub mod outcome;
pub mod phone_number;
#[cfg(feature = "ssr")]
pub mod player;
#[cfg(feature = "ssr")]
pub mod plural;
pub mod reason;
pub mod waveform;
#[cfg(feature = "ssr")]
pub mod when;
