//! WAV files of what both sides said.

use std::io::Cursor;

use anyhow::Context;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::timeline::RATE;

/// A 16-bit PCM WAV at 8 kHz, one channel per slice; the shorter ones are filled up with silence.
pub fn write_wav(channels: &[&[i16]]) -> anyhow::Result<Vec<u8>> {
    let spec = WavSpec {
        channels: channels.len() as u16,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).context("start a WAV file")?;
    for index in 0..channels
        .iter()
        .map(|channel| channel.len())
        .max()
        .unwrap_or(0)
    {
        for channel in channels {
            writer.write_sample(channel.get(index).copied().unwrap_or(0))?;
        }
    }
    writer.finalize().context("finish a WAV file")?;
    Ok(bytes.into_inner())
}

/// The same audio on one channel, as Twilio serves a dual-channel recording without `RequestedChannels=2`.
pub fn to_mono(wav: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut reader = WavReader::new(wav)?;
    let channels = usize::from(reader.spec().channels);
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>()?;
    let mono: Vec<i16> = samples.chunks(channels).map(mix).collect();
    write_wav(&[&mono])
}

fn mix(samples: &[i16]) -> i16 {
    samples
        .iter()
        .fold(0i16, |sum, &sample| sum.saturating_add(sample))
}

/// Mixes two sides into one, as a recording without `-dual` does.
pub fn mixed(left: &[i16], right: &[i16]) -> Vec<i16> {
    let at = |side: &[i16], index: usize| side.get(index).copied().unwrap_or(0);
    (0..left.len().max(right.len()))
        .map(|index| mix(&[at(left, index), at(right, index)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Timeline;

    #[test]
    fn both_channels_are_cut_at_the_same_samples() {
        let (mut left, mut right) = (Timeline::default(), Timeline::default());
        left.write(100, &[1, 1, 1]);
        right.write(102, &[2, 2, 2, 2]);
        let wav = write_wav(&[&left.read(101, 4), &right.read(101, 4)]).expect("a WAV");
        let mut reader = WavReader::new(&wav[..]).expect("readable");
        assert_eq!(reader.spec().channels, 2);
        assert_eq!(reader.spec().sample_rate, 8_000);
        let samples: Vec<i16> = reader
            .samples()
            .map(|sample| sample.expect("a sample"))
            .collect();
        assert_eq!(samples, [1, 0, 1, 2, 0, 2, 0, 2]);
    }

    #[test]
    fn mono_is_the_sum_of_both_channels() {
        let stereo = write_wav(&[&[1, 2, 30_000], &[10, 20, 30_000]]).expect("a WAV");
        let mono = to_mono(&stereo).expect("a WAV");
        let samples: Vec<i16> = WavReader::new(&mono[..])
            .expect("readable")
            .samples()
            .map(|sample| sample.expect("a sample"))
            .collect();
        assert_eq!(samples, [11, 22, i16::MAX]);
    }
}
