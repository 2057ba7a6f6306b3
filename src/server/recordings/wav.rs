//! WAV files: are they whole, and what do they look like?

use hound::{SampleFormat, WavReader};
use std::{fs::File, io::Read, path::Path};

/// How many bars the picture of a recording has.
const BARS: usize = 120;

/// Why a download is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotWav {
    #[error("what came is no WAV file")]
    OtherFormat,
    #[error("the file ends after {actual} bytes of {announced}")]
    CutShort { announced: u64, actual: u64 },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Checks that the file is RIFF/WAVE and as long as its own header says. A header written before the length was known holds none: that is accepted.
pub fn check(path: &Path) -> Result<(), NotWav> {
    let mut file = File::open(path)?;
    let actual = file.metadata()?.len();
    let mut header = [0; 12];
    file.read_exact(&mut header)
        .map_err(|_| NotWav::OtherFormat)?;
    if &header[..4] != b"RIFF" || &header[8..] != b"WAVE" {
        return Err(NotWav::OtherFormat);
    }
    match u32::from_le_bytes([header[4], header[5], header[6], header[7]]) {
        0 | u32::MAX => Ok(()),
        length if u64::from(length) + 8 <= actual => Ok(()),
        length => Err(NotWav::CutShort {
            announced: u64::from(length) + 8,
            actual,
        }),
    }
}

/// Loudness over time, per channel: the peak of each bar, 255 being the loudest sample of the recording. `None` for an encoding that we do not read.
pub fn peaks(path: &Path) -> Option<Vec<Vec<u8>>> {
    let mut reader = WavReader::open(path).ok()?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    let frames = reader.duration() as usize;
    if spec.sample_format != SampleFormat::Int
        || spec.bits_per_sample > 16
        || channels == 0
        || channels > 2
        || frames == 0
    {
        return None;
    }
    let mut loudest = vec![vec![0u16; BARS.min(frames)]; channels];
    let bars = loudest[0].len();
    for (index, sample) in reader.samples::<i16>().enumerate() {
        let bar = (index / channels * bars / frames).min(bars - 1);
        let peak = &mut loudest[index % channels][bar];
        *peak = (*peak).max(sample.ok()?.unsigned_abs());
    }
    let top = loudest.iter().flatten().copied().max().unwrap_or(0).max(1);
    let scaled = |peak: u16| (u32::from(peak) * 255 / u32::from(top)) as u8;
    Some(
        loudest
            .into_iter()
            .map(|channel| channel.into_iter().map(scaled).collect())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{WavSpec, WavWriter};
    use std::fs;

    fn write(path: &Path, frames: impl Iterator<Item = (i16, i16)>) {
        let spec = WavSpec {
            channels: 2,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::create(path, spec).expect("a file");
        for (left, right) in frames {
            writer.write_sample(left).expect("written");
            writer.write_sample(right).expect("written");
        }
        writer.finalize().expect("written");
    }

    #[test]
    fn each_channel_is_drawn_apart_and_in_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        write(
            &path,
            (0..8000).map(|i| if i < 4000 { (-20_000, 0) } else { (0, 10_000) }),
        );
        check(&path).expect("whole");
        let peaks = peaks(&path).expect("peaks");
        assert_eq!((peaks.len(), peaks[0].len()), (2, 120));
        assert_eq!(
            (peaks[0][0], peaks[0][119], peaks[1][0], peaks[1][119]),
            (255, 0, 0, 127)
        );
    }

    #[test]
    fn a_file_that_was_cut_short_or_is_something_else_is_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        write(&path, (0..100).map(|i| (i, i)));
        let whole = fs::read(&path).expect("read");
        fs::write(&path, &whole[..whole.len() / 2]).expect("written");
        assert!(matches!(check(&path), Err(NotWav::CutShort { .. })));
        for other in [&b""[..], b"RIFF", b"<html><body>Not found</body></html>"] {
            fs::write(&path, other).expect("written");
            assert!(matches!(check(&path), Err(NotWav::OtherFormat)));
        }
    }

    #[test]
    fn a_recording_shorter_than_the_picture_has_fewer_bars() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        write(&path, (0..7).map(|_| (1, 1)));
        assert_eq!(peaks(&path).expect("peaks")[0].len(), 7);
        write(&path, std::iter::empty());
        assert_eq!(peaks(&path), None);
    }
}
