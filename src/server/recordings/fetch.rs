//! The background task that brings recordings home: which of them when, and again after a failure. (How: `download`.)

use super::download::{Failure, LONGEST, bring_home};
use crate::{
    domain::sid::CallSid,
    server::{
        calls, clock,
        state::AppState,
        store::{Archived, StoredRecording},
    },
};
use futures::StreamExt;
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

/// After which another server may take a recording that one of them took, and of which nothing more was heard.
const LEASE_MS: i64 = 60_000;
const RENEW_EVERY: Duration = Duration::from_secs(20);
/// For how long it is tried to store what came of an attempt.
const LONGEST_SETTLING_MS: i64 = 20 * 60 * 1000;
const AT_ONCE: usize = 3;
const BATCH: i64 = 32;
/// A recording can be 404 for a while after Twilio said that it is there: given up after both.
const MOST_NOT_FOUND: i64 = 12;
const LONGEST_ABSENCE_MS: i64 = 6 * 60 * 60 * 1000;
const FIRST_PAUSE_MS: i64 = 5_000;
const LONGEST_PAUSE_MS: i64 = 60 * 60 * 1000;
/// How soon an archive that took nothing is tried again. A full disk is for us alone to notice: once somebody has made room, what waits is
/// archived within two of these.
const ARCHIVE_PAUSE: Duration = Duration::from_secs(3);
/// How often to look without having been woken: another server's callbacks, a clock that was set.
const IDLE: Duration = Duration::from_secs(60);

/// Runs until shutdown. What it leaves undone is taken up at the next start.
pub async fn run(state: AppState) {
    if let Err(error) = state.store.release_recordings().await {
        tracing::error!(%error, "what was being archived at the last stop may wait for its turn");
    }
    loop {
        let busy = match archive_due(&state, clock::now()).await {
            Ok(tried) => tried as i64 == BATCH,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the recordings that wait cannot be read"
                );
                false
            }
        };
        let blocked = state.recordings.blocked.load(Relaxed);
        let rest = state.twilio.rest();
        let pause = match (blocked, busy) {
            _ if rest.is_some() => rest.unwrap_or_default(),
            (true, _) => ARCHIVE_PAUSE,
            (false, true) => Duration::ZERO,
            (false, false) => pause(&state).await,
        };
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            // An archive that takes nothing, and a Twilio that wants to be left alone, are no sooner asked for there being more.
            () = state.recordings.news.notified(), if !blocked && rest.is_none() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Tries each recording that is due once. Returns how many were due. When the archive takes nothing, one is enough to learn it, and after
/// that none is downloaded until there is room.
pub async fn archive_due(state: &AppState, now: i64) -> anyhow::Result<usize> {
    let due = state.store.recordings_due(now, BATCH).await?;
    let tried = due.len();
    let blocked = &state.recordings.blocked;
    if tried > 0 && blocked.load(Relaxed) {
        if let Err(error) = state.recordings.archive.try_room().await {
            tracing::warn!(%error, waiting = tried, "the archive still takes nothing");
            return Ok(tried);
        }
        blocked.store(false, Relaxed);
    }
    futures::stream::iter(due)
        .for_each_concurrent(AT_ONCE, |recording| async move {
            archive_one(state, &recording, now).await;
        })
        .await;
    Ok(tried)
}

async fn pause(state: &AppState) -> Duration {
    match state.store.next_recording_due().await {
        Ok(Some(at)) => Duration::from_millis((at - clock::now()).max(250) as u64).min(IDLE),
        _ => IDLE,
    }
}

async fn archive_one(state: &AppState, recording: &StoredRecording, now: i64) {
    let blocked = &state.recordings.blocked;
    if blocked.load(Relaxed) || state.shutdown.is_cancelled() {
        return;
    }
    let mut lease = now + LEASE_MS;
    match state
        .store
        .claim_recording(&recording.sid, now, lease)
        .await
    {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            blocked.store(true, Relaxed);
            tracing::error!(recording.sid = recording.sid, %error, "a recording could not be taken up");
            return;
        }
    }
    let fetched = tokio::select! {
        fetched = tokio::time::timeout(LONGEST, bring_home(state, recording)) => Some(fetched),
        () = state.shutdown.cancelled() => None,
        () = keep(state, &recording.sid, &mut lease) => {
            tracing::warn!(recording.sid = recording.sid, "another server has taken a recording over");
            return;
        }
    };
    let Some(fetched) = fetched else {
        // Dropping the download left no object.
        if let Err(error) = state.store.release_recording(&recording.sid, lease).await {
            tracing::warn!(recording.sid = recording.sid, %error, "a recording could not be given back");
        }
        return;
    };
    let outcome = fetched.unwrap_or(Err(Failure::TooSlow));
    if matches!(&outcome, Err(failure) if failure.is_the_archives()) {
        blocked.store(true, Relaxed);
    }
    // The database may lie on the same full disk. Until it has taken what came of it, nobody else may try this recording.
    while let Err(error) = settle(state, recording, &outcome, now).await {
        tracing::error!(
            recording.sid = recording.sid,
            error = format!("{error:#}"),
            "what became of a recording could not be stored yet"
        );
        blocked.store(true, Relaxed);
        if clock::now() >= now + LONGEST_SETTLING_MS {
            return;
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(ARCHIVE_PAUSE) => {}
        }
    }
}

/// Renews the lease for as long as this is waited for. Returns when somebody else has the recording.
async fn keep(state: &AppState, sid: &str, lease: &mut i64) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let longer = clock::now() + LEASE_MS;
        match state.store.renew_recording(sid, *lease, longer).await {
            Ok(true) => *lease = longer,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(recording.sid = sid, %error, "a recording's lease could not be renewed yet");
            }
        }
    }
}

/// Stores what came of one attempt.
async fn settle(
    state: &AppState,
    recording: &StoredRecording,
    outcome: &Result<Archived, Failure>,
    now: i64,
) -> anyhow::Result<()> {
    match outcome {
        Ok(archived) => {
            let sid = &recording.sid;
            state.store.recording_archived(sid, archived, now).await?;
            tracing::info!(
                call.sid = recording.call_sid,
                recording.sid,
                size = archived.size,
                "recording archived"
            );
            tell(state, &recording.call_sid).await
        }
        Err(failure) => postpone(state, recording, failure, now).await,
    }
}

async fn postpone(
    state: &AppState,
    recording: &StoredRecording,
    failure: &Failure,
    now: i64,
) -> anyhow::Result<()> {
    let attempts = recording.attempts + 1;
    let not_found = matches!(failure, Failure::Twilio(error) if error.is_not_found());
    let text = failure.to_string();
    if not_found && attempts >= MOST_NOT_FOUND && now - recording.created_at > LONGEST_ABSENCE_MS {
        tracing::error!(
            call.sid = recording.call_sid,
            recording.sid = recording.sid,
            attempts,
            "Twilio has no audio for this recording: given up"
        );
        state.store.recording_failed(&recording.sid, &text).await?;
        return tell(state, &recording.call_sid).await;
    }
    if failure.is_the_archives() {
        tracing::warn!(
            call.sid = recording.call_sid,
            recording.sid = recording.sid,
            error = text,
            "the archive takes nothing: is its disk full, or its store away?"
        );
        let next = now + ARCHIVE_PAUSE.as_millis() as i64;
        let sid = &recording.sid;
        return Ok(state.store.recording_kept_waiting(sid, &text, next).await?);
    }
    let next = now + backoff_ms(attempts);
    tracing::warn!(
        call.sid = recording.call_sid,
        recording.sid = recording.sid,
        attempts,
        error = text,
        "recording not archived yet"
    );
    Ok(state
        .store
        .recording_delayed(&recording.sid, &text, next)
        .await?)
}

/// 5 s, 10 s, 20 s, … up to an hour, each a little off.
fn backoff_ms(attempts: i64) -> i64 {
    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << (attempts - 1).clamp(0, 20));
    let pause = doubled.min(LONGEST_PAUSE_MS);
    pause - (rand::random::<f64>() * 0.2 * pause as f64) as i64
}

/// The call's row changed for those who watch it.
pub(super) async fn tell(state: &AppState, call_sid: &str) -> anyhow::Result<()> {
    if let Ok(sid) = CallSid::parse(call_sid) {
        calls::touch(state, &sid).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        for (attempts, longest) in [
            (0, 5_000),
            (1, 5_000),
            (2, 10_000),
            (5, 80_000),
            (12, LONGEST_PAUSE_MS),
            (1_000, LONGEST_PAUSE_MS),
        ] {
            let pause = backoff_ms(attempts);
            assert!(
                pause <= longest && pause * 10 >= longest * 8,
                "{attempts}: {pause}"
            );
        }
    }
}
