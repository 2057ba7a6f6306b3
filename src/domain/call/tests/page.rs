//! Calls from the page, and what becomes of them.

use super::*;

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
    let unreached = event(3, &parent(), unreached(direct()));
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
