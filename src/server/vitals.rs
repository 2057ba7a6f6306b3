//! What `/metrics` tells: how long Twilio waits for us and we for Twilio, what is refused, what waits and since when. Every name is here or beside what
//! it counts, and all of them are there from the start, so that a rule that watches one never watches nothing.

use super::{
    background, clock,
    refusals::Reason,
    state::AppState,
    store::{Store, StoreError, StuckWork},
};
use crate::domain::call::Event;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use std::time::{Duration, Instant};

/// In seconds: fine where the TwiML route's 50 ms and 1 s are, coarse up to how late a callback may be.
pub const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0,
];

/// What Twilio told us or asked for, and could not be written down.
pub const NOT_KEPT: &str = "almasar_not_kept_total";

/// How old what is told may be.
const EVERY: Duration = Duration::from_secs(5);
/// A recording that is not there so long after the call is missing.
const RECORDING_MS: i64 = 2 * 60 * 1000;
/// Work that has waited so long is stuck, …
const PATIENCE_MS: i64 = 15 * 60 * 1000;
/// … and what was given up is told of for so long.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const MOST_STUCK: i64 = 1000;

/// Gives every metric its meaning, and a first value.
pub fn describe() {
    describe_histogram!(
        "almasar_twiml_seconds",
        Unit::Seconds,
        "How long Twilio waited for TwiML, by route; whoever calls hears nothing meanwhile"
    );
    describe_histogram!(
        "almasar_webhook_seconds",
        Unit::Seconds,
        "How long Twilio waited until a callback was durable, by route"
    );
    describe_histogram!(
        "almasar_callback_lag_seconds",
        Unit::Seconds,
        "From what happened at Twilio, by its clock, until its callback was here"
    );
    describe_counter!(
        "almasar_callbacks_total",
        "Callbacks taken in, repeated ones included, by kind"
    );
    describe_counter!(
        "almasar_refusals_total",
        "Requests that were turned away, by reason"
    );
    describe_counter!(
        "almasar_reconcile_checks_total",
        "Calls that Twilio was asked about, by what came of it"
    );
    describe_gauge!(
        "almasar_reconcile_gap",
        "Calls whose end, and recordings, that Twilio has not told us of yet although they are due"
    );
    describe_gauge!(
        "almasar_job_age_seconds",
        Unit::Seconds,
        "How long the oldest work that is due has waited"
    );
    describe_gauge!(
        "almasar_stuck_work",
        "Work that does not get on by itself, or was given up in the last 30 days"
    );
    describe_counter!(
        "almasar_log_lines_lost_total",
        "Lines of the log that nobody took in time, or that its disk had no room for"
    );
    describe_counter!(
        NOT_KEPT,
        "Twilio's requests that could not be written down: callbacks are repeated, callers hear an apology"
    );
    describe_counter!(
        background::PANICS,
        "Background work that panicked and was begun again"
    );
    describe_gauge!("almasar_sse_clients", "Open event streams");
    describe_gauge!(
        "almasar_people_in_flight",
        "Requests of people's that are worked on"
    );
    describe_gauge!("almasar_connections", "Open connections");
    describe_gauge!(
        "almasar_db_connections",
        "Connections to the database that read, by state"
    );
    describe_gauge!(
        "almasar_writer_queue",
        "Commands that wait for the one who writes to the database"
    );
    let at_the_door = Reason::ALL.map(Reason::as_str);
    for reason in at_the_door
        .into_iter()
        .chain(["overload", "streams", "slow"])
    {
        counter!("almasar_refusals_total", "reason" => reason).increment(0);
    }
    counter!("almasar_log_lines_lost_total").increment(0);
    counter!(background::PANICS).increment(0);
    for outcome in ["answered", "failed", "lost", "given_up"] {
        counter!("almasar_reconcile_checks_total", "outcome" => outcome).increment(0);
    }
    for kind in ["status", "recording"] {
        counter!("almasar_callbacks_total", "kind" => kind).increment(0);
        let _ = histogram!("almasar_webhook_seconds", "route" => kind);
    }
    for route in ["status", "recording", "outbound"] {
        counter!(NOT_KEPT, "route" => route).increment(0);
    }
    for route in ["outbound", "bridge", "after-dial"] {
        let _ = histogram!("almasar_twiml_seconds", "route" => route);
    }
    let _ = histogram!("almasar_callback_lag_seconds");
    gauge!("almasar_sse_clients").increment(0.0);
}

/// Keeps the metrics fresh until shutdown.
pub async fn run(state: AppState) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = refresh(&state, clock::now()).await {
            tracing::warn!(%error, "what waits could not be counted");
        }
        // Samples are folded into their buckets here; without that, a server whose metrics nobody reads keeps them all.
        super::telemetry::metrics().run_upkeep();
    }
}

/// Measures what has to be looked up.
pub async fn refresh(state: &AppState, now: i64) -> Result<(), StoreError> {
    let places = |all: &tokio::sync::Semaphore, most: usize| {
        most.saturating_sub(all.available_permits()) as f64
    };
    let (room, most) = (&state.room, state.room.most);
    gauge!("almasar_people_in_flight").set(places(&room.people, most.people));
    gauge!("almasar_connections").set(places(&room.connections, most.connections));
    let load = state.store.load();
    let idle = load.idle.min(load.connections as usize);
    gauge!("almasar_db_connections", "state" => "idle").set(idle as f64);
    gauge!("almasar_db_connections", "state" => "busy")
        .set((load.connections as usize - idle) as f64);
    gauge!("almasar_writer_queue").set(load.queued as f64);

    let backlog = state.store.backlog(now - RECORDING_MS).await?;
    gauge!("almasar_reconcile_gap", "what" => "call").set(backlog.calls as f64);
    gauge!("almasar_reconcile_gap", "what" => "recording").set(backlog.recordings as f64);
    let age = |since: Option<i64>| since.map_or(0, |since| (now - since).max(0)) as f64 / 1000.0;
    gauge!("almasar_job_age_seconds", "job" => "archive").set(age(backlog.audio_since));
    gauge!("almasar_job_age_seconds", "job" => "reconcile").set(age(backlog.question_due_at));
    let stuck = stuck(&state.store, now, MOST_STUCK).await?;
    for work in ["audio", "recording", "call"] {
        let count = stuck.iter().filter(|one| one.work == work).count();
        gauge!("almasar_stuck_work", "work" => work).set(count as f64);
    }
    Ok(())
}

/// What does not get on by itself, and what was given up lately; the oldest first.
pub async fn stuck(store: &Store, now: i64, limit: i64) -> Result<Vec<StuckWork>, StoreError> {
    store
        .stuck_work(now - PATIENCE_MS, now - REMEMBERED_MS, limit)
        .await
}

/// What is counted of a callback once it is durable, and has gone where it is kept.
pub struct Heard {
    kind: &'static str,
    lag_ms: Option<i64>,
}

impl Heard {
    pub fn of(event: &Event) -> Self {
        // Only the status of a leg says when it came about.
        let lag_ms = (event.at != event.received_at).then(|| event.received_at - event.at);
        Self {
            kind: event.fact.kind(),
            lag_ms,
        }
    }

    pub fn count(self) {
        counter!("almasar_callbacks_total", "kind" => self.kind).increment(1);
        if let Some(lag_ms) = self.lag_ms {
            histogram!("almasar_callback_lag_seconds").record(lag_ms.max(0) as f64 / 1000.0);
        }
    }
}

/// Measures how long one of Twilio's routes takes.
pub async fn timed(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let taken = begun.elapsed().as_secs_f64();
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    let route = path.rsplit('/').next().unwrap_or_default().to_owned();
    if response.status().is_server_error() {
        counter!(NOT_KEPT, "route" => route.clone()).increment(1);
    }
    if path.contains("/twiml/") {
        histogram!("almasar_twiml_seconds", "route" => route).record(taken);
    } else {
        histogram!("almasar_webhook_seconds", "route" => route).record(taken);
    }
    response
}
