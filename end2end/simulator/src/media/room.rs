//! Where a call's two sides meet: a clock, what each side has said, and what is being recorded.

use std::time::{Duration, Instant};

use super::{PeerId, Recorded};
use crate::call::Side;
use crate::far_end::Voice;
use crate::sid::Sid;
use crate::timeline::{FRAME, RATE, Timeline};

/// One frame lasts this long.
pub(super) const TICK: Duration = Duration::from_millis(20);
/// How long a browser's voice waits before the other side hears it, so that jitter is not heard.
const JITTER: i64 = 480;
/// How much of the past is kept when nothing is recorded: more than any echo needs.
const MEMORY: u64 = 5 * RATE;

/// Who speaks on a side.
#[derive(Clone, Copy, Debug)]
pub(super) enum Speaker {
    /// A browser; its packets are placed as they come.
    Browser(PeerId),
    /// Made here.
    Voice(Voice),
}

struct Track {
    speaker: Speaker,
    said: Timeline,
}

/// The media of one call.
pub(super) struct Room {
    began: Instant,
    frame: u64,
    tracks: [Track; 2],
    recordings: Vec<(Sid, u64)>,
}

impl Room {
    pub fn new(now: Instant) -> Self {
        let silent = || Track {
            speaker: Speaker::Voice(Voice::Silence),
            said: Timeline::default(),
        };
        Self {
            began: now,
            frame: 0,
            tracks: [silent(), silent()],
            recordings: Vec::new(),
        }
    }

    /// When the next frame is due: absolute, so that lateness does not add up.
    pub fn due(&self) -> Instant {
        self.began + TICK * self.frame as u32
    }

    /// The sample that is being said now.
    pub fn position(&self) -> u64 {
        self.frame * FRAME as u64
    }

    /// From now on `speaker` is heard on `side`.
    pub fn speak(&mut self, side: Side, speaker: Speaker) {
        self.tracks[side as usize].speaker = speaker;
    }

    /// The next frame: every voice speaks; returns what the browsers hear.
    pub fn tick(&mut self) -> Vec<(PeerId, Vec<i16>)> {
        let at = self.position();
        for side in 0..2 {
            if let Speaker::Voice(voice) = self.tracks[side].speaker {
                let spoken = voice.speak(at, &self.tracks[1 - side].said);
                self.tracks[side].said.write(at, &spoken);
            }
        }
        let heard = (0..2).filter_map(|side| match self.tracks[side].speaker {
            Speaker::Browser(peer) => {
                let other = &self.tracks[1 - side];
                let lag = if matches!(other.speaker, Speaker::Browser(_)) {
                    JITTER
                } else {
                    0
                };
                Some((peer, other.said.read(at as i64 - lag, FRAME)))
            }
            Speaker::Voice(_) => None,
        });
        let heard = heard.collect();
        self.frame += 1;
        let oldest = self
            .recordings
            .iter()
            .map(|(_, start)| *start)
            .min()
            .unwrap_or(u64::MAX);
        for track in &mut self.tracks {
            track
                .said
                .forget_before(oldest.min(at.saturating_sub(MEMORY)));
        }
        heard
    }

    /// Places a browser's packet. `anchor` ties its RTP clock to ours; it is renewed when they disagree by half a second.
    pub fn place(
        &mut self,
        side: Side,
        anchor: &mut Option<(i64, u64)>,
        arrived: Instant,
        rtp: u64,
        pcm: &[i16],
    ) {
        let arrival = self.sample_at(arrived) - FRAME as i64;
        let at = anchor
            .map(|(sample, start)| sample + (rtp as i64 - start as i64))
            .filter(|at| (at - arrival).abs() < RATE as i64 / 2);
        let at = at.unwrap_or_else(|| {
            *anchor = Some((arrival, rtp));
            arrival
        });
        let skip = (-at).clamp(0, pcm.len() as i64) as usize;
        self.tracks[side as usize]
            .said
            .write(at.max(0) as u64, &pcm[skip..]);
    }

    fn sample_at(&self, time: Instant) -> i64 {
        let elapsed = time.saturating_duration_since(self.began);
        (elapsed.as_nanos() as u64 * RATE / 1_000_000_000) as i64
    }

    /// Starts a recording here.
    pub fn record(&mut self, recording: Sid) {
        self.recordings.push((recording, self.position()));
    }

    /// Ends a recording here: both channels, cut at the same samples.
    pub fn stop_recording(&mut self, recording: &Sid) -> Option<Recorded> {
        let index = self
            .recordings
            .iter()
            .position(|(sid, _)| sid == recording)?;
        let (_, start) = self.recordings.swap_remove(index);
        let length = (self.position() - start) as usize;
        let cut = |side: usize| self.tracks[side].said.read(start as i64, length);
        Some(Recorded {
            parent: cut(0),
            child: cut(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::far_end::Speech;

    const PEER: PeerId = PeerId(1);

    fn room() -> (Room, Instant) {
        let now = Instant::now();
        let mut room = Room::new(now);
        room.speak(Side::Parent, Speaker::Browser(PEER));
        (room, now)
    }

    #[test]
    fn packets_are_placed_by_their_time_stamp_whatever_their_order() {
        let (mut room, began) = room();
        room.record(Sid::from("RE1"));
        let mut anchor = None;
        let arrival = |ms| began + Duration::from_millis(ms);
        room.place(Side::Parent, &mut anchor, arrival(40), 1_000, &[1; FRAME]);
        room.place(Side::Parent, &mut anchor, arrival(85), 1_320, &[3; FRAME]);
        room.place(Side::Parent, &mut anchor, arrival(86), 1_160, &[2; FRAME]);
        for _ in 0..5 {
            room.tick();
        }
        let recorded = room.stop_recording(&Sid::from("RE1")).expect("recorded");
        assert_eq!(recorded.parent.len(), 5 * FRAME);
        assert_eq!(recorded.child.len(), 5 * FRAME);
        let firsts: Vec<i16> = recorded
            .parent
            .chunks(FRAME)
            .map(|frame| frame[0])
            .collect();
        assert_eq!(firsts, [0, 1, 2, 3, 0]);
    }

    #[test]
    fn a_lost_packet_is_silence_and_shifts_nothing() {
        let (mut room, began) = room();
        room.record(Sid::from("RE1"));
        let mut anchor = None;
        for n in [0u64, 1, 3] {
            room.place(
                Side::Parent,
                &mut anchor,
                began + Duration::from_millis(20 * (n + 1)),
                n * 160,
                &[n as i16 + 1; FRAME],
            );
        }
        for _ in 0..4 {
            room.tick();
        }
        let recorded = room.stop_recording(&Sid::from("RE1")).expect("recorded");
        let firsts: Vec<i16> = recorded
            .parent
            .chunks(FRAME)
            .map(|frame| frame[0])
            .collect();
        assert_eq!(firsts, [1, 2, 0, 4]);
    }

    #[test]
    fn a_clock_that_jumps_is_anchored_anew() {
        let (mut room, began) = room();
        let mut anchor = None;
        room.place(
            Side::Parent,
            &mut anchor,
            began + Duration::from_millis(20),
            0,
            &[1; FRAME],
        );
        room.place(
            Side::Parent,
            &mut anchor,
            began + Duration::from_millis(40),
            90_000,
            &[2; FRAME],
        );
        assert_eq!(anchor, Some((160, 90_000)));
    }

    #[test]
    fn the_browser_hears_the_phone_and_the_recording_has_the_same_samples() {
        let (mut room, _) = room();
        room.tick();
        room.speak(
            Side::Child,
            Speaker::Voice(Voice::Phone {
                speech: Speech::Tone { hz: 440.0 },
                since: room.position(),
            }),
        );
        room.record(Sid::from("RE1"));
        let heard: Vec<i16> = (0..3)
            .flat_map(|_| room.tick())
            .flat_map(|(_, frame)| frame)
            .collect();
        let recorded = room.stop_recording(&Sid::from("RE1")).expect("recorded");
        assert_eq!(recorded.child, heard);
        assert!(heard.iter().any(|&sample| sample > 5_000));
    }
}
