//! What the island shows.

use super::machine::State;
use leptos::prelude::RwSignal;

/// The driver writes, the island reads.
#[derive(Clone, Copy)]
pub struct Shown {
    pub state: RwSignal<State>,
    /// The microphone, 0 to 6.
    pub level: RwSignal<u8>,
    pub devices: RwSignal<Devices>,
}

/// Microphones and speakers to choose from: id and label.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Devices {
    pub microphones: Vec<(String, String)>,
    pub speakers: Vec<(String, String)>,
    /// The ids that were chosen.
    pub microphone: Option<String>,
    pub speaker: Option<String>,
}
