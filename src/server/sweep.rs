//! The daily sweep: what nobody will ask for again. (Recordings have their own: `recordings::retention`.)

use super::{auth::session, clock, state::AppState, store::StoreError};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// At once, and then every day until shutdown.
pub async fn run(state: AppState) {
    loop {
        if let Err(error) = sweep(&state, clock::now()).await {
            tracing::error!(%error, "what is out of date could not be swept away");
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn sweep(state: &AppState, now: i64) -> Result<(), StoreError> {
    state.store.forget_phones(now).await?;
    state.store.forget_sessions(now, session::IDLE_MS).await
}
