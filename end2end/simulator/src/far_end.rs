//! The people (and networks) at the other end: what a dialled number does, and what it is heard to say.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::timeline::{FRAME, RATE, Timeline};

/// What happens when a number is dialled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Rings, then answers.
    #[default]
    Answer,
    /// Rings shortly, then is busy (SIP 486).
    Busy,
    /// Rings until the caller gives up.
    NoAnswer,
    /// Cannot be reached (SIP 503); never rings.
    Fail,
    /// Rings until the control API says what to do.
    Manual,
}

/// What an answered number says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Speech {
    /// A short chime, then the caller's own voice a second later.
    #[default]
    GreetingEcho,
    /// A steady tone.
    Tone {
        /// Frequency in Hz.
        hz: f64,
    },
    /// Nothing at all.
    Silence,
}

/// The plan for one dialled number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarEnd {
    /// What it does.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// How long it rings before it does it; the setting's default when absent.
    #[serde(default)]
    pub ring_ms: Option<u64>,
    /// When it hangs up by itself, counted from the answer.
    #[serde(default)]
    pub hangup_after_ms: Option<u64>,
    /// What it says; the setting's default when absent.
    #[serde(default)]
    pub speech: Option<Speech>,
}

impl FarEnd {
    /// The plan that a number's last digits ask for: see [`TABLE`].
    pub fn of_number(number: &str) -> Self {
        let behaviour = match number.get(number.len().saturating_sub(4)..) {
            Some("0001") => Behaviour::Busy,
            Some("0002") => Behaviour::NoAnswer,
            Some("0003") => Behaviour::Fail,
            _ => Behaviour::Answer,
        };
        let hangup_after_ms = number.ends_with("0004").then_some(5_000);
        Self {
            behaviour,
            hangup_after_ms,
            ..Self::default()
        }
    }
}

/// The numbers with a meaning, as printed at start and in the README.
pub const TABLE: [(&str, &str); 5] = [
    ("…0001", "busy"),
    ("…0002", "no answer: rings until the caller gives up"),
    ("…0003", "fails: cannot be reached"),
    ("…0004", "answers, and hangs up after 5 seconds"),
    (
        "any other",
        "rings, answers, greets with a chime, then echoes you a second later",
    ),
];

const AMPLITUDE: f64 = 8_000.0;
const ECHO_DELAY: i64 = RATE as i64;
/// The chime: (frequency, start in ms); each note rings out over 450 ms.
const CHIME: [(f64, u64); 5] = [
    (523.25, 0),
    (659.25, 180),
    (783.99, 360),
    (1046.5, 540),
    (783.99, 820),
];
const NOTE_MS: u64 = 450;

/// Something that can be heard: a rule from sample number to sample, with no state of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Voice {
    /// A phone that was answered at sample `since`.
    Phone {
        /// What it says.
        speech: Speech,
        /// The sample at which it picked up.
        since: u64,
    },
    /// The ringback tone of the network (425 Hz, 1 s on, 4 s off).
    Ringback,
    /// Spoken text or played audio, stood in for by a soft two-note figure.
    Announcement,
    /// Nothing.
    Silence,
}

impl Voice {
    /// The next 20 ms from sample `at` on, given what this side hears.
    pub fn speak(&self, at: u64, hears: &Timeline) -> [i16; FRAME] {
        let mut frame = [0i16; FRAME];
        match *self {
            Voice::Silence
            | Voice::Phone {
                speech: Speech::Silence,
                ..
            } => {}
            Voice::Phone {
                speech: Speech::Tone { hz },
                ..
            } => fill(&mut frame, at, |n| AMPLITUDE * sine(hz, n)),
            Voice::Phone {
                speech: Speech::GreetingEcho,
                since,
            } => {
                let echo = hears.read(at as i64 - ECHO_DELAY, FRAME);
                // The echo begins once the chime is over, so that it does not answer itself.
                let echoes = |n: u64| n >= since + (CHIME[4].1 + NOTE_MS) * RATE / 1000;
                for (offset, sample) in frame.iter_mut().enumerate() {
                    let n = at + offset as u64;
                    let spoken = chime(n.saturating_sub(since));
                    let heard = if echoes(n) {
                        f64::from(echo[offset]) * 0.8
                    } else {
                        0.0
                    };
                    *sample = (spoken + heard) as i16;
                }
            }
            Voice::Ringback => fill(&mut frame, at, |n| {
                if n % (5 * RATE) < RATE {
                    4_000.0 * sine(425.0, n)
                } else {
                    0.0
                }
            }),
            Voice::Announcement => fill(&mut frame, at, |n| {
                let hz = if (n / (RATE / 4)).is_multiple_of(2) {
                    440.0
                } else {
                    554.37
                };
                5_000.0 * sine(hz, n)
            }),
        }
        frame
    }
}

fn fill(frame: &mut [i16; FRAME], at: u64, sample: impl Fn(u64) -> f64) {
    for (offset, slot) in frame.iter_mut().enumerate() {
        *slot = sample(at + offset as u64) as i16;
    }
}

fn sine(hz: f64, sample: u64) -> f64 {
    (TAU * hz * sample as f64 / RATE as f64).sin()
}

fn chime(sample: u64) -> f64 {
    CHIME
        .iter()
        .map(|&(hz, start_ms)| {
            let start = start_ms * RATE / 1000;
            let length = NOTE_MS * RATE / 1000;
            if sample < start || sample >= start + length {
                return 0.0;
            }
            let n = sample - start;
            let left = 1.0 - n as f64 / length as f64;
            let attack = (n as f64 / 80.0).min(1.0);
            AMPLITUDE * attack * left * left * sine(hz, n)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(frame: &[i16]) -> f64 {
        (frame
            .iter()
            .map(|&sample| f64::from(sample).powi(2))
            .sum::<f64>()
            / frame.len() as f64)
            .sqrt()
    }

    #[test]
    fn the_last_digits_say_what_a_number_does() {
        assert_eq!(
            FarEnd::of_number("+966500000001").behaviour,
            Behaviour::Busy
        );
        assert_eq!(
            FarEnd::of_number("+966500000002").behaviour,
            Behaviour::NoAnswer
        );
        assert_eq!(
            FarEnd::of_number("+966500000003").behaviour,
            Behaviour::Fail
        );
        assert_eq!(
            FarEnd::of_number("+966500000004").hangup_after_ms,
            Some(5_000)
        );
        assert_eq!(FarEnd::of_number("+966569705616"), FarEnd::default());
    }

    #[test]
    fn a_phone_greets_audibly_and_then_echoes_what_it_hears_a_second_later() {
        let phone = Voice::Phone {
            speech: Speech::GreetingEcho,
            since: 800,
        };
        let mut hears = Timeline::default();
        assert!(
            energy(&phone.speak(960, &hears)) > 500.0,
            "the chime is audible"
        );
        assert_eq!(
            energy(&phone.speak(800 + 16_000, &hears)),
            0.0,
            "then it listens"
        );
        hears.write(20_000, &[10_000; FRAME]);
        assert_eq!(phone.speak(28_000, &hears), [8_000; FRAME]);
    }

    #[test]
    fn the_tone_is_at_the_frequency_asked_for() {
        let phone = Voice::Phone {
            speech: Speech::Tone { hz: 400.0 },
            since: 0,
        };
        let frame = phone.speak(0, &Timeline::default());
        let crossings = frame
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count();
        assert!((7..=8).contains(&crossings), "400 Hz is 8 periods in 20 ms");
    }
}
