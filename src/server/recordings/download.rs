//! One recording, brought home once: downloaded beside the archive, checked, and moved in.

use super::{
    archive::{Archive, Fault},
    wav::{self, NotWav},
};
use crate::{
    domain::sid::RecordingSid,
    server::{
        state::AppState,
        store::{Archived, StoredRecording},
        twilio::{TwilioError, signature::hex},
    },
};
use futures::StreamExt;
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};
use std::{path::Path, time::Duration};
use tokio::{fs, io::AsyncWriteExt};

/// A four-hour call on two channels of 16 bits at 8 kHz is 460 MB.
const LARGEST: u64 = 500 * 1024 * 1024;
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);

/// With these words begins the reason that is stored where the archive is to blame.
pub const ARCHIVE_REFUSED: &str = "the archive did not take it";

/// Why a recording is not in the archive yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Twilio(#[from] TwilioError),
    #[error("the audio is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("Twilio announced {announced} bytes and sent {actual}")]
    CutShort { announced: u64, actual: u64 },
    #[error("it took longer than {} minutes", LONGEST.as_secs() / 60)]
    TooSlow,
    #[error(transparent)]
    NotWav(#[from] NotWav),
    #[error("{ARCHIVE_REFUSED}: {0}")]
    Archive(Fault),
    #[error("its SID is none: {0}")]
    Sid(String),
}

impl Failure {
    /// Ours to mend and not Twilio's: nothing was asked too often, and nothing is won by asking more seldom.
    pub fn is_the_archives(&self) -> bool {
        matches!(self, Self::Archive(_) | Self::NotWav(NotWav::Io(_)))
    }
}

pub(super) async fn bring_home(
    state: &AppState,
    recording: &StoredRecording,
) -> Result<Archived, Failure> {
    let sid =
        RecordingSid::parse(&recording.sid).map_err(|_| Failure::Sid(recording.sid.clone()))?;
    let archive = &state.recordings.archive;
    let file = archive
        .incoming(&format!("{sid}.part"))
        .map_err(NotWav::Io)?;
    let outcome = fetch_through(state, archive, &sid, &file, object_key(recording)).await;
    if let Err(error) = fs::remove_file(&file).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, recording.sid = %sid, "a finished download could not be removed");
    }
    outcome
}

async fn fetch_through(
    state: &AppState,
    archive: &Archive,
    sid: &RecordingSid,
    file: &Path,
    object_key: String,
) -> Result<Archived, Failure> {
    let (size, sha256) = download(state, sid, file).await?;
    let path = file.to_owned();
    let examined =
        tokio::task::spawn_blocking(move || wav::check(&path).map(|()| wav::peaks(&path)));
    let peaks = examined
        .await
        .map_err(|error| Failure::Archive(Fault::Other(error.to_string())))??;
    archive
        .keep(&object_key, file, size, &sha256)
        .await
        .map_err(Failure::Archive)?;
    Ok(Archived {
        object_key,
        content_type: "audio/wav",
        size: size as i64,
        sha256,
        waveform: peaks.and_then(|peaks| serde_json::to_string(&peaks).ok()),
    })
}

/// Returns the length and the SHA-256 of what was written.
async fn download(
    state: &AppState,
    sid: &RecordingSid,
    file: &Path,
) -> Result<(u64, String), Failure> {
    let response = state.twilio.media(sid, None).await?;
    let announced = response.content_length();
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(Failure::TooLarge);
    }
    let mut file = fs::File::create(file).await.map_err(NotWav::Io)?;
    let (mut size, mut hash) = (0, Sha256::new());
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(TwilioError::from)?;
        size += chunk.len() as u64;
        if size > LARGEST {
            return Err(Failure::TooLarge);
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(NotWav::Io)?;
    }
    file.flush().await.map_err(NotWav::Io)?;
    match announced {
        Some(announced) if announced != size => Err(Failure::CutShort {
            announced,
            actual: size,
        }),
        _ => Ok((size, hex(&hash.finalize()))),
    }
}

/// `2026/11/RE….wav`, by the month in which it was recorded.
fn object_key(recording: &StoredRecording) -> String {
    let at = recording.started_at.unwrap_or(recording.created_at);
    let day = Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC);
    format!("{}/{}.wav", day.strftime("%Y/%m"), recording.sid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archives_faults_are_told_from_twilios() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        for failure in [
            Failure::Archive(full().into()),
            Failure::NotWav(NotWav::Io(full())),
        ] {
            assert!(failure.is_the_archives(), "{failure}");
        }
        for failure in [
            Failure::Twilio(TwilioError::NotConfigured),
            Failure::NotWav(NotWav::OtherFormat),
            Failure::TooSlow,
        ] {
            assert!(!failure.is_the_archives(), "{failure}");
        }
    }
}
