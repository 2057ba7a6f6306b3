use super::*;
use crate::domain::{
    recording::RecordingStatus,
    sid::{CallSid, RecordingSid},
    view::Reason,
};
use proptest::prelude::*;

mod stories;

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
fn a_call_from_the_page_goes_from_initiated_to_completed() {
    let mut call = Call::new(parent());
    let steps = [
        (placed(), Status::Initiated),
        (customer(1, "initiated"), Status::Initiated),
        (customer(2, "ringing"), Status::Ringing),
        (customer(5, "in-progress"), Status::InProgress),
        (customer(12, "completed"), Status::Completed),
        (dial(12, "completed"), Status::Completed),
        (parents(12, "completed"), Status::Completed),
    ];
    for (event, status) in steps {
        call.apply(&event);
        assert_eq!(call.outcome().status, status, "{event:?}");
    }
    let outcome = call.outcome();
    assert_eq!(outcome.answered_at, Some(START + 5000));
    assert_eq!(outcome.ended_at, Some(START + 12_000));
    assert_eq!(outcome.duration_secs, Some(7));
}

#[test]
fn the_parents_completed_does_not_hide_that_the_customer_was_busy() {
    for word in ["busy", "no-answer", "failed"] {
        let expected: Status = word.parse().unwrap();
        assert_eq!(
            status(&[placed(), parents(9, "completed"), customer(8, word)]),
            expected
        );
        assert_eq!(
            status(&[placed(), parents(9, "completed"), dial(8, word)]),
            expected
        );
        assert_eq!(after(&[placed(), customer(8, word)]).duration_secs, Some(0));
    }
}

#[test]
fn the_child_outranks_the_dial_and_the_dial_the_parent() {
    assert_eq!(
        status(&[placed(), dial(8, "no-answer"), customer(8, "busy")]),
        Status::Busy
    );
    assert_eq!(
        status(&[placed(), parents(8, "failed"), dial(8, "no-answer")]),
        Status::NoAnswer
    );
    assert_eq!(status(&[placed(), parents(8, "failed")]), Status::Failed);
}

#[test]
fn a_call_whose_agent_left_before_anybody_answered_is_canceled() {
    assert_eq!(
        status(&[placed(), parents(3, "completed")]),
        Status::Canceled
    );
    assert_eq!(
        status(&[placed(), customer(2, "ringing"), parents(3, "completed")]),
        Status::Canceled
    );
    assert_eq!(
        status(&[placed(), customer(3, "no-answer"), dial(3, "canceled")]),
        Status::Canceled
    );
    for word in ["no-answer", "busy", "failed", "canceled"] {
        let hung_up = event(2, &parent(), Fact::AgentHungUp);
        assert_eq!(
            status(&[placed(), hung_up.clone(), customer(3, word)]),
            Status::Canceled,
            "{word}"
        );
        assert_eq!(
            status(&[placed(), customer(3, word), hung_up]),
            Status::Canceled,
            "{word}"
        );
    }
}

#[test]
fn hanging_up_in_a_conversation_completes_it() {
    let events = [
        placed(),
        customer(3, "in-progress"),
        event(4, &parent(), Fact::AgentHungUp),
        parents(9, "completed"),
    ];
    assert_eq!(status(&events), Status::Completed);
    assert_eq!(after(&events).duration_secs, Some(6));
}

#[test]
fn the_parents_completed_alone_fails_a_call_that_was_not_dialled() {
    let from_page = |secs, status: &str| {
        let Fact::Leg(told) = parents(secs, status).fact else {
            unreachable!()
        };
        event(
            secs,
            &parent(),
            Fact::Leg(Leg {
                from: "client:user_1".into(),
                direction: "inbound".into(),
                ..told
            }),
        )
    };
    assert_eq!(status(&[from_page(3, "completed")]), Status::Failed);
}

#[test]
fn a_refusal_is_a_failure_that_says_why() {
    let refused = event(0, &parent(), Fact::Refused(direct(), Reason::NumberCostly));
    let outcome = after(&[refused, parents(6, "completed")]);
    assert_eq!(
        (outcome.status, outcome.reason),
        (Status::Failed, Some(Reason::NumberCostly))
    );
    assert_eq!(
        (outcome.duration_secs, outcome.ended_at),
        (Some(0), Some(START))
    );
}

#[test]
fn a_call_by_rest_follows_the_customers_leg() {
    let mut call = Call::new(parent());
    let steps = [
        (made(), Status::Initiated),
        (parents(1, "ringing"), Status::Ringing),
        (parents(4, "in-progress"), Status::InProgress),
        (event(4, &parent(), Fact::Bridged), Status::InProgress),
        (leg(Side::Child, 5, "ringing", None), Status::InProgress),
        (leg(Side::Child, 6, "in-progress", None), Status::InProgress),
        (
            leg(Side::Child, 20, "completed", Some(14)),
            Status::Completed,
        ),
        (parents(20, "completed"), Status::Completed),
    ];
    for (event, status) in steps {
        call.apply(&event);
        assert_eq!(call.outcome().status, status, "{event:?}");
    }
    assert_eq!(
        call.outcome().duration_secs,
        Some(12),
        "that of the customer's leg"
    );
}

#[test]
fn a_call_by_rest_whose_agent_does_not_answer_fails() {
    for word in ["no-answer", "busy", "failed"] {
        let outcome = after(&[
            made(),
            parents(4, "in-progress"),
            dial(34, word),
            parents(40, "completed"),
        ]);
        assert_eq!(
            (outcome.status, outcome.reason),
            (Status::Failed, Some(Reason::AgentNoAnswer))
        );
        assert_eq!(outcome.duration_secs, Some(0));
    }
    assert_eq!(
        status(&[made(), parents(9, "busy")]),
        Status::Busy,
        "the customer's own outcome"
    );
    assert_eq!(status(&[made(), parents(9, "no-answer")]), Status::NoAnswer);
}

#[test]
fn late_ringing_after_completed_changes_nothing() {
    let mut call = folded(&[
        placed(),
        customer(5, "in-progress"),
        customer(12, "completed"),
    ]);
    let before = call.outcome();
    assert_ne!(call.apply(&customer(13, "ringing")), Some(Change::Visible));
    assert_eq!(call.outcome(), before);
}

#[test]
fn a_repeated_event_changes_nothing() {
    let mut call = folded(&[placed(), customer(5, "in-progress")]);
    assert_eq!(call.apply(&customer(5, "in-progress")), None);
}

#[test]
fn a_duration_is_never_negative() {
    let backwards = after(&[
        placed(),
        leg(Side::Child, 10, "in-progress", None),
        leg(Side::Child, -600, "completed", None),
    ]);
    assert_eq!(backwards.duration_secs, Some(0));
    assert!(backwards.ended_at >= backwards.answered_at);
}

#[test]
fn a_dial_outcome_alone_gives_times() {
    let answered = event(
        30,
        &parent(),
        Fact::Dial {
            child: Some(child()),
            status: Some(Status::Completed),
            duration_secs: Some(20),
        },
    );
    let outcome = after(&[placed(), answered]);
    assert_eq!(
        (outcome.status, outcome.duration_secs, outcome.answered_at),
        (Status::Completed, Some(20), Some(START + 10_000))
    );
}

#[test]
fn a_report_of_a_call_that_never_reached_us_is_a_failure_until_something_better_is_known() {
    let unreached = event(3, &parent(), Fact::Unreached(direct()));
    assert_eq!(status(std::slice::from_ref(&unreached)), Status::Failed);
    assert_eq!(
        status(&[unreached.clone(), placed()]),
        Status::Failed,
        "nothing returns to a live state"
    );
    assert_eq!(
        status(&[unreached, placed(), customer(9, "busy")]),
        Status::Busy
    );
}

#[test]
fn all_120_orders_of_five_events_end_alike() {
    let events = [
        customer(1, "initiated"),
        customer(2, "ringing"),
        customer(5, "in-progress"),
        customer(12, "completed"),
        recording(15, RecordingStatus::Completed),
    ];
    let expected = folded(&events);
    let mut orders = 0;
    permute(&mut events.to_vec(), 0, &mut |order| {
        orders += 1;
        never_goes_back(order);
        assert_eq!(folded(order), expected);
    });
    assert_eq!(orders, 120);
    assert_eq!(expected.outcome().status, Status::Completed);
}

fn permute(events: &mut Vec<Event>, from: usize, each: &mut impl FnMut(&[Event])) {
    if from == events.len() {
        return each(events);
    }
    for at in from..events.len() {
        events.swap(from, at);
        permute(events, from + 1, each);
        events.swap(from, at);
    }
}

fn stage(status: Status) -> u8 {
    match status {
        Status::Initiated => 0,
        Status::Ringing => 1,
        Status::InProgress => 2,
        _ => 3,
    }
}

fn never_goes_back(events: &[Event]) {
    let mut call = Call::new(parent());
    let mut furthest = 0;
    for event in events {
        call.apply(event);
        let now = stage(call.outcome().status);
        assert!(furthest < 3 || now == 3, "went back to live by {event:?}");
        furthest = furthest.max(now);
        assert!(call.outcome().duration_secs.is_none_or(|secs| secs >= 0));
    }
}

fn any_status() -> impl Strategy<Value = Option<Status>> {
    prop::option::of(prop::sample::select(Status::ALL.to_vec()))
}

fn any_duration() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(0_i64..3600)
}

fn any_leg() -> impl Strategy<Value = Fact> {
    let party = || prop::sample::select(vec!["", "client:user_1", "+966569705616", "+15005550006"]);
    let direction = prop::sample::select(vec!["", "inbound", "outbound-api", "outbound-dial"]);
    (
        any::<bool>(),
        any_status(),
        any_duration(),
        party(),
        party(),
        direction,
    )
        .prop_map(|(child, status, duration_secs, from, to, direction)| {
            Fact::Leg(Leg {
                side: if child { Side::Child } else { Side::Parent },
                status,
                duration_secs,
                from: from.into(),
                to: to.into(),
                direction: direction.into(),
            })
        })
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        1 => Just(Fact::Placed(direct())),
        1 => Just(Fact::Made(direct())),
        1 => Just(Fact::Bridged),
        1 => Just(Fact::AgentHungUp),
        1 => Just(Fact::Noted),
        1 => Just(Fact::Unreached(direct())),
        1 => prop::sample::select(vec![Reason::NumberInvalid, Reason::ServerBusy]).prop_map(|reason| Fact::Refused(direct(), reason)),
        8 => any_leg(),
        3 => (any_status(), any_duration())
            .prop_map(|(status, duration_secs)| Fact::Dial { child: Some(child()), status, duration_secs }),
        1 => Just(recording(0, RecordingStatus::Absent).fact),
    ]
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((-600_i64..600, any_fact()), 1..12).prop_map(|facts| {
        let leg_of = |fact: &Fact| {
            if matches!(
                fact,
                Fact::Leg(Leg {
                    side: Side::Child,
                    ..
                })
            ) {
                child()
            } else {
                parent()
            }
        };
        facts
            .into_iter()
            .map(|(secs, fact)| event(secs, &leg_of(&fact), fact))
            .collect()
    })
}

proptest! {
    #[test]
    fn order_and_repetition_never_matter((events, shuffled) in any_events().prop_flat_map(|events| {
        let twice: Vec<Event> = events.iter().chain(&events).cloned().collect();
        (Just(events), Just(twice).prop_shuffle())
    })) {
        prop_assert_eq!(folded(&shuffled), folded(&events));
        never_goes_back(&shuffled);
    }

    #[test]
    fn evidence_survives_its_own_storage(events in any_events()) {
        let evidence = folded(&events).evidence;
        let stored = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(serde_json::from_str::<Evidence>(&stored).unwrap(), evidence);
    }

    #[test]
    fn an_event_that_is_said_to_change_nothing_visible_does_so(events in any_events()) {
        let mut call = Call::new(parent());
        for event in &events {
            let before = call.clone();
            if call.apply(event) != Some(Change::Visible) {
                prop_assert_eq!(call.outcome(), before.outcome());
            }
        }
    }
}
