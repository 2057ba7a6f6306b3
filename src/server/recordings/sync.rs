//! Fetch Recordings: asks Twilio for recordings whose callbacks never came.

use crate::{
    domain::{recording::RecordingStatus, sid::CallSid, user::User, view::FetchProgress},
    server::{
        clock,
        state::AppState,
        store::FoundRecording,
        twilio::{TwilioError, patience::jittered, resources::Recording},
    },
};
use futures::StreamExt;
use jiff::Timestamp;
use std::{collections::HashSet, time::Duration};

/// Even when nothing is known to be missing, Twilio is asked about the last week.
const LEAST_WINDOW_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// A recording may be older than its call's row by the time that its callback took.
const SLACK_MS: i64 = 60 * 60 * 1000;
const MOST_CALLS: i64 = 1000;
/// Calls that Twilio's list did not name, asked about one by one.
const MOST_SINGLE: usize = 50;
const AT_ONCE: usize = 4;
/// People come first after a start, and servers that start together do not ask together.
const AFTER_START: Duration = Duration::from_secs(30);
const ATTEMPTS_AT_START: u32 = 5;

/// Compares with Twilio once after every start, so that what was lost while we were down is found without anybody asking. When Twilio does not answer,
/// again after 1, 2, 4 and 8 minutes.
pub async fn at_start(state: AppState) {
    let mut pause = AFTER_START;
    for _ in 0..ATTEMPTS_AT_START {
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(jittered(pause).max(state.twilio.rest().unwrap_or_default())) => {}
        }
        let compared = tokio::select! {
            () = state.shutdown.cancelled() => return,
            compared = fetch_missing(&state, None) => compared,
        };
        let Err(error) = compared else { return };
        let twilio = error.downcast_ref::<TwilioError>();
        if matches!(twilio, Some(TwilioError::NotConfigured)) {
            return;
        }
        tracing::warn!(
            error = format!("{error:#}"),
            "our recordings could not be compared with Twilio's"
        );
        pause *= 2;
    }
}

/// Looks for the recordings of this user's calls, of everybody's for those who see them, and for `None`: the command line. Tells the user's browsers
/// how far it is, and returns the same at the end.
pub async fn fetch_missing(state: &AppState, user: Option<&User>) -> anyhow::Result<FetchProgress> {
    let _alone = state.recordings.syncing.lock().await;
    let agent = user
        .filter(|user| !user.role.sees_everybodys_calls())
        .map(User::identity);
    let mut sync = Sync {
        state,
        user,
        agent: agent.as_deref(),
        progress: FetchProgress::default(),
        seen: HashSet::new(),
    };
    let outcome = sync.run().await;
    sync.progress.done = true;
    sync.tell();
    if outcome.is_ok() {
        let (theirs, added) = (sync.progress.checked, sync.progress.added);
        tracing::info!(
            theirs,
            ours = theirs - added,
            added,
            "compared recordings: Twilio has {theirs}, we have {}",
            theirs - added
        );
    }
    if sync.progress.added > 0 {
        state.recordings.wake();
    }
    outcome.map(|()| sync.progress)
}

struct Sync<'a> {
    state: &'a AppState,
    user: Option<&'a User>,
    /// The identity to whose calls the search is limited.
    agent: Option<&'a str>,
    progress: FetchProgress,
    /// The calls for which Twilio listed something.
    seen: HashSet<String>,
}

impl Sync<'_> {
    async fn run(&mut self) -> anyhow::Result<()> {
        self.tell();
        let missing = self
            .state
            .store
            .calls_without_recording(self.agent, MOST_CALLS)
            .await?;
        let oldest = missing.iter().map(|(_, started_at)| *started_at).min();
        let since = oldest
            .unwrap_or(i64::MAX)
            .min(clock::now() - LEAST_WINDOW_MS)
            - SLACK_MS;
        match self.list(Timestamp::from_millisecond(since)?).await {
            Ok(()) => {}
            // A server that has no such list can still be asked about each call.
            Err(Stopped::Twilio(error)) if error.is_not_found() => {}
            Err(error) => return Err(error.into_anyhow()),
        }
        let unseen = missing
            .iter()
            .filter(|(sid, _)| !self.seen.contains(sid))
            .filter_map(|(sid, _)| CallSid::parse(sid).ok());
        let unseen: Vec<CallSid> = unseen.take(MOST_SINGLE).collect();
        self.ask_singly(unseen).await
    }

    /// Every page of the account's recordings since then.
    async fn list(&mut self, since: Timestamp) -> Result<(), Stopped> {
        let mut page = Some(self.state.twilio.recordings_since(since).await?);
        while let Some(current) = page {
            for recording in &current.recordings {
                self.take(recording).await?;
            }
            self.tell();
            page = self.state.twilio.recordings_after(&current).await?;
        }
        Ok(())
    }

    async fn ask_singly(&mut self, calls: Vec<CallSid>) -> anyhow::Result<()> {
        let twilio = &self.state.twilio;
        let mut answers = futures::stream::iter(calls)
            .map(|sid| async move { twilio.recordings_of(&sid).await })
            .buffer_unordered(AT_ONCE)
            .boxed();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(recordings) => {
                    for recording in &recordings {
                        self.take(recording).await.map_err(Stopped::into_anyhow)?;
                    }
                    self.tell();
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Stores it where it is of a call of ours. Other applications of the same account have recordings too.
    async fn take(&mut self, recording: &Recording) -> Result<(), Stopped> {
        let Some(call_sid) = recording.call_sid.clone() else {
            return Ok(());
        };
        if !self.state.store.knows_call(&call_sid, self.agent).await? {
            return Ok(());
        }
        self.progress.checked += 1;
        self.seen.insert(call_sid.to_string());
        let Ok(status) = recording.status.parse::<RecordingStatus>() else {
            return Ok(());
        };
        let started_at = recording
            .start_time
            .or(recording.date_created)
            .map(Timestamp::as_millisecond);
        let found = FoundRecording {
            sid: recording.sid.clone(),
            call_sid: call_sid.clone(),
            status: status.as_str(),
            duration_secs: recording.duration,
            channels: recording.channels,
            source: recording.source.clone(),
            started_at,
        };
        if self
            .state
            .store
            .recording_found(&found, clock::now())
            .await?
        {
            self.progress.added += 1;
            tracing::info!(call.sid = %call_sid, recording.sid = %recording.sid, %status, "recording found at Twilio");
            super::fetch::tell(self.state, call_sid.as_str())
                .await
                .map_err(Stopped::Other)?;
        }
        Ok(())
    }

    fn tell(&self) {
        if let Some(user) = self.user {
            self.state.live.publish_fetch(&user.id, self.progress);
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Twilio(#[from] TwilioError),
    #[error(transparent)]
    Store(#[from] crate::server::store::StoreError),
    #[error(transparent)]
    Other(anyhow::Error),
}

impl Stopped {
    /// With Twilio's error outermost, so that the route can tell it from ours.
    fn into_anyhow(self) -> anyhow::Error {
        match self {
            Self::Twilio(error) => error.into(),
            Self::Store(error) => error.into(),
            Self::Other(error) => error,
        }
    }
}
