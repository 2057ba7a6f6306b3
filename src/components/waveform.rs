//! The picture of a recording: a row of bars, the agent's upwards, the customer's downwards.

use std::fmt::Write;

/// The drawing's own units; it is stretched to the room there is.
pub const WIDTH: u32 = 360;
pub const HEIGHT: u32 = 48;

const BARS: usize = 120;

// In tenths of those units: whole numbers are written with far less code than fractions.
const MIDDLE: i32 = 240;
/// Left free between the voices.
const GAP: i32 = 15;
const REACH: i32 = MIDDLE - GAP - 10;
/// What silence looks like.
const LEAST: i32 = 8;

/// `GET /api/calls/{sid}/waveform`: loudness from 0 to 255, per channel.
#[derive(Debug, Clone)]
pub struct Waveform {
    pub channels: Vec<Vec<u8>>,
    /// Counted from 1.
    pub agent_channel: usize,
}

/// Two paths of SVG.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub agent: String,
    pub customer: String,
}

impl Drawing {
    /// Before the waveform has come, or where there is none: a line to seek on.
    pub fn flat() -> Self {
        Self {
            agent: bars(&[], -1),
            customer: bars(&[], 1),
        }
    }

    pub fn of(waveform: &Waveform) -> Self {
        let agent_at = waveform.agent_channel.saturating_sub(1);
        let channel = |at: usize| waveform.channels.get(at).map_or(&[][..], Vec::as_slice);
        Self {
            agent: bars(channel(agent_at), -1),
            customer: bars(channel(if agent_at == 0 { 1 } else { 0 }), 1),
        }
    }
}

fn bars(loudness: &[u8], direction: i32) -> String {
    let step = WIDTH as usize * 10 / BARS;
    let mut path = String::with_capacity(BARS * 14);
    for bar in 0..BARS {
        let share = f32::from(loudest(loudness, bar)) / 255.0;
        // Loudness is felt, not measured: the root lifts quiet speech into sight.
        let height = ((share.sqrt() * REACH as f32 + 0.5) as i32).max(LEAST);
        let x = (step * bar + step / 2) as i32;
        // Writing to a String does not fail.
        let _ = write!(
            path,
            "M{} {}v{}",
            Tenths(x),
            Tenths(MIDDLE + direction * GAP),
            Tenths(direction * height)
        );
    }
    path
}

/// `-215` as `-21.5`
struct Tenths(i32);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let tenths = self.0.unsigned_abs();
        write!(f, "{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

/// The loudest moment that falls to this bar.
fn loudest(loudness: &[u8], bar: usize) -> u8 {
    let from = bar * loudness.len() / BARS;
    let to = ((bar + 1) * loudness.len() / BARS).max(from + 1);
    loudness
        .get(from..to.min(loudness.len()))
        .and_then(|part| part.iter().max().copied())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_drawn_above_whichever_channel_is_theirs() {
        let (loud, silent) = (vec![255; 240], vec![0; 240]);
        let first = Drawing::of(&Waveform {
            channels: vec![loud.clone(), silent.clone()],
            agent_channel: 1,
        });
        let second = Drawing::of(&Waveform {
            channels: vec![silent, loud],
            agent_channel: 2,
        });
        assert_eq!(first, second);
        assert!(
            first.agent.starts_with("M1.5 22.5v-21.5"),
            "{}",
            first.agent
        );
        assert!(
            first.customer.starts_with("M1.5 25.5v0.8"),
            "{}",
            first.customer
        );
    }

    #[test]
    fn any_length_is_drawn_in_as_many_bars() {
        for length in [0, 1, 7, 119, 120, 121, 4000] {
            let drawn = Drawing::of(&Waveform {
                channels: vec![vec![9; length]],
                agent_channel: 1,
            });
            assert_eq!(drawn.agent.matches('M').count(), BARS, "{length}");
            assert_eq!(drawn.customer, Drawing::flat().customer);
        }
    }
}
