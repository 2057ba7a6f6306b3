//! What one side of a call has said, addressed by sample: gaps read as silence, late audio lands in its place.

/// Samples per second of everything in here.
pub const RATE: u64 = 8_000;
/// Samples in one RTP packet (20 ms).
pub const FRAME: usize = 160;

/// A window of 8 kHz PCM, addressed by the sample's number since the call's media began.
#[derive(Debug, Default)]
pub struct Timeline {
    first: u64,
    samples: Vec<i16>,
}

impl Timeline {
    /// Puts `pcm` at sample `at`; what lies before the window is dropped, a gap is silence.
    pub fn write(&mut self, at: u64, pcm: &[i16]) {
        let skip = self.first.saturating_sub(at).min(pcm.len() as u64) as usize;
        let pcm = &pcm[skip..];
        if pcm.is_empty() {
            return;
        }
        let start = (at + skip as u64 - self.first) as usize;
        if self.samples.len() < start + pcm.len() {
            self.samples.resize(start + pcm.len(), 0);
        }
        self.samples[start..start + pcm.len()].copy_from_slice(pcm);
    }

    /// `len` samples from `at` on; negative and unwritten places are silence.
    pub fn read(&self, at: i64, len: usize) -> Vec<i16> {
        (0..len as i64)
            .map(|offset| self.sample(at + offset))
            .collect()
    }

    fn sample(&self, at: i64) -> i16 {
        let index = at - self.first as i64;
        usize::try_from(index)
            .ok()
            .and_then(|index| self.samples.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// Lets go of everything before `at`; amortised, so it may be called at every frame.
    pub fn forget_before(&mut self, at: u64) {
        let surplus = at.saturating_sub(self.first) as usize;
        if surplus > 4 * RATE as usize && surplus <= self.samples.len() {
            self.samples.drain(..surplus);
            self.first = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_silence_and_late_audio_lands_in_its_place() {
        let mut timeline = Timeline::default();
        timeline.write(4, &[5, 6]);
        timeline.write(0, &[1, 2]);
        assert_eq!(timeline.read(-1, 8), [0, 1, 2, 0, 0, 5, 6, 0]);
    }

    #[test]
    fn forgetting_keeps_the_numbering() {
        let mut timeline = Timeline::default();
        timeline.write(0, &vec![1; 60_000]);
        timeline.write(60_000, &[7]);
        timeline.forget_before(50_000);
        assert_eq!(timeline.read(59_999, 2), [1, 7]);
        assert_eq!(timeline.read(49_999, 2), [0, 1]);
        timeline.write(49_999, &[9, 9]);
        assert_eq!(timeline.read(49_999, 2), [0, 9]);
    }
}
