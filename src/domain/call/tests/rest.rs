//! Calls by REST: the customer first, then the agent.

use super::*;

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
fn a_customer_who_heard_an_apology_was_in_a_failed_call_whatever_the_parent_says() {
    let not_bridged = || event(4, &parent(), Fact::NotBridged);
    let over = || parents(10, "completed");
    for events in [
        vec![not_bridged(), over()],
        vec![over(), not_bridged()],
        vec![event(4, &parent(), Fact::Bridged), not_bridged(), over()],
    ] {
        let outcome = after(&events);
        assert_eq!((outcome.status, outcome.reason), (Status::Failed, None));
        assert_eq!(outcome.duration_secs, Some(0));
    }
    let of_an_agent = after(&[made(), not_bridged(), over()]);
    assert_eq!(
        (of_an_agent.status, of_an_agent.reason),
        (Status::Failed, Some(Reason::ServerBusy))
    );
    assert_eq!(
        status(&[made(), over()]),
        Status::Failed,
        "the apology could not be stored either"
    );
    assert_eq!(
        status(&[made(), event(4, &parent(), Fact::Bridged), over()]),
        Status::Completed
    );
}

#[test]
fn what_the_agents_leg_and_the_dial_say_outranks_the_apology() {
    let not_bridged = || event(4, &parent(), Fact::NotBridged);
    let talked = leg(Side::Child, 20, "completed", Some(14));
    assert_eq!(status(&[made(), not_bridged(), talked]), Status::Completed);
    assert_eq!(
        status(&[made(), not_bridged(), dial(20, "canceled")]),
        Status::Canceled
    );
}
