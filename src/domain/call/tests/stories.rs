//! Whole calls, as Twilio reports them; and what becomes of their record when the reports are shuffled, repeated, late, lost or corrupted.

use super::{
    any_order::{any_events, any_status, never_goes_back},
    *,
};
use proptest::prelude::*;
use proptest::sample::subsequence;

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// They talked for so many seconds.
    Talked(i64),
    /// The customer's leg ended so, by Twilio's word for it.
    Customer(&'static str),
    /// The agent hung up while it rang; Twilio's word for the leg that nobody waited for.
    AgentHungUp(&'static str),
    /// `makeCall`: the customer answered, and the agent's browser ended so.
    AgentUnreached(&'static str),
}

#[derive(Debug, Clone, Copy)]
struct Story {
    by_rest: bool,
    ending: Ending,
    /// Seconds from the start until it is answered, or until the ringing ends.
    rang: i64,
    /// How late, in seconds, the reports come that carry no time of their own.
    late: i64,
}

fn any_story() -> impl Strategy<Value = Story> {
    let words = || prop::sample::select(vec!["busy", "no-answer", "failed"]);
    let page = prop_oneof![
        (1_i64..14_400).prop_map(Ending::Talked),
        words().prop_map(Ending::Customer),
        Just(Ending::Customer("canceled")),
        words().prop_map(Ending::AgentHungUp),
        Just(Ending::AgentHungUp("canceled")),
    ];
    let rest = prop_oneof![
        (1_i64..14_400).prop_map(Ending::Talked),
        words().prop_map(Ending::Customer),
        words().prop_map(Ending::AgentUnreached),
    ];
    let ending = prop_oneof![
        page.prop_map(|ending| (false, ending)),
        rest.prop_map(|ending| (true, ending)),
    ];
    (ending, 2_i64..60, 0_i64..86_400).prop_map(|((by_rest, ending), rang, late)| Story {
        by_rest,
        ending,
        rang,
        late,
    })
}

impl Story {
    fn over(&self) -> i64 {
        match self.ending {
            Ending::Talked(secs) => self.rang + secs,
            Ending::AgentUnreached(_) => self.rang + 30,
            _ => self.rang,
        }
    }

    /// What we did ourselves. It was durable before Twilio or the browser had our answer, and so is never lost.
    fn ours(&self) -> Vec<Event> {
        let mut events = vec![if self.by_rest { made() } else { placed() }];
        if self.by_rest && !matches!(self.ending, Ending::Customer(_)) {
            events.push(event(self.rang, &parent(), Fact::Bridged));
        }
        if matches!(self.ending, Ending::AgentHungUp(_)) {
            events.push(event(self.rang, &parent(), Fact::AgentHungUp));
        }
        events
    }

    /// Twilio's callbacks, in the order in which things happened.
    fn callbacks(&self) -> Vec<Event> {
        let (rang, over) = (self.rang, self.over());
        let child = |secs, status| leg(Side::Child, secs, status, None);
        let mut events = if self.by_rest {
            vec![
                leg(Side::Parent, 0, "initiated", None),
                leg(Side::Parent, 1, "ringing", None),
            ]
        } else {
            vec![child(0, "initiated"), child(1, "ringing")]
        };
        match self.ending {
            Ending::Talked(_) if self.by_rest => events.extend([
                leg(Side::Parent, rang, "in-progress", None),
                child(rang, "initiated"),
                child(rang, "ringing"),
                child(rang, "in-progress"),
            ]),
            Ending::Talked(_) => events.push(child(rang, "in-progress")),
            Ending::AgentUnreached(_) => events.extend([
                leg(Side::Parent, rang, "in-progress", None),
                child(rang, "initiated"),
                child(rang, "ringing"),
            ]),
            _ => {}
        }
        events.extend(self.ends());
        if let Some((status, secs)) = self.dialled() {
            let fact = Fact::Dial {
                child: Some(super::child()),
                status: status.parse().ok(),
                duration_secs: secs,
            };
            events.push(event(over + self.late, &parent(), fact));
        }
        if matches!(self.ending, Ending::Talked(_)) {
            events.push(recording(rang + self.late, RecordingStatus::InProgress));
            events.push(recording(over + self.late, RecordingStatus::Completed));
        }
        events
    }

    /// How each leg ended: its last callback, and what Twilio's REST API says of it for ever after.
    fn ends(&self) -> Vec<Event> {
        let over = self.over();
        let secs = over - self.rang;
        let child = |status, secs| leg(Side::Child, over, status, secs);
        let parent = |status, secs| leg(Side::Parent, over, status, secs);
        match (self.by_rest, self.ending) {
            (_, Ending::Talked(_)) => vec![
                child("completed", Some(secs)),
                parent("completed", Some(if self.by_rest { secs } else { over })),
            ],
            (true, Ending::Customer(status)) => vec![parent(status, Some(0))],
            (_, Ending::AgentUnreached(status)) => {
                vec![child(status, Some(0)), parent("completed", Some(secs))]
            }
            (_, Ending::Customer(status) | Ending::AgentHungUp(status)) => {
                vec![child(status, Some(0)), parent("completed", Some(over))]
            }
        }
    }

    /// `DialCallStatus` and `DialCallDuration`, where there was a `<Dial>`.
    fn dialled(&self) -> Option<(&'static str, Option<i64>)> {
        match (self.by_rest, self.ending) {
            (_, Ending::Talked(secs)) => Some(("completed", Some(secs))),
            (true, Ending::Customer(_)) => None,
            (_, Ending::AgentHungUp(_)) => Some(("canceled", None)),
            (_, Ending::Customer(status) | Ending::AgentUnreached(status)) => Some((status, None)),
        }
    }

    fn whole(&self) -> Vec<Event> {
        self.ours().into_iter().chain(self.callbacks()).collect()
    }

    /// What everybody should see in the end.
    fn expected(&self) -> Outcome {
        let at = |secs: i64| START + secs * 1000;
        let (status, reason) = match self.ending {
            Ending::Talked(_) => (Status::Completed, None),
            Ending::AgentHungUp(_) => (Status::Canceled, None),
            Ending::AgentUnreached(_) => (Status::Failed, Some(Reason::AgentNoAnswer)),
            Ending::Customer("failed") => (Status::Failed, Some(Reason::CarrierFailed)),
            Ending::Customer(word) => (word.parse().unwrap(), None),
        };
        let talked = match self.ending {
            Ending::Talked(secs) => Some(secs),
            _ => None,
        };
        Outcome {
            direction: Direction::Outbound,
            status,
            reason,
            answered_at: talked.map(|_| at(self.rang)),
            ended_at: Some(at(self.over())),
            duration_secs: Some(talked.unwrap_or(0)),
        }
    }
}

/// Every event once or twice, in any order.
fn shuffled(events: Vec<Event>) -> impl Strategy<Value = Vec<Event>> {
    let count = events.len();
    (Just(events.clone()), subsequence(events, 0..=count))
        .prop_flat_map(|(once, again)| Just([once, again].concat()).prop_shuffle())
}

/// Some of its callbacks, and all that we did ourselves.
fn with_losses(story: Story) -> impl Strategy<Value = Vec<Event>> {
    let callbacks = story.callbacks();
    let count = callbacks.len();
    subsequence(callbacks, 0..=count)
        .prop_map(move |left| [story.ours(), left].concat())
        .prop_flat_map(shuffled)
}

/// A callback that does not say what Twilio meant: parts missing, times and numbers of another world, the wrong parties.
fn corrupted(event: Event) -> impl Strategy<Value = Event> {
    // The years that RFC 2822 can write.
    let at = prop::option::of(-62_000_000_000_000_i64..253_000_000_000_000);
    let number = prop_oneof![Just(None), any::<i64>().prop_map(Some)];
    (at, any::<bool>(), any_status(), number, any::<bool>()).prop_map(
        move |(at, mangled, word, number, other_side)| {
            let mut event = event.clone();
            event.at = at.unwrap_or(event.at);
            if mangled {
                match &mut event.fact {
                    Fact::Leg(leg) => {
                        leg.status = word;
                        leg.duration_secs = number;
                        leg.to = "client:somebody".into();
                        if other_side {
                            leg.side = Side::Parent;
                        }
                    }
                    Fact::Dial {
                        child,
                        status,
                        duration_secs,
                    } => {
                        *child = None;
                        *status = word;
                        *duration_secs = number;
                    }
                    Fact::Recording { sid, status, .. } => {
                        *sid = None;
                        *status = None;
                    }
                    _ => {}
                }
            }
            event
        },
    )
}

fn with_corruption(story: Story) -> impl Strategy<Value = Vec<Event>> {
    let corrupted: Vec<_> = story
        .callbacks()
        .into_iter()
        .map(|event| corrupted(event).boxed())
        .collect();
    corrupted
        .prop_map(move |callbacks| [story.ours(), callbacks].concat())
        .prop_flat_map(shuffled)
}

fn makes_sense(call: &Call) {
    let outcome = call.outcome();
    let started_at = call.evidence.started_at();
    assert!(outcome.answered_at.is_none_or(|at| at >= started_at));
    assert!(
        outcome.ended_at
            >= outcome
                .ended_at
                .and(outcome.answered_at.or(Some(started_at)))
    );
    assert_eq!(outcome.ended_at.is_some(), outcome.status.is_terminal());
    assert_eq!(
        outcome.duration_secs.is_some(),
        outcome.status.is_terminal()
    );
}

proptest! {
    #[test]
    fn whatever_the_order_and_the_repetition_the_record_is_what_happened(
        (story, events) in any_story().prop_flat_map(|story| (Just(story), shuffled(story.whole())))
    ) {
        let call = folded(&events);
        prop_assert_eq!(call.outcome(), story.expected());
        prop_assert_eq!(call.evidence.started_at(), START);
        never_goes_back(&events);
    }

    #[test]
    fn what_reconciliation_learns_completes_a_record_whatever_was_lost(
        (story, left) in any_story().prop_flat_map(|story| (Just(story), with_losses(story)))
    ) {
        never_goes_back(&left);
        let mut call = folded(&left);
        makes_sense(&call);
        // Twilio is asked only about calls like these.
        if call.outcome().ended_at.is_none() || call.is_unsure() {
            for end in story.ends() {
                call.apply(&end);
            }
            prop_assert_eq!(call.outcome(), story.expected());
        } else {
            // When it ended may be known from one that came late.
            let said = |outcome: Outcome| (outcome.status, outcome.reason, outcome.duration_secs);
            prop_assert_eq!(said(call.outcome()), said(story.expected()));
        }
    }

    #[test]
    fn what_was_lost_and_comes_after_reconciliation_changes_nothing_that_people_see(
        (story, late) in any_story().prop_flat_map(|story| (Just(story), with_losses(story)))
    ) {
        let mut call = folded(&[story.ours(), story.ends()].concat());
        let outcome = call.outcome();
        prop_assert_eq!(&outcome, &story.expected());
        for event in &late {
            call.apply(event);
            prop_assert_eq!(&call.outcome(), &outcome);
        }
    }

    #[test]
    fn corrupted_callbacks_leave_a_record_that_makes_sense_in_any_order(
        (events, again) in any_story()
            .prop_flat_map(with_corruption)
            .prop_flat_map(|events| (Just(events.clone()), shuffled(events)))
    ) {
        let call = folded(&events);
        makes_sense(&call);
        prop_assert_eq!(folded(&again), call);
        // A duration is what was said: that it is no negative number, `callbacks` has seen to.
        let said = |event: &Event| matches!(
            event.fact,
            Fact::Leg(Leg { duration_secs: Some(..0), .. }) | Fact::Dial { duration_secs: Some(..0), .. }
        );
        if !events.iter().any(said) {
            never_goes_back(&events);
        }
    }

    #[test]
    fn an_event_that_is_applied_again_is_known_already(events in any_events(), again in any::<prop::sample::Index>()) {
        let mut call = folded(&events);
        prop_assert_eq!(call.apply(again.get(&events)), None);
    }
}
