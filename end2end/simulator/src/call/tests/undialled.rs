//! Calls that come to nothing: the application, the number or the caller ID is to blame.

use super::*;

#[test]
fn an_empty_voice_url_hangs_up_at_once_and_leaves_no_alert() {
    let leg = Leg::new(
        Direction::Inbound,
        Party::parse("client:agent_1"),
        "client:agent_1".into(),
        CUSTOMER.into(),
        Timestamp::UNIX_EPOCH,
    );
    let story = Story::begin(leg, Source::Missing);
    assert!(story.did(|output| matches!(output, Output::SendHangup(_, Some((31404, _))))));
    assert!(story.alerts().is_empty());
    assert_eq!(
        story.call.legs().next().map(|leg| leg.status),
        Some(Status::Failed)
    );
}

#[test]
fn a_failing_application_hangs_up_at_once_with_an_alert() {
    let mut story = Story::from_browser();
    let epoch = story.call.epoch;
    story.tell(Input::Twiml(
        epoch,
        Err(FetchFailure {
            code: 11200,
            message: "Got HTTP 500 response".into(),
            url: "https://a.example/voice".into(),
        }),
    ));
    assert!(story.did(|output| matches!(output, Output::SendHangup(_, None))));
    assert_eq!(story.alerts(), [11200]);
}

#[test]
fn what_twilio_does_not_dial_fails_with_its_alert() {
    for (number, code) in [("0569705616", 13224), ("+4930123456", 13227)] {
        let story = Story::from_browser().obeys(dial(number));
        assert_eq!(story.alerts(), [code]);
        assert_eq!(
            value(&story.webhooks("/after")[0], "DialCallStatus"),
            "failed"
        );
        assert!(story.call.children.is_empty());
    }
}

#[test]
fn a_foreign_caller_id_fails_with_its_alert() {
    let verbs = twiml::parse("<Response><Dial callerId=\"+12223334444\"><Number>+966569705616</Number></Dial></Response>").expect("TwiML");
    assert_eq!(Story::from_browser().obeys(verbs).alerts(), [13214]);
}

#[test]
fn a_spoken_refusal_answers_the_agent_and_is_heard() {
    let mut story = Story::from_browser().obeys(vec![
        Verb::Say("You may not call this number".into()),
        Verb::Hangup,
    ]);
    assert!(story.did(|output| matches!(output, Output::SendAnswer(_))));
    assert!(story.did(|output| matches!(output, Output::Audio(Side::Child, Audio::Announcement))));
    story.time(|timer| matches!(timer, Timer::Spoken(_)));
    assert_eq!(story.outputs.last(), Some(&Output::Finished));
}
