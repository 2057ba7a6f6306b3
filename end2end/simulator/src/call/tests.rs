use super::*;
use crate::twiml;

/// An account that owns one number; everything else is in the dialled number.
struct Account;

impl World for Account {
    fn account_sid(&self) -> String {
        "AC1".to_owned()
    }
    fn may_call_from(&self, number: &str) -> bool {
        number == "+15005550006"
    }
    fn permits(&self, number: &str) -> bool {
        !number.starts_with("+49")
    }
    fn far_end(&self, number: &str) -> FarEnd {
        FarEnd::of_number(number)
    }
}

/// A call and everything it has asked for, with a clock that only moves when told.
struct Story {
    call: Call,
    now: Timestamp,
    outputs: Vec<Output>,
}

const CUSTOMER: &str = "+966569705616";

fn dial(number: &str) -> Vec<Verb> {
    let document = format!(
        r#"<Response><Dial callerId="+15005550006" answerOnBridge="true" record="record-from-answer-dual" action="https://a.example/after">
             <Number statusCallback="https://a.example/status" statusCallbackEvent="initiated ringing answered completed">{number}</Number>
           </Dial></Response>"#
    );
    twiml::parse(&document).expect("TwiML")
}

fn bridge() -> Vec<Verb> {
    let document = r#"<Response><Dial action="https://a.example/after"><Client statusCallback="https://a.example/status"
        statusCallbackEvent="initiated ringing answered completed">agent_1</Client></Dial><Say>Sorry</Say></Response>"#;
    twiml::parse(document).expect("TwiML")
}

impl Story {
    fn begin(leg: Leg, source: Source) -> Self {
        let now = leg.created;
        let custom = vec![
            ("To".to_owned(), CUSTOMER.to_owned()),
            ("note".to_owned(), "x".to_owned()),
            ("CallSid".to_owned(), "forged".to_owned()),
        ];
        let mut story = Self {
            call: Call::new(leg, source, custom, RestOptions::default()),
            now,
            outputs: Vec::new(),
        };
        story.tell(Input::Start);
        story
    }

    /// A browser calls; its application is asked.
    fn from_browser() -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let mut leg = Leg::new(
            Direction::Inbound,
            Party::parse("client:agent_1"),
            "client:agent_1".into(),
            CUSTOMER.into(),
            now,
        );
        leg.callback.url = Some("https://a.example/app".into());
        Self::begin(
            leg,
            Source::Url {
                url: "https://a.example/voice".into(),
                get: false,
                fallback: None,
            },
        )
    }

    /// A call made by REST, to be bridged to a browser.
    fn from_rest(number: &str) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        let mut leg = Leg::new(
            Direction::OutboundApi,
            Party::parse(number),
            "+15005550006".into(),
            number.into(),
            now,
        );
        leg.callback = Callback {
            url: Some("https://a.example/rest".into()),
            events: vec![
                "initiated".into(),
                "ringing".into(),
                "answered".into(),
                "completed".into(),
            ],
            get: false,
        };
        Self::begin(leg, Source::Inline(bridge()))
    }

    fn tell(&mut self, input: Input) {
        let outputs = self.call.handle(input, self.now, &Account);
        self.outputs.extend(outputs);
    }

    fn obeys(mut self, verbs: Vec<Verb>) -> Self {
        let epoch = self.call.epoch;
        self.tell(Input::Twiml(epoch, Ok(verbs)));
        self
    }

    /// Lets the last timer of this kind ring.
    fn time(&mut self, wanted: impl Fn(&Timer) -> bool) {
        let timer = self.outputs.iter().rev().find_map(|output| match output {
            Output::After(_, timer) if wanted(timer) => Some(timer.clone()),
            _ => None,
        });
        self.tell(Input::Timer(timer.expect("a timer of this kind")));
    }

    fn far_end(&mut self, step: Step) {
        self.time(|timer| matches!(timer, Timer::FarEnd(_, planned) if *planned == step));
    }

    fn seconds_pass(&mut self, seconds: i64) {
        self.now = Timestamp::from_second(self.now.as_second() + seconds).expect("in range");
    }

    fn child(&self) -> Leg {
        self.call.children.last().expect("a dialled leg").clone()
    }

    /// What was told to a URL, as `CallStatus`.
    fn told(&self, path: &str) -> Vec<String> {
        self.webhooks(path)
            .iter()
            .map(|webhook| value(webhook, "CallStatus"))
            .collect()
    }

    fn webhooks(&self, path: &str) -> Vec<Webhook> {
        let sent = self.outputs.iter().filter_map(|output| match output {
            Output::Callback(webhook) | Output::Fetch(_, webhook) => Some(webhook),
            _ => None,
        });
        sent.filter(|webhook| webhook.url.ends_with(path))
            .cloned()
            .collect()
    }

    fn did(&self, wanted: impl Fn(&Output) -> bool) -> bool {
        self.outputs.iter().any(wanted)
    }

    fn alerts(&self) -> Vec<u32> {
        self.outputs
            .iter()
            .filter_map(|output| {
                if let Output::Alert(code, ..) = output {
                    Some(*code)
                } else {
                    None
                }
            })
            .collect()
    }
}

fn value(webhook: &Webhook, key: &str) -> String {
    webhook
        .params
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

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

#[test]
fn without_answer_on_bridge_the_agent_is_answered_at_once_and_hears_ringback() {
    let verbs =
        twiml::parse("<Response><Dial callerId=\"+15005550006\">+966569705616</Dial></Response>")
            .expect("TwiML");
    let story = Story::from_browser().obeys(verbs);
    assert!(story.did(|output| matches!(output, Output::SendAnswer(_))));
    assert!(story.did(|output| matches!(output, Output::Audio(Side::Child, Audio::Ringback))));
}

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
