//! One examination by the doctor, which every row of a page waits for by itself.

use super::APP_RIGHT_AT;
use crate::server::{
    clock,
    doctor::{self, Check, Limits, Report, Status, Unasked},
    state::AppState,
    store::StoreError,
};
use futures::StreamExt;
use std::{pin::pin, time::Duration};
use tokio::sync::watch;

/// A handle on a running examination; cheap to clone.
#[derive(Debug, Clone)]
pub struct Examination {
    reports: watch::Receiver<Vec<Report>>,
}

impl Examination {
    /// Begins one. It runs to its end or the server's, whoever still listens, and notes what it finds of the TwiML App.
    pub fn begin(state: &AppState) -> Self {
        let (told, reports) = watch::channel(Vec::new());
        let state = state.clone();
        state.tasks.clone().spawn(async move {
            let stopping = state.shutdown.clone().cancelled_owned();
            let mut checks = pin!(doctor::run(&state).take_until(stopping));
            while let Some(report) = checks.next().await {
                if report.check == Check::TwimlApp {
                    note(&state, &report).await;
                }
                told.send_modify(|reports| reports.push(report));
            }
        });
        Self { reports }
    }

    /// The report of one check, as soon as there is one.
    pub async fn of(&self, check: Check) -> Report {
        let found =
            |reports: &[Report]| reports.iter().find(|report| report.check == check).cloned();
        let mut reports = self.reports.clone();
        // An error means that the examination is over; then what it has not reported it never will.
        let _ = reports.wait_for(|reports| found(reports).is_some()).await;
        let last = found(&reports.borrow());
        last.unwrap_or_else(|| unanswered(check))
    }

    /// All reports, once the last is in; the gravest first.
    pub async fn whole(&self) -> Vec<Report> {
        let mut reports = Vec::with_capacity(Check::ALL.len());
        for check in Check::ALL {
            reports.push(self.of(check).await);
        }
        doctor::by_urgency(&mut reports);
        reports
    }
}

fn unanswered(check: Check) -> Report {
    Report {
        check,
        found: Unasked::NoTime(Limits::default().whole).into(),
        took: Duration::ZERO,
    }
}

/// The checklist's first row: it stands as the last check of the App left it.
async fn note(state: &AppState, report: &Report) {
    if let Err(error) = keep(state, report.status()).await {
        tracing::warn!(%error, "what the doctor found of the TwiML App could not be stored");
    }
}

async fn keep(state: &AppState, status: Status) -> Result<(), StoreError> {
    match status {
        Status::Ok => {
            let now = clock::now().to_string();
            state.store.set_setting(APP_RIGHT_AT, &now).await
        }
        Status::Problem if state.store.setting(APP_RIGHT_AT).await?.is_some() => {
            state.store.take_setting(APP_RIGHT_AT).await.map(drop)
        }
        _ => Ok(()),
    }
}
