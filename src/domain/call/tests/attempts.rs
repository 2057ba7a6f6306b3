//! What a browser reports of a call without a SID, and the call that Twilio names.

use super::{super::attempt::*, any_order::any_events, *};
use proptest::prelude::*;

fn sid(n: u32) -> CallSid {
    CallSid::parse(&format!("CA{n:032x}")).unwrap()
}

/// An attempt of that agent's that lasted from then to then, in milliseconds.
fn attempt(n: u32, agent: &str, from: i64, to: i64) -> Call {
    let sid = sid(n);
    let direct = Direct {
        agent: Some(agent.into()),
        attempt: Some(sid.clone()),
        ..direct()
    };
    let fact = Fact::Unreached {
        direct,
        began_at: START + from,
    };
    let mut call = Call::new(sid.clone());
    call.apply(&Event::ours(&sid, fact, START + to));
    call
}

/// A call of that agent's of which Twilio said nothing but that it ended then.
fn ended(n: u32, agent: &str, at: i64) -> Call {
    let sid = sid(n);
    let leg = Leg {
        side: Side::Parent,
        status: Some(Status::Completed),
        duration_secs: Some(0),
        from: format!("client:{agent}"),
        to: String::new(),
        direction: "inbound".into(),
    };
    let mut call = Call::new(sid.clone());
    call.apply(&Event::ours(&sid, Fact::Leg(leg), START + at));
    call
}

#[test]
fn a_report_and_a_callback_of_one_agent_and_one_moment_are_one_call() {
    let report = attempt(1, "user_1", 0, 800);
    for at in [-2_000, 0, 400, 800, 2_800] {
        let call = ended(2, "user_1", at);
        assert_eq!(
            same(&report, std::slice::from_ref(&call)),
            Some(&call),
            "{at}"
        );
        assert_eq!(
            same(&call, std::slice::from_ref(&report)),
            Some(&report),
            "{at}"
        );
    }
    for at in [-2_001, 2_801, 60_000] {
        assert_eq!(same(&report, &[ended(2, "user_1", at)]), None, "{at}");
    }
    assert_eq!(
        same(&report, &[ended(2, "user_2", 400)]),
        None,
        "somebody else's"
    );
    assert_eq!(
        same(&report, &[attempt(3, "user_1", 0, 800)]),
        None,
        "two reports"
    );
}

#[test]
fn the_nearest_is_meant_where_it_is_clearly_nearer() {
    let report = attempt(1, "user_1", 10_000, 11_000);
    let (near, far) = (ended(2, "user_1", 11_200), ended(3, "user_1", 8_500));
    assert_eq!(same(&report, &[far.clone(), near.clone()]), Some(&near));
    let as_near = ended(4, "user_1", 9_500);
    assert_eq!(
        same(&report, &[near, as_near, far]),
        None,
        "in doubt nothing is joined"
    );
}

#[test]
fn a_call_whose_attempt_or_number_is_known_is_no_other_attempts() {
    let report = attempt(1, "user_1", 0, 800);
    let placed_as = |attempt: Option<u32>, to: &str| {
        let mut call = Call::new(sid(5));
        let direct = Direct {
            to: to.into(),
            attempt: attempt.map(sid),
            ..direct()
        };
        call.apply(&Event::ours(&sid(5), Fact::Placed(direct), START + 300));
        call
    };
    let unnamed = placed_as(None, "+966569705616");
    assert_eq!(
        same(&report, std::slice::from_ref(&unnamed)),
        Some(&unnamed)
    );
    assert_eq!(same(&report, &[placed_as(Some(9), "+966569705616")]), None);
    assert_eq!(same(&report, &[placed_as(None, "+966500000000")]), None);
}

#[test]
fn what_the_page_let_go_of_before_twilio_asked_has_failed_whatever_the_parent_leg_says() {
    let abandoned = event(0, &parent(), Fact::Abandoned(direct()));
    for events in [
        vec![abandoned.clone()],
        vec![abandoned.clone(), parents(1, "completed")],
        vec![parents(1, "completed"), abandoned],
    ] {
        let outcome = after(&events);
        assert_eq!(
            (outcome.status, outcome.duration_secs),
            (Status::Failed, Some(0))
        );
    }
}

proptest! {
    /// Whether the report was there before Twilio named the call or came after: the call is the same.
    #[test]
    fn absorbing_an_attempt_is_hearing_its_report(events in any_events(), from in 0_i64..9_000, lasted in 0_i64..9_000) {
        let attempt = attempt(7, "user_1", from, from + lasted);
        let direct = Direct { attempt: Some(attempt.sid.clone()), ..direct() };
        let report = Event::ours(&parent(), Fact::Reported { direct, began_at: START + from }, START + from + lasted);
        let mut heard = events.clone();
        heard.insert(events.len() / 2, report);
        let mut absorbed = folded(&events);
        absorbed.absorb(&attempt);
        prop_assert_eq!(absorbed, folded(&heard));
    }
}
