//! Twilio's callbacks as events: which parameters mean what. What makes no sense is kept in the log and means nothing.

use crate::{
    domain::{
        call::{Event, Fact, Leg, Side, Status},
        sid::CallSid,
    },
    server::{error::Result, routes::signed::Params},
};
use sha2::{Digest, Sha256};

/// Longer keys are replaced by their hash: they are part of an index.
const LONGEST_KEY: usize = 120;
/// A call may last four hours; nothing that Twilio counts in seconds is longer than a month.
const LONGEST_SECS: i64 = 31 * 86_400;
/// What is shown of a text that should have been a number.
const LONGEST_PARTY: usize = 100;

/// The status of a leg: `statusCallback` of `<Number>`, `<Client>`, the TwiML App and `makeCall`.
pub fn status(params: Params, now: i64) -> Result<Event> {
    let leg = params.call_sid()?;
    let parent = params.other_call_sid("ParentCallSid")?;
    let status = params.filled("CallStatus");
    let fact = Fact::Leg(Leg {
        side: if parent.is_some() {
            Side::Child
        } else {
            Side::Parent
        },
        status: status.and_then(|status| status.parse().ok()),
        duration_secs: params.get("CallDuration").and_then(seconds),
        from: party(params.get("From").unwrap_or_default()),
        to: party(params.get("To").unwrap_or_default()),
        direction: party(params.get("Direction").unwrap_or_default()),
    });
    let number = params
        .filled("SequenceNumber")
        .filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
    Ok(Event {
        key: key(&params, number, status),
        at: timestamp(&params, now),
        call: parent.unwrap_or_else(|| leg.clone()),
        leg,
        received_at: now,
        fact,
        params: params.into_pairs(),
    })
}

/// The outcome of a `<Dial>`: its `action`.
pub fn dial(params: Params, now: i64) -> Result<Event> {
    let call = params.call_sid()?;
    let child = params.other_call_sid("DialCallSid")?;
    let status = params.filled("DialCallStatus");
    let fact = Fact::Dial {
        status: status.and_then(dial_status),
        duration_secs: params.get("DialCallDuration").and_then(seconds),
        child: child.clone(),
    };
    let key = key(&params, child.as_ref().map(CallSid::as_str), status);
    Ok(of_parent(params, &call, key, fact, now))
}

/// Where a recording stands: `recordingStatusCallback`. Its `CallSid` is the parent's. `RecordingUrl` is kept and never followed.
pub fn recording(params: Params, now: i64) -> Result<Event> {
    let call = params.call_sid()?;
    let sid = params.recording_sid()?;
    let status = params.filled("RecordingStatus");
    let key = key(&params, sid.as_ref().map(|sid| sid.as_str()), status);
    let fact = Fact::Recording {
        sid,
        status: status.and_then(|status| status.parse().ok()),
        duration_secs: params.get("RecordingDuration").and_then(seconds),
        channels: params
            .get("RecordingChannels")
            .and_then(|text| text.parse().ok())
            .filter(|channels| matches!(channels, 1 | 2)),
        source: params.filled("RecordingSource").map(party),
        started_at: params.filled("RecordingStartTime").and_then(rfc2822),
    };
    Ok(of_parent(params, &call, key, fact, now))
}

/// What Twilio says of the parent leg without saying when.
fn of_parent(params: Params, call: &CallSid, key: String, fact: Fact, now: i64) -> Event {
    Event {
        key,
        params: params.into_pairs(),
        ..Event::ours(call, fact, now)
    }
}

/// Did the one who was dialled answer?
pub fn was_answered(params: &Params) -> bool {
    params.get("DialCallStatus").and_then(dial_status) == Some(Status::Completed)
}

/// `answered` is how `<Dial>` names a completed call whose child still lives; for us it has been answered and is over.
fn dial_status(text: &str) -> Option<Status> {
    match text {
        "answered" => Some(Status::Completed),
        text => text.parse().ok(),
    }
}

/// `number:status`, or a hash of the sorted parameters where one of them is missing.
fn key(params: &Params, number: Option<&str>, status: Option<&str>) -> String {
    match (number, status) {
        (Some(number), Some(status)) if number.len() + status.len() < LONGEST_KEY => {
            clean(&format!("{number}:{status}"))
        }
        _ => {
            let mut pairs: Vec<_> = params.pairs().iter().collect();
            pairs.sort();
            hash(&serde_json::json!(pairs).to_string())
        }
    }
}

/// SHA-256, in hexadecimal.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A duration as Twilio writes it; −1, NaN, 2^63 and the like are none.
fn seconds(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|secs| (0..=LONGEST_SECS).contains(secs))
}

fn timestamp(params: &Params, now: i64) -> i64 {
    params.filled("Timestamp").and_then(rfc2822).unwrap_or(now)
}

fn rfc2822(text: &str) -> Option<i64> {
    Some(
        jiff::fmt::rfc2822::parse(text)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// Who takes part, as a text that may be stored and shown whatever it is.
pub fn party(text: &str) -> String {
    clean(text).chars().take(LONGEST_PARTY).collect()
}

/// PostgreSQL stores no NUL.
pub fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
