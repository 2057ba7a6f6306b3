mod any_order;
mod attempts;
mod page;
mod rest;
mod stories;

use super::*;
use crate::domain::{
    recording::RecordingStatus,
    sid::{CallSid, RecordingSid},
    view::Reason,
};

const START: i64 = 1_700_000_000_000;

fn parent() -> CallSid {
    CallSid::parse(&format!("CA{}", "0".repeat(32))).unwrap()
}

fn child() -> CallSid {
    CallSid::parse(&format!("CA{}", "1".repeat(32))).unwrap()
}

/// An event `secs` after the start.
fn event(secs: i64, leg: &CallSid, fact: Fact) -> Event {
    let at = START + secs * 1000;
    Event {
        call: parent(),
        leg: leg.clone(),
        key: format!("{secs}"),
        at,
        received_at: at,
        fact,
        params: Vec::new(),
    }
}

fn direct() -> Direct {
    Direct {
        agent: Some("user_1".into()),
        from: "+15005550006".into(),
        to: "+966569705616".into(),
        attempt: None,
    }
}

fn unreached(direct: Direct) -> Fact {
    Fact::Unreached {
        direct,
        began_at: START,
    }
}

fn placed() -> Event {
    event(0, &parent(), Fact::Placed(direct()))
}

fn made() -> Event {
    event(0, &parent(), Fact::Made(direct()))
}

fn leg(side: Side, secs: i64, status: &str, duration_secs: Option<i64>) -> Event {
    let sid = if side == Side::Child {
        child()
    } else {
        parent()
    };
    let none = String::new;
    event(
        secs,
        &sid,
        Fact::Leg(Leg {
            side,
            status: status.parse().ok(),
            duration_secs,
            from: none(),
            to: none(),
            direction: none(),
        }),
    )
}

fn customer(secs: i64, status: &str) -> Event {
    leg(
        Side::Child,
        secs,
        status,
        (status == "completed").then_some(7),
    )
}

fn parents(secs: i64, status: &str) -> Event {
    leg(Side::Parent, secs, status, Some(12))
}

fn dial(secs: i64, status: &str) -> Event {
    event(
        secs,
        &parent(),
        Fact::Dial {
            child: Some(child()),
            status: status.parse().ok(),
            duration_secs: None,
        },
    )
}

fn recording(secs: i64, status: RecordingStatus) -> Event {
    let sid = RecordingSid::parse(&format!("RE{}", "2".repeat(32))).ok();
    event(
        secs,
        &parent(),
        Fact::Recording {
            sid,
            status: Some(status),
            duration_secs: Some(7),
            channels: Some(2),
            source: None,
            started_at: None,
        },
    )
}

fn after(events: &[Event]) -> Outcome {
    folded(events).outcome()
}

fn folded(events: &[Event]) -> Call {
    let mut call = Call::new(parent());
    for event in events {
        call.apply(event);
    }
    call
}

fn status(events: &[Event]) -> Status {
    after(events).status
}

#[test]
fn what_a_later_version_noted_is_passed_over() {
    let written = r#"{ "dialled": true, "later": 1, "parent": { "seen": true, "later": {} }, "dial": { "status": "later", "at": 7, "later": [] },
        "origin": { "rank": 9, "value": "later" }, "refused": { "at": 7, "reason": "later" }, "recording": "later" }"#;
    let read: Evidence = serde_json::from_str(written).unwrap();
    assert!(read.dialled && read.parent.seen);
    assert_eq!((read.dial.status, read.dial.at), (None, Some(7)));
    assert_eq!(
        (read.origin, read.refused, read.recording),
        (None, None, None)
    );
}
