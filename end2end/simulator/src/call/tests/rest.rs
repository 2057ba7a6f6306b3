//! A call by REST, which begins at the customer.

use super::*;

#[test]
fn a_call_by_rest_rings_the_customer_and_then_the_browser() {
    let mut story = Story::from_rest(CUSTOMER);
    assert!(!story.did(|output| matches!(output, Output::Invite(..))));
    story.far_end(Step::Ring);
    story.far_end(Step::Answer);
    assert!(story.did(|output| matches!(output, Output::Invite(..))));
    let child = story.child().sid;
    story.tell(Input::Ringing(child.clone()));
    story.tell(Input::Answered(child.clone()));
    assert!(
        story.did(|output| *output == Output::Audio(Side::Child, Audio::Browser(child.clone())))
    );
    story.seconds_pass(3);
    story.tell(Input::HungUp(child));
    let story = story.obeys(vec![]);
    assert_eq!(
        story.told("/rest"),
        ["initiated", "ringing", "in-progress", "completed"]
    );
    assert_eq!(
        story.told("/status"),
        ["initiated", "ringing", "in-progress", "completed"]
    );
}

#[test]
fn a_browser_that_declines_is_busy_and_one_that_is_not_there_does_not_answer() {
    for (input, status) in [
        (Input::Declined as fn(Sid) -> Input, "busy"),
        (Input::Unreachable, "no-answer"),
    ] {
        let mut story = Story::from_rest(CUSTOMER);
        story.far_end(Step::Answer);
        let child = story.child().sid;
        story.tell(input(child));
        assert_eq!(
            value(&story.webhooks("/after")[0], "DialCallStatus"),
            status
        );
    }
}

#[test]
fn a_customer_who_is_busy_ends_the_call_by_rest() {
    let mut story = Story::from_rest("+966500000001");
    story.far_end(Step::Ring);
    story.far_end(Step::Busy);
    assert_eq!(story.told("/rest"), ["initiated", "ringing", "busy"]);
    assert_eq!(story.outputs.last(), Some(&Output::Finished));
}

#[test]
fn a_call_by_rest_can_be_canceled_while_it_rings() {
    let mut story = Story::from_rest(CUSTOMER);
    story.far_end(Step::Ring);
    let sid = story.call.sid().clone();
    story.tell(Input::End(sid, true));
    assert_eq!(story.told("/rest"), ["initiated", "ringing", "canceled"]);
}

#[test]
fn the_first_to_pick_up_gets_the_call_and_the_others_are_canceled() {
    let verbs = twiml::parse(
        r#"<Response><Dial callerId="+15005550006"><Number>+966500000002</Number><Client>agent_2</Client></Dial></Response>"#,
    )
    .expect("TwiML");
    let mut story = Story::from_browser().obeys(verbs);
    let [phone, browser] = [
        story.call.children[0].sid.clone(),
        story.call.children[1].sid.clone(),
    ];
    story.tell(Input::Ringing(browser.clone()));
    story.tell(Input::Answered(browser));
    assert_eq!(story.call.children[0].status, Status::Canceled);
    assert_eq!(story.call.children[1].status, Status::InProgress);
    story.tell(Input::Answered(phone));
    assert_eq!(story.call.children[0].status, Status::Canceled);
}

#[test]
fn a_redirect_drops_the_dial_and_obeys_the_new_document() {
    let mut story = Story::from_browser().obeys(dial(CUSTOMER));
    story.far_end(Step::Answer);
    story.tell(Input::Redirect(Source::Inline(vec![Verb::Say(
        "Goodbye".into(),
    )])));
    assert_eq!(story.child().status, Status::Completed);
    assert!(
        story.webhooks("/after").is_empty(),
        "the action of a redirected <Dial> is not asked"
    );
    story.time(|timer| matches!(timer, Timer::Spoken(_)));
    assert_eq!(story.outputs.last(), Some(&Output::Finished));
}

#[test]
fn an_answer_that_comes_too_late_for_its_question_is_ignored() {
    let mut story = Story::from_browser().obeys(dial(CUSTOMER));
    let before = story.outputs.len();
    story.tell(Input::Twiml(1, Ok(vec![Verb::Hangup])));
    assert_eq!(story.outputs.len(), before);
}

#[test]
fn only_completed_is_told_when_no_event_is_named() {
    let verbs = twiml::parse(
        r#"<Response><Dial callerId="+15005550006"><Number statusCallback="https://a.example/status">+966500000001</Number></Dial></Response>"#,
    )
    .expect("TwiML");
    let mut story = Story::from_browser().obeys(verbs);
    story.far_end(Step::Ring);
    story.far_end(Step::Busy);
    assert_eq!(story.told("/status"), ["busy"]);
    assert_eq!(value(&story.webhooks("/status")[0], "SequenceNumber"), "0");
}
