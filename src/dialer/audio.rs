//! The sounds that the page makes itself, by oscillator: nothing to fetch, nothing that can fail offline.

use super::machine::Tone;
use web_sys::{AudioContext, GainNode, OscillatorNode};

/// Saudi Arabia's ringing tone, like most of the world's: 425 Hz, ITU-T E.180 Supplement 2.
const RINGBACK_HZ: f32 = 425.0;
const RING_HZ: f32 = 880.0;
/// Sounds are written ahead for so long; nothing rings longer.
const AHEAD_S: f64 = 120.0;

/// At most one tone at a time.
#[derive(Default)]
pub struct Sounds {
    context: Option<AudioContext>,
    playing: Option<(OscillatorNode, GainNode)>,
    tone: Tone,
}

impl Sounds {
    pub fn play(&mut self, tone: Tone) {
        if tone == self.tone {
            return;
        }
        self.tone = tone;
        self.stop();
        self.playing = match tone {
            Tone::Silence => None,
            // 1 s of sound, 4 s of silence.
            Tone::Ringback => self.start(RINGBACK_HZ, 0.12, 5.0, &[(0.0, 1.0)]),
            Tone::Ring => self.start(RING_HZ, 0.2, 3.0, &[(0.0, 0.4), (0.6, 1.0)]),
        };
    }

    fn start(
        &mut self,
        hertz: f32,
        loudness: f32,
        period: f64,
        bursts: &[(f64, f64)],
    ) -> Option<(OscillatorNode, GainNode)> {
        if self.context.is_none() {
            self.context = AudioContext::new().ok();
        }
        let context = self.context.as_ref()?;
        let _ = context.resume();
        let oscillator = context.create_oscillator().ok()?;
        let gain = context.create_gain().ok()?;
        oscillator.frequency().set_value(hertz);
        gain.gain().set_value(0.0);
        oscillator.connect_with_audio_node(&gain).ok()?;
        gain.connect_with_audio_node(&context.destination()).ok()?;
        let mut cycle = context.current_time() + 0.05;
        let end = cycle + AHEAD_S;
        while cycle < end {
            for (on, off) in bursts {
                let _ = gain.gain().set_value_at_time(loudness, cycle + on);
                let _ = gain.gain().set_value_at_time(0.0, cycle + off);
            }
            cycle += period;
        }
        oscillator.start().ok()?;
        Some((oscillator, gain))
    }

    fn stop(&mut self) {
        if let Some((oscillator, gain)) = self.playing.take() {
            let _ = oscillator.disconnect();
            let _ = gain.disconnect();
        }
    }
}

impl Drop for Sounds {
    fn drop(&mut self) {
        self.stop();
    }
}
