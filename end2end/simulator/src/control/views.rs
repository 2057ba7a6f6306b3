//! What the control API shows.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use hound::WavReader;
use serde_json::{Value, json};

use super::{Filtered, Wrong};
use crate::account::{Recording, Settings};
use crate::call::Leg;
use crate::dates::rfc3339;
use crate::far_end::{FarEnd, TABLE};
use crate::faults::Faults;
use crate::recordings;
use crate::simulator::{RestRequest, Shared};
use crate::switchboard::Event;
use crate::webhook::Attempt;

pub(super) async fn settings(State(simulator): State<Shared>) -> Json<Settings> {
    Json(simulator.account().settings.clone())
}

pub(super) async fn numbers(State(simulator): State<Shared>) -> Json<Value> {
    let set: HashMap<String, FarEnd> = simulator.account().far_ends.clone().into_iter().collect();
    let by_ending: HashMap<&str, &str> = TABLE.into_iter().collect();
    Json(json!({"set": set, "by_ending": by_ending}))
}

pub(super) async fn faults(State(simulator): State<Shared>) -> Json<Faults> {
    Json(simulator.faults().clone())
}

fn show(leg: &Leg, media: Option<&Value>) -> Value {
    json!({
        "sid": leg.sid,
        "parent_call_sid": leg.parent,
        "direction": leg.direction.as_str(),
        "from": leg.from,
        "to": leg.to,
        "status": leg.status.as_str(),
        "live": !leg.status.is_terminal(),
        "created_at": rfc3339(leg.created),
        "answered_at": leg.answered.map(rfc3339),
        "ended_at": leg.ended.map(rfc3339),
        "duration_secs": leg.ended.map(|_| leg.duration_secs()),
        // What this party pressed.
        "digits": leg.digits,
        "media": media,
    })
}

async fn show_all(simulator: &Shared, legs: Vec<Leg>) -> Vec<Value> {
    let mut shown = Vec::new();
    for leg in legs {
        let media = if leg.is_client() && !leg.status.is_terminal() {
            media(simulator, &leg).await
        } else {
            None
        };
        shown.push(show(&leg, media.as_ref()));
    }
    shown
}

async fn media(simulator: &Shared, leg: &Leg) -> Option<Value> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let call = leg.parent.as_ref().unwrap_or(&leg.sid);
    simulator.tell(call.as_str(), Event::Stats(reply));
    answer.await.ok()?.remove(leg.sid.as_str())
}

/// Newest first.
pub(super) async fn calls(State(simulator): State<Shared>) -> Json<Value> {
    let legs: Vec<Leg> = simulator.account().calls.iter().rev().cloned().collect();
    Json(json!({"calls": show_all(&simulator, legs).await}))
}

pub(super) async fn call(
    State(simulator): State<Shared>,
    Path(sid): Path<String>,
) -> Result<Json<Value>, Wrong> {
    let leg = simulator
        .account()
        .call(&sid)
        .cloned()
        .ok_or_else(|| Wrong(StatusCode::NOT_FOUND, format!("no leg {sid}")))?;
    Ok(Json(show_all(&simulator, vec![leg]).await.remove(0)))
}

pub(super) async fn recordings(State(simulator): State<Shared>) -> Json<Value> {
    let found: Vec<Recording> = simulator
        .account()
        .recordings
        .iter()
        .rev()
        .cloned()
        .collect();
    let shown: Vec<Value> = found
        .iter()
        .map(|recording| {
            let levels = recording.wav.as_deref().and_then(levels);
            json!({
                "sid": recording.sid,
                "call_sid": recording.call,
                "status": recording.status,
                "channels": recording.channels,
                "source": recording.source,
                "duration_secs": recording.duration_secs,
                "bytes": recording.wav.as_ref().map(|wav| wav.len()),
                "url": recordings::url(&simulator, &recording.sid),
                // Root mean square of each channel, the parent leg's first: above 50 somebody was heard.
                "rms": levels,
            })
        })
        .collect();
    Json(json!({"recordings": shown}))
}

fn levels(wav: &[u8]) -> Option<Vec<f64>> {
    let mut reader = WavReader::new(wav).ok()?;
    let channels = usize::from(reader.spec().channels);
    let mut sums = vec![0.0; channels];
    let frames = reader.duration().max(1);
    for (index, sample) in reader.samples::<i16>().enumerate() {
        sums[index % channels] += f64::from(sample.ok()?).powi(2);
    }
    Some(
        sums.into_iter()
            .map(|sum| (sum / f64::from(frames)).sqrt().round())
            .collect(),
    )
}

/// Oldest first, filtered by `kind`, `call_sid` and `since` (the number of an attempt).
pub(super) async fn webhooks(
    State(simulator): State<Shared>,
    Query(filter): Filtered,
) -> Json<Value> {
    let log = simulator.log();
    let fits = |attempt: &&Attempt| {
        filter
            .kind
            .as_deref()
            .is_none_or(|kind| attempt.kind.as_str() == kind)
            && filter.call_sid.as_deref().is_none_or(|sid| {
                attempt.call_sid.as_str() == sid
                    || attempt
                        .params
                        .get("ParentCallSid")
                        .is_some_and(|parent| parent == sid)
            })
            && filter.since.is_none_or(|since| attempt.n >= since)
    };
    let shown: Vec<&Attempt> = log.webhooks.iter().filter(fits).collect();
    Json(json!({"webhooks": shown}))
}

pub(super) async fn requests(State(simulator): State<Shared>) -> Json<Value> {
    let shown: Vec<RestRequest> = simulator.log().requests.clone();
    Json(json!({"requests": shown}))
}

pub(super) async fn alerts(State(simulator): State<Shared>) -> Json<Value> {
    let account = simulator.account();
    let shown: Vec<Value> = account
        .alerts
        .iter()
        .map(|alert| json!({"code": alert.code, "text": alert.text, "url": alert.url, "call_sid": alert.call, "at": rfc3339(alert.at)}))
        .collect();
    Json(json!({"alerts": shown}))
}

pub(super) async fn sockets(State(simulator): State<Shared>) -> Json<Value> {
    let gateway = simulator.gateway();
    let shown: Vec<Value> =
        gateway.sockets.iter().map(|(id, socket)| json!({"id": id, "identity": socket.identity, "registered": socket.registered})).collect();
    Json(json!({"sockets": shown}))
}
