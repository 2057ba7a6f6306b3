//! Order and repetition never matter.

use super::*;
use proptest::prelude::*;

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

pub(super) fn never_goes_back(events: &[Event]) {
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

pub(super) fn any_status() -> impl Strategy<Value = Option<Status>> {
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
        1 => Just(Fact::NotBridged),
        1 => Just(Fact::AgentHungUp),
        1 => Just(Fact::Noted),
        1 => Just(Fact::Unreached { direct: direct(), began_at: START }),
        1 => Just(Fact::Reported { direct: direct(), began_at: START }),
        1 => Just(Fact::Abandoned(direct())),
        1 => prop::sample::select(vec![Reason::NumberInvalid, Reason::ServerBusy]).prop_map(|reason| Fact::Refused(direct(), reason)),
        8 => any_leg(),
        3 => (any_status(), any_duration())
            .prop_map(|(status, duration_secs)| Fact::Dial { child: Some(child()), status, duration_secs }),
        1 => Just(recording(0, RecordingStatus::Absent).fact),
    ]
}

pub(super) fn any_events() -> impl Strategy<Value = Vec<Event>> {
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
