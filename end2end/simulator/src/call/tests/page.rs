//! A call from a page.

use super::*;

#[test]
fn the_application_is_asked_with_every_custom_parameter_but_forged_ones() {
    let story = Story::from_browser();
    let asked = &story.webhooks("/voice")[0];
    assert_eq!(value(asked, "From"), "client:agent_1");
    assert_eq!(value(asked, "To"), CUSTOMER);
    assert_eq!(value(asked, "note"), "x");
    assert_eq!(value(asked, "CallStatus"), "ringing");
    assert_eq!(value(asked, "CallSid"), story.call.sid().to_string());
}

#[test]
fn an_answered_call_is_told_in_order_and_recorded_from_the_answer() {
    let mut story = Story::from_browser().obeys(dial(CUSTOMER));
    assert!(
        !story.did(|output| matches!(output, Output::SendAnswer(_))),
        "answerOnBridge: not before the customer"
    );
    story.far_end(Step::Ring);
    assert!(story.did(|output| matches!(output, Output::SendRinging(_))));
    story.far_end(Step::Answer);
    assert!(story.did(|output| matches!(output, Output::SendAnswer(_))));
    assert!(story.did(|output| matches!(output, Output::Record(start) if start.dual && start.call == *story.call.sid())));
    story.seconds_pass(7);
    let parent = story.call.sid().clone();
    story.tell(Input::HungUp(parent));
    assert_eq!(
        story.told("/status"),
        ["initiated", "ringing", "in-progress", "completed"]
    );
    let last = story.webhooks("/status").pop().expect("a last callback");
    assert_eq!(
        (
            value(&last, "SequenceNumber"),
            value(&last, "CallDuration"),
            value(&last, "SipResponseCode")
        ),
        ("3".into(), "7".into(), "200".into())
    );
    let after = &story.webhooks("/after")[0];
    assert_eq!(
        (
            value(after, "DialCallStatus"),
            value(after, "DialBridged"),
            value(after, "DialCallDuration")
        ),
        ("completed".into(), "true".into(), "7".into())
    );
    assert!(!value(after, "RecordingUrl").is_empty());
    assert_eq!(story.told("/app"), ["completed"]);
    assert_eq!(story.outputs.last(), Some(&Output::Finished));
}

#[test]
fn when_the_customer_hangs_up_the_action_decides_and_the_agent_is_told() {
    let mut story = Story::from_browser().obeys(dial(CUSTOMER));
    story.far_end(Step::Ring);
    story.far_end(Step::Answer);
    let child = story.child().sid;
    story.tell(Input::HungUp(child));
    assert!(
        !story.did(|output| matches!(output, Output::Finished)),
        "the agent is still there"
    );
    assert_eq!(
        value(&story.webhooks("/after")[0], "CallStatus"),
        "in-progress"
    );
    let story = story.obeys(vec![Verb::Hangup]);
    assert!(story.did(|output| matches!(output, Output::SendHangup(_, None))));
    assert_eq!(story.told("/app"), ["completed"]);
}

#[test]
fn busy_and_failed_are_the_dials_outcome_and_never_answer_the_agent() {
    for (number, step, status, sip) in [
        ("+966500000001", Step::Busy, "busy", "486"),
        ("+966500000003", Step::Fail, "failed", "503"),
    ] {
        let mut story = Story::from_browser().obeys(dial(number));
        story.far_end(step);
        let last = story.webhooks("/status").pop().expect("a last callback");
        assert_eq!(
            (
                value(&last, "CallStatus"),
                value(&last, "SipResponseCode"),
                value(&last, "CallDuration")
            ),
            (status.into(), sip.into(), "0".into())
        );
        let after = &story.webhooks("/after")[0];
        assert_eq!(
            (value(after, "DialCallStatus"), value(after, "DialBridged")),
            (status.into(), "false".into())
        );
        assert!(!story.did(|output| matches!(output, Output::SendAnswer(_) | Output::Record(_))));
    }
}

#[test]
fn nobody_answers_until_the_timeout() {
    let mut story = Story::from_browser().obeys(dial("+966500000002"));
    story.far_end(Step::Ring);
    story.time(|timer| matches!(timer, Timer::RingTimeout(_)));
    assert_eq!(story.told("/status"), ["initiated", "ringing", "no-answer"]);
    assert_eq!(
        value(&story.webhooks("/after")[0], "DialCallStatus"),
        "no-answer"
    );
}

#[test]
fn the_agent_giving_up_while_it_rings_cancels_the_customers_leg() {
    let mut story = Story::from_browser().obeys(dial(CUSTOMER));
    story.far_end(Step::Ring);
    let parent = story.call.sid().clone();
    story.tell(Input::HungUp(parent));
    assert_eq!(story.told("/status"), ["initiated", "ringing", "canceled"]);
    assert_eq!(
        value(&story.webhooks("/after")[0], "DialCallStatus"),
        "canceled"
    );
    // The customer picks up too late.
    let before = story.outputs.len();
    story.far_end(Step::Answer);
    assert_eq!(story.outputs.len(), before);
}

#[test]
fn without_answer_on_bridge_the_agent_is_answered_at_once_and_hears_ringback() {
    let verbs =
        twiml::parse("<Response><Dial callerId=\"+15005550006\">+966569705616</Dial></Response>")
            .expect("TwiML");
    let story = Story::from_browser().obeys(verbs);
    assert!(story.did(|output| matches!(output, Output::SendAnswer(_))));
    assert!(story.did(|output| matches!(output, Output::Audio(Side::Child, Audio::Ringback))));
}
