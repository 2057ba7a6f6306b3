//! When a recording's time is over its audio is deleted, here and at Twilio. The row stays and says so.

use super::fetch::tell;
use crate::{
    domain::sid::RecordingSid,
    server::{state::AppState, store::StoredRecording},
};

const BATCH: i64 = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Deletes the audio of recordings older than `RECORDING_RETENTION_DAYS`. Returns how many.
///
/// The archive goes first and Twilio second; only then does the row forget where the audio was, so that a failure half-way is repeated.
pub async fn sweep(state: &AppState, now: i64) -> anyhow::Result<usize> {
    let Some(days) = state.config.retention_days else {
        return Ok(0);
    };
    let old = state
        .store
        .recordings_older_than(now - i64::from(days) * DAY_MS, BATCH)
        .await?;
    let mut deleted = 0;
    for recording in &old {
        match delete(state, recording).await {
            Ok(()) => deleted += 1,
            Err(error) => {
                tracing::warn!(
                    recording.sid = recording.sid,
                    error = format!("{error:#}"),
                    "an old recording could not be deleted yet"
                )
            }
        }
    }
    Ok(deleted)
}

async fn delete(state: &AppState, recording: &StoredRecording) -> anyhow::Result<()> {
    if let Some(key) = &recording.object_key {
        state.recordings.archive.delete(key).await?;
    }
    if let Ok(sid) = RecordingSid::parse(&recording.sid) {
        state.twilio.delete_recording(&sid).await?;
    }
    state.store.recording_deleted(&recording.sid).await?;
    tracing::info!(
        call.sid = recording.call_sid,
        recording.sid = recording.sid,
        "recording deleted: its retention is over"
    );
    tell(state, &recording.call_sid).await
}
