//! What Twilio's API says of a call, as the same events that its callbacks become, under keys of their own: the fold decides, and hearing a thing
//! both ways changes nothing.

use super::super::callbacks::party;
use crate::{
    domain::{
        call::{Event, Fact, Leg, Side, Status},
        recording::RecordingStatus,
        sid::CallSid,
    },
    server::twilio::resources::{Call, Recording},
};
use jiff::Timestamp;

/// Is that leg over, in Twilio's words?
pub fn is_over(leg: &Call) -> bool {
    leg.status
        .parse()
        .is_ok_and(|status: Status| status.is_terminal())
}

/// One leg of a call.
pub fn leg(call: &CallSid, leg: &Call, now: i64) -> Event {
    let status: Option<Status> = leg.status.parse().ok();
    let over = status.is_some_and(Status::is_terminal);
    // Of a leg that was answered, `start_time` is when.
    let at = if over { leg.end_time } else { leg.start_time };
    let text = |text: &Option<String>| party(text.as_deref().unwrap_or_default());
    let fact = Fact::Leg(Leg {
        side: if leg.sid == *call {
            Side::Parent
        } else {
            Side::Child
        },
        status,
        duration_secs: leg.duration.filter(|secs| over && *secs >= 0),
        from: text(&leg.from),
        to: text(&leg.to),
        direction: text(&leg.direction),
    });
    Event {
        call: call.clone(),
        leg: leg.sid.clone(),
        key: format!("rest:{}", party(&leg.status)),
        at: at.map_or(now, Timestamp::as_millisecond),
        received_at: now,
        fact,
        params: said(&[
            ("CallStatus", Some(leg.status.clone())),
            ("CallDuration", leg.duration.map(|secs| secs.to_string())),
            ("From", leg.from.clone()),
            ("To", leg.to.clone()),
        ]),
    }
}

/// One recording of a call; `None` when its state is none that we know.
pub fn recording(call: &CallSid, recording: &Recording, now: i64) -> Option<Event> {
    let status: RecordingStatus = recording.status.parse().ok()?;
    let started_at = recording.start_time.or(recording.date_created);
    Some(Event {
        call: call.clone(),
        leg: call.clone(),
        key: format!("rest:{}:{status}", recording.sid),
        at: now,
        received_at: now,
        fact: Fact::Recording {
            sid: Some(recording.sid.clone()),
            status: Some(status),
            duration_secs: recording.duration,
            channels: recording.channels.filter(|count| matches!(count, 1 | 2)),
            source: recording.source.as_deref().map(party),
            started_at: started_at.map(Timestamp::as_millisecond),
        },
        params: said(&[
            ("RecordingSid", Some(recording.sid.to_string())),
            ("RecordingStatus", Some(recording.status.clone())),
            (
                "RecordingDuration",
                recording.duration.map(|secs| secs.to_string()),
            ),
        ]),
    })
}

/// The call is over, since nobody knows of it any more. When it ended is not known either: no earlier than when it was last heard of. Whatever Twilio
/// may say yet outweighs this.
pub fn lost(call: &CallSid, reason: &str, heard_at: i64, now: i64) -> Event {
    Event {
        call: call.clone(),
        leg: call.clone(),
        key: "rest:lost".to_owned(),
        at: heard_at,
        received_at: now,
        fact: Fact::Leg(Leg {
            side: Side::Parent,
            status: Some(Status::Canceled),
            duration_secs: None,
            from: String::new(),
            to: String::new(),
            direction: String::new(),
        }),
        params: said(&[("Reason", Some(party(reason)))]),
    }
}

fn said(pairs: &[(&str, Option<String>)]) -> Vec<(String, String)> {
    let by = ("CallbackSource".to_owned(), "reconciliation".to_owned());
    let known = pairs
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), party(value.as_deref()?))));
    std::iter::once(by).chain(known).collect()
}
