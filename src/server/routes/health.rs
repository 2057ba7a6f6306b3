//! For operators: is it alive, is it ready, how is it doing.

use crate::server::{
    error::{Error, Result},
    state::AppState,
    telemetry,
};
use axum::extract::State;
use std::time::Duration;
use tokio::time::timeout;

/// Whoever asks gives up sooner than the archive's own patience ends.
const LONGEST: Duration = Duration::from_secs(3);

pub async fn alive() -> &'static str {
    "alive\n"
}

/// Ready when the database and the archive can be reached.
pub async fn ready(State(state): State<AppState>) -> Result<&'static str> {
    let unreachable = |what: &str, error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "not ready: the {what} cannot be reached");
        Error::unavailable(format!("The {what} cannot be reached"))
    };
    timeout(LONGEST, state.store.ping())
        .await
        .map_err(|silence| unreachable("database", &silence))?
        .map_err(|error| unreachable("database", &error))?;
    timeout(LONGEST, state.recordings.ping())
        .await
        .map_err(|silence| unreachable("archive", &silence))?
        .map_err(|error| unreachable("archive", &error))?;
    Ok("ready\n")
}

pub async fn metrics() -> String {
    telemetry::metrics().render()
}
