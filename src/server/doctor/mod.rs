//! The doctor: asks what has to be true before a call can work, says in words what it found, and mends the one thing at Twilio that
//! breaks most often, the TwiML App.
//!
//! Each family of checks is a file: a typed finding, a function that looks, and the words. The checks run side by side; one that needs what
//! another found wanting is skipped and says so, so that one fault is named once.

mod check;
pub mod database;
pub mod mend;
mod report;

pub use check::{Check, Group, Status};
pub use report::{Change, Finding, Found, Report, Unasked, by_urgency, gravest};

use super::{
    auth, clock,
    config::Config,
    recordings::Recordings,
    state::AppState,
    store::Store,
    twilio::{self, signature::Verifier},
};
use futures::{Stream, StreamExt, stream::FuturesUnordered};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How long may be waited for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one request.
    pub answer: Duration,
    /// For a check, from the beginning of the examination: what it has to wait for included.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(6),
            whole: Duration::from_secs(12),
        }
    }
}

/// What is examined. What could not be opened says why, and only the checks that need it are skipped.
pub struct Installation {
    pub config: Arc<Config>,
    pub store: Result<Store, String>,
    pub recordings: Result<Recordings, String>,
    pub twilio: twilio::Client,
    pub verifier: Arc<Verifier>,
}

impl Installation {
    /// That of a running server.
    pub fn of(state: &AppState) -> Self {
        Self {
            config: state.config.clone(),
            store: Ok(state.store.clone()),
            recordings: Ok(state.recordings.clone()),
            twilio: state.twilio.clone(),
            verifier: state.verifier.clone(),
        }
    }
}

/// What the checks of one examination share.
pub(crate) struct Examination {
    pub installation: Installation,
    pub limits: Limits,
    /// When it began, in milliseconds since 1970.
    pub now: i64,
}

/// Examines a running server. Each check is reported as it finishes; the last within [`Limits::whole`].
pub fn run(state: &AppState) -> impl Stream<Item = Report> + Send + use<> {
    examine(Installation::of(state), Limits::default(), clock::now())
}

/// As [`run`], for an installation that may be broken, and with other limits. `now` is in milliseconds since 1970.
pub fn examine(
    installation: Installation,
    limits: Limits,
    now: i64,
) -> impl Stream<Item = Report> + Send + use<> {
    let examination = Arc::new(Examination {
        installation,
        limits,
        now,
    });
    let checks: FuturesUnordered<_> = Check::ALL
        .into_iter()
        .filter_map(|check| match check {
            Check::Database => Some(report(check, examination.clone())),
            _ => None,
        })
        .collect();
    checks.boxed()
}

async fn report(check: Check, examination: Arc<Examination>) -> Report {
    let begun = Instant::now();
    let limit = examination.limits.whole;
    let found = timeout(limit, look(check, &examination))
        .await
        .unwrap_or_else(|_| Unasked::NoTime(limit).into());
    Report {
        check,
        found,
        took: begun.elapsed(),
    }
}

async fn look(check: Check, examination: &Examination) -> Found {
    match check {
        Check::Database => database::look(examination).await.into(),
        _ => Unasked::After(Check::Configuration).into(),
    }
}

/// Letters and digits that nobody guesses.
fn nonce() -> String {
    auth::session::random_hex(16)
}
