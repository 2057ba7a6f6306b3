//! Work that goes on beside the requests. What it has to do stands in the database, so work that panics is simply begun again.

use super::state::AppState;
use metrics::counter;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub const PANICS: &str = "almasar_background_panics_total";

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Keeps `work` going until shutdown; `what` names it in the log.
pub fn keep<F>(state: &AppState, what: &'static str, work: fn(AppState) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (begun, shutdown) = (state.clone(), state.shutdown.clone());
    let begin = move || work(begun.clone());
    state
        .tasks
        .spawn(begun_again(what, FIRST_PAUSE, shutdown, begin));
}

async fn begun_again<F>(
    what: &'static str,
    mut pause: Duration,
    shutdown: CancellationToken,
    begin: impl Fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    // The panic itself is in the log already, by its hook.
    while tokio::spawn(begin()).await.is_err() {
        counter!(PANICS).increment(1);
        tracing::error!(what, "background work panicked; begun again in {pause:?}");
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn work_that_panics_is_begun_again_until_it_ends_by_itself() {
        let begun = Arc::new(AtomicU32::new(0));
        let counted = begun.clone();
        let work = move || {
            let times = counted.fetch_add(1, SeqCst) + 1;
            async move { assert!(times > 3, "time {times}") }
        };
        begun_again("a test", SOON, CancellationToken::new(), work).await;
        assert_eq!(begun.load(SeqCst), 4);
    }

    #[tokio::test]
    async fn a_server_that_stops_begins_nothing_again() {
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let work = || async { panic!("always") };
        begun_again("a test", LONGEST_PAUSE, shutdown, work).await;
    }
}
