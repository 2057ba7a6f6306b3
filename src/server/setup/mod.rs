//! What `/setup` is made of beside the doctor's own work: one examination that a whole page follows, the mend that it offers, and the
//! test checklist with which an installation ends.

pub mod examination;
pub mod mend;

pub use examination::Examination;
pub use mend::{Offer, Told};

use super::{
    error::Result,
    state::AppState,
    store::{Store, StoreError, StoredMend, StuckWork},
    vitals,
};
use crate::domain::{
    checklist::{Checklist, Seen},
    user::User,
};

/// Names in `settings`: when the TwiML App was last found right, from when on calls count as evidence, when the checklist was complete.
/// Times are milliseconds since 1970.
const APP_RIGHT_AT: &str = "setup_app_right_at";
const SINCE: &str = "setup_tested_since";
const FINISHED_AT: &str = "setup_finished_at";

/// How many of the newest calls are looked through for evidence.
const CALLS: i64 = 8;
/// How many mends are shown.
const MENDS: i64 = 10;
/// How much of the work that waits.
const STUCK: i64 = 20;

/// What the page shows beside the checks.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub checklist: Checklist,
    pub mends: Vec<StoredMend>,
    /// Work that does not get on, the oldest first.
    pub stuck: Vec<StuckWork>,
    /// What became of this user's mend: shown once.
    pub told: Option<Told>,
}

/// Reads all that the page shows at once.
pub async fn sheet(state: &AppState, user: &User, now: i64) -> Result<Sheet> {
    Ok(Sheet {
        checklist: checklist(state, now).await?,
        mends: state.store.mends(MENDS).await?,
        stuck: vitals::stuck(&state.store, now, STUCK).await?,
        told: mend::told(state, user).await?,
    })
}

/// How the test stands. What is complete for the first time is remembered, and stays so until somebody tests again.
pub async fn checklist(state: &AppState, now: i64) -> Result<Checklist> {
    let (store, records) = (&state.store, state.config.record_calls);
    if let Some(at) = moment(store, FINISHED_AT).await? {
        return Ok(Checklist::finished(at, records));
    }
    let since = moment(store, SINCE).await?.unwrap_or_default();
    let checklist = Seen {
        app_urls: moment(store, APP_RIGHT_AT).await?.is_some(),
        records,
        calls: store.test_calls(since, CALLS).await?,
    }
    .judge();
    if !checklist.is_complete() {
        return Ok(checklist);
    }
    let kept = store.setting_or_insert(FINISHED_AT, &now.to_string()).await;
    match &kept {
        Ok(_) => {
            tracing::info!("every row of the test checklist is done: the installation is complete")
        }
        Err(error) => {
            tracing::warn!(%error, "that the installation is complete could not be stored")
        }
    }
    Ok(Checklist {
        finished_at: Some(now),
        ..checklist
    })
}

/// Forgets that the test was passed: only calls from now on are evidence.
pub async fn test_again(state: &AppState, now: i64) -> Result<()> {
    state.store.set_setting(SINCE, &now.to_string()).await?;
    state.store.take_setting(FINISHED_AT).await?;
    Ok(())
}

async fn moment(store: &Store, name: &str) -> Result<Option<i64>, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("setting {name}"));
    let kept = store.setting(name).await?;
    kept.map(|text| text.parse().map_err(|_| corrupt()))
        .transpose()
}
