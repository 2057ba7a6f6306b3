//! When a recording's time is over its audio is deleted, here and at Twilio. The row stays and says so.

use super::fetch::tell;
use crate::{
    domain::sid::RecordingSid,
    server::{clock, state::AppState, store::StoredRecording},
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(10 * 60);
const BATCH: i64 = 100;
/// So many that cannot be deleted end a sweep: it is not they, it is Twilio or the archive.
const MOST_FAILURES: i64 = 10;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// At once, and then every ten minutes until shutdown.
pub async fn run(state: AppState) {
    loop {
        let swept = tokio::select! {
            () = state.shutdown.cancelled() => return,
            swept = sweep(&state, clock::now()) => swept,
        };
        if let Err(error) = swept {
            tracing::error!(
                error = format!("{error:#}"),
                "old recordings could not be deleted"
            );
        }
        let pause = EVERY.max(state.twilio.rest().unwrap_or_default());
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Deletes the audio of recordings older than `RECORDING_RETENTION_DAYS`. Returns how many.
///
/// The archive goes first and Twilio second; only then does the row forget where the audio was, so that a failure half-way is repeated.
pub async fn sweep(state: &AppState, now: i64) -> anyhow::Result<usize> {
    let Some(days) = state.config.retention_days else {
        return Ok(0);
    };
    let before = now - i64::from(days) * DAY_MS;
    let (mut deleted, mut failed) = (0, 0);
    loop {
        // Those that failed are still the oldest, and hold up no others.
        let old = state
            .store
            .recordings_older_than(before, failed, BATCH)
            .await?;
        if old.is_empty() {
            return Ok(deleted);
        }
        for recording in &old {
            match delete(state, recording).await {
                Ok(()) => deleted += 1,
                Err(error) => {
                    failed += 1;
                    tracing::warn!(
                        recording.sid = recording.sid,
                        error = format!("{error:#}"),
                        "an old recording could not be deleted yet"
                    );
                }
            }
            if failed >= MOST_FAILURES {
                return Ok(deleted);
            }
        }
    }
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
