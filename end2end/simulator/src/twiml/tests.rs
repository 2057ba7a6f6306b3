use super::*;

fn only_dial(document: &str) -> Dial {
    match parse(document).expect("parses").remove(0) {
        Verb::Dial(dial) => *dial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorded_bridged_dial_is_read_whole() {
    let dial = only_dial(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Dial callerId="+15005550006" answerOnBridge="true" timeout="20" record="record-from-answer-dual"
                recordingStatusCallback="https://a.example/r?x=1&amp;y=2#rc=3" recordingStatusCallbackEvent="in-progress completed absent"
                action="https://a.example/after">
            <Number statusCallback="https://a.example/s" statusCallbackEvent="initiated ringing answered completed">+966569705616</Number>
          </Dial>
        </Response>"#,
    );
    assert!(dial.answer_on_bridge);
    assert_eq!(dial.timeout, Some(20));
    assert_eq!(
        dial.record,
        Record {
            from: Some(RecordFrom::Answer),
            dual: true
        }
    );
    assert_eq!(
        dial.recording_callback.url.as_deref(),
        Some("https://a.example/r?x=1&y=2#rc=3")
    );
    assert_eq!(dial.recording_callback.events.len(), 3);
    assert_eq!(dial.targets[0].to, "+966569705616");
    assert_eq!(
        dial.targets[0].callback.events,
        ["initiated", "ringing", "answered", "completed"]
    );
}

#[test]
fn a_client_carries_its_identity_and_parameters() {
    let dial = only_dial(
        r#"<Response><Dial><Client><Identity>agent_1</Identity><Parameter name="customer" value="Ali &amp; Co"/></Client></Dial></Response>"#,
    );
    assert!(dial.targets[0].client);
    assert_eq!(dial.targets[0].to, "agent_1");
    assert_eq!(
        dial.targets[0].parameters,
        [("customer".to_owned(), "Ali & Co".to_owned())]
    );
}

#[test]
fn a_bare_number_in_dial_is_a_number() {
    assert_eq!(
        only_dial("<Response><Dial>+966500000000</Dial></Response>").targets[0].to,
        "+966500000000"
    );
}

#[test]
fn spoken_refusals_are_read() {
    let verbs = parse("<Response><Say language=\"ar-SA\">عذرا &amp; شكرا</Say><Pause length=\"2\"/><Hangup/></Response>").expect("parses");
    assert_eq!(
        verbs,
        [
            Verb::Say("عذرا & شكرا".into()),
            Verb::Pause(2),
            Verb::Hangup
        ]
    );
}

#[test]
fn an_empty_response_is_no_verbs() {
    assert_eq!(parse("<Response/>"), Ok(vec![]));
}

#[test]
fn what_is_not_twiml_has_twilios_codes() {
    for bad in [
        "",
        "hello",
        "{\"a\":1}",
        "<html><body></html>",
        "<Response>",
        "<Foo/>",
        "<Response/><Response/>",
        "<Response a=\"b&c\"/>",
    ] {
        assert_eq!(parse(bad).expect_err(bad).code(), 12100, "{bad}");
    }
    assert_eq!(
        parse("<Response><Dance/></Response>")
            .expect_err("unknown")
            .code(),
        12200
    );
    assert_eq!(
        parse("<Response><Dial record=\"maybe\">+1</Dial></Response>")
            .expect_err("unknown")
            .code(),
        12200
    );
}
