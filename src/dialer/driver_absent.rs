//! The server draws the phone and drives none.

use super::{Setup, machine::Input, shown::Shown};
use crate::{domain::phone::DialPlan, i18n::Locale};

pub fn start(_: Setup, _: Locale, _: DialPlan, _: String, _: Shown) {}
pub fn stop() {}
pub fn send(_: Input) {}
pub fn choose_microphone(_: String) {}
pub fn choose_speaker(_: String) {}
pub fn look_for_devices() {}

/// Nothing ticks on the server.
pub fn seconds_since(_: f64) -> u32 {
    0
}

/// The browser knows the countries' names; the server is not asked.
pub fn country_name(_: Locale, region: &str) -> String {
    region.to_owned()
}

/// Nobody has typed yet.
pub fn typed_so_far() -> Option<String> {
    None
}
