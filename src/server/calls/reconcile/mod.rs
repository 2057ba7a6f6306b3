//! Reconciliation: asks Twilio about calls that should have ended and recordings that should have come. Callbacks may be lost, all of them; with
//! this every call ends and every recording is found, even so.
//!
//! A call is watched from the change that made it one to ask about, found by its change number, so that nothing is overlooked for our having been
//! down. `plan` decides, `report` makes events of the answers, and those are recorded like callbacks.

pub mod plan;
mod report;

use super::record;
use crate::{
    domain::sid::CallSid,
    server::{
        clock,
        config::Config,
        error::Error,
        routes::twiml::LONGEST_CALL_SECS,
        state::AppState,
        store::{StoreError, Watched},
        twilio::TwilioError,
    },
};
use futures::{StreamExt, future::join_all};
use plan::{Answer, Next, Question, Rules, Step};
use std::time::Duration;

/// The change up to which calls are watched; a setting.
const SEEN: &str = "reconciled_change";
/// So many changes are looked through by one statement: Twilio's callbacks wait while it runs.
const STRIDE: i64 = 500;
const TICK: Duration = Duration::from_secs(5);
const BATCH: i64 = 100;
const AT_ONCE: usize = 4;
/// Twenty calls a second are asked about at most.
const PACE: Duration = Duration::from_millis(50);
/// For how long it can be read why something was given up.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Runs until shutdown. What waits is in the database, and is taken up at the next start.
pub async fn run(state: AppState) {
    if let Err(error) = state
        .store
        .forget_reconciliations(clock::now() - REMEMBERED_MS)
        .await
    {
        tracing::warn!(%error, "what was given up long ago could not be forgotten");
    }
    loop {
        let tried = tokio::select! {
            () = state.shutdown.cancelled() => return,
            tried = round(&state, clock::now()) => tried,
        };
        let busy = match tried {
            Ok(tried) => tried as i64 == BATCH,
            Err(error) => {
                tracing::error!(%error, "what Twilio is to be asked about cannot be read");
                false
            }
        };
        let pause = if busy {
            state.twilio.rest().unwrap_or_default()
        } else {
            TICK
        };
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Looks once at everything whose turn it is. Returns how many that were.
pub async fn round(state: &AppState, now: i64) -> Result<usize, StoreError> {
    let rules = Rules::of(&state.config);
    watch(state, &rules, now).await?;
    let due = state.store.reconciliations_due(now, BATCH).await?;
    let found = due.len();
    let mut questions = Vec::new();
    let mut answered = Vec::new();
    for call in due {
        match plan::step(&call, &rules, now) {
            Step::Ask(question) => questions.push((call, question)),
            step => answered.push((call, step)),
        }
    }
    // At once, so that one commit serves them all.
    let stored = join_all(answered.iter().map(|(call, step)| async move {
        match step {
            Step::Wait(until) => {
                state
                    .store
                    .reconciliation_delayed(&call.call_sid, None, *until)
                    .await
            }
            _ => state.store.reconciliation_done(&call.call_sid).await,
        }
    }));
    stored.await.into_iter().collect::<Result<(), _>>()?;
    let paced = async_stream::stream! {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for question in questions {
            pace.tick().await;
            yield question;
        }
    };
    paced
        .for_each_concurrent(AT_ONCE, |(call, question)| {
            check(state, &rules, call, question, now)
        })
        .await;
    Ok(found)
}

impl Rules {
    fn of(config: &Config) -> Self {
        Self {
            ring: i64::from(config.ring_timeout_secs) * 1000,
            longest_call: i64::from(LONGEST_CALL_SECS) * 1000,
            recorded: config.record_calls,
        }
    }
}

/// Watches what has changed since the last look.
async fn watch(state: &AppState, rules: &Rules, now: i64) -> Result<(), StoreError> {
    let newest = state.store.newest_change().await?;
    let seen = state.store.setting(SEEN).await?;
    let mut seen: i64 = seen.and_then(|text| text.parse().ok()).unwrap_or(0);
    while seen < newest {
        let upto = newest.min(seen + STRIDE);
        state
            .store
            .watch_changes(seen, upto, &rules.watch(now), now)
            .await?;
        state.store.set_setting(SEEN, &upto.to_string()).await?;
        seen = upto;
    }
    Ok(())
}

/// Asks about one call, and stores what follows.
async fn check(state: &AppState, rules: &Rules, call: Watched, question: Question, now: i64) {
    // Twilio has asked to be left alone: it stays this call's turn.
    if state.twilio.rest().is_some() {
        return;
    }
    let outcome = async {
        let sid = CallSid::parse(&call.call_sid).map_err(|_| no_sid(&call))?;
        let luck = rand::random();
        let if_we_fail = plan::after_failure(call.failures, luck, now);
        if !state
            .store
            .claim_reconciliation(&sid, now, if_we_fail)
            .await?
        {
            return Ok(());
        }
        let asked = match question {
            Question::Legs => legs(state, &sid, &call, now).await?,
            Question::Recordings => recordings(state, &sid, now).await?,
        };
        let answer = asked.unwrap_or_else(|error| Answer::Failed(error.to_string()));
        settle(
            state,
            &sid,
            &call,
            plan::next(&call, answer, rules, luck, now),
            now,
        )
        .await
    };
    if let Err(error) = outcome.await {
        let error: Error = error;
        tracing::error!(call.sid = call.call_sid, %error, "what Twilio said of a call could not be stored");
    }
}

async fn settle(
    state: &AppState,
    sid: &CallSid,
    call: &Watched,
    next: Next,
    now: i64,
) -> Result<(), Error> {
    let outcome = match &next {
        Next::At { error: None, .. } => "answered",
        Next::At { .. } => "failed",
        Next::Lost(_) => "lost",
        Next::GiveUp(_) => "given_up",
    };
    metrics::counter!("almasar_reconcile_checks_total", "outcome" => outcome).increment(1);
    match next {
        Next::At { at, error } => {
            if let Some(error) = &error {
                tracing::warn!(call.sid = %sid, error, failures = call.failures + 1, "Twilio could not be asked about a call");
            }
            let error = error.as_deref();
            state
                .store
                .reconciliation_delayed(sid.as_str(), error, at)
                .await?;
        }
        Next::Lost(reason) => {
            tracing::error!(call.sid = %sid, reason, "a call is closed, since nobody knows what became of it");
            record(state, report::lost(sid, &reason, call.heard_at, now)).await?;
            state
                .store
                .reconciliation_given_up(sid.as_str(), &reason, now)
                .await?;
        }
        Next::GiveUp(reason) => {
            tracing::error!(call.sid = %sid, reason, asked = call.asked + 1, "a recording is not looked for any more");
            state
                .store
                .reconciliation_given_up(sid.as_str(), &reason, now)
                .await?;
        }
    }
    Ok(())
}

/// The parent leg, and what it dialled where that matters: when it is over, it can dial no more; when nobody has answered, somebody may have. The
/// children come first, since what the parent says of the outcome is the weaker word.
async fn legs(
    state: &AppState,
    sid: &CallSid,
    call: &Watched,
    now: i64,
) -> Result<Result<Answer, TwilioError>, Error> {
    let twilio = state.twilio.without_repeats();
    let parent = match twilio.fetch_call(sid).await {
        Ok(parent) => parent,
        Err(error) if error.is_not_found() => return Ok(Ok(Answer::Unknown)),
        Err(error) => return Ok(Err(error)),
    };
    let children = if report::is_over(&parent) || call.answered_at.is_none() {
        match twilio.children_of(sid).await {
            Ok(children) => children,
            Err(error) => return Ok(Err(error)),
        }
    } else {
        Vec::new()
    };
    let mut over = false;
    for leg in children.iter().chain([&parent]) {
        let recorded = record(state, report::leg(sid, leg, now)).await?;
        over = recorded.call.outcome().status.is_terminal();
    }
    Ok(Ok(if over { Answer::Heard } else { Answer::GoesOn }))
}

async fn recordings(
    state: &AppState,
    sid: &CallSid,
    now: i64,
) -> Result<Result<Answer, TwilioError>, Error> {
    let found = match state.twilio.without_repeats().recordings_of(sid).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Ok(Err(error)),
    };
    let mut answer = Answer::NoRecording;
    for event in found
        .iter()
        .filter_map(|found| report::recording(sid, found, now))
    {
        let live = ["in-progress", "processing"]
            .iter()
            .any(|state| event.key.ends_with(state));
        if record(state, event).await?.new {
            tracing::info!(call.sid = %sid, "a recording was found that no callback told of");
        }
        answer = match (live, answer) {
            (true, Answer::NoRecording) => Answer::GoesOn,
            (true, other) => other,
            (false, _) => Answer::Heard,
        };
    }
    Ok(Ok(answer))
}

fn no_sid(call: &Watched) -> Error {
    Error::Internal(anyhow::anyhow!("{:?} is no call's SID", call.call_sid))
}
