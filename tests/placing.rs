//! `POST /api/calls/twiml/*`: what Twilio is told to do with a call.

use crate::support::*;
use almasar::{
    domain::{call::Event, phone::PhoneNumber, sid::CallSid, user::Role},
    server::{calls::place, clock},
};
use reqwest::{StatusCode, header};

#[tokio::test]
async fn a_local_number_is_dialled_in_e164_and_the_call_is_stored() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (n, typed) in (1..).zip([
        "0569705616",
        "٠٥٦٩٧٠٥٦١٦",
        "+966 56 970 5616",
        "０５６９７０５６１６",
    ]) {
        let twiml = app.dial(&call_sid(n), &agent.user, typed).await;
        let base = &app.base;
        assert!(
            twiml.contains(&format!(
                "<Dial callerId=\"{CALLER_ID}\" answerOnBridge=\"true\" timeout=\"30\""
            )),
            "{twiml}"
        );
        assert!(
            twiml.contains("record=\"record-from-answer-dual\""),
            "{twiml}"
        );
        assert!(
            twiml.contains("recordingStatusCallbackEvent=\"in-progress completed absent\""),
            "{twiml}"
        );
        assert!(
            twiml.contains(&format!(
                "recordingStatusCallback=\"{base}/api/calls/webhook/recording"
            )),
            "{twiml}"
        );
        assert!(
            twiml.contains(&format!("action=\"{base}/api/calls/twiml/after-dial")),
            "{twiml}"
        );
        assert!(
            twiml.contains(&format!(
                "<Number statusCallback=\"{base}/api/calls/webhook/status"
            )),
            "{twiml}"
        );
        assert!(twiml.contains("statusCallbackEvent=\"initiated ringing answered completed\">+966569705616</Number>"), "{twiml}");
        let call = agent.json(&format!("/api/calls/{}", call_sid(n))).await;
        assert_eq!(call["status"], "initiated");
        assert_eq!(call["to"], "+966569705616");
        assert_eq!(call["from"], CALLER_ID);
        assert_eq!(call["direction"], "outbound");
        assert_eq!(call["agent"]["id"], agent.user.id);
        assert_eq!(call["duration_secs"], serde_json::Value::Null);
    }
}

/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
#[tokio::test]
async fn every_callback_url_in_the_twiml_asks_twilio_to_retry() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let outbound = app.dial(&call_sid(1), &agent.user, "0569705616").await;
    let made = Event::made(
        &call_sid(2),
        &agent.user.identity(),
        CALLER_ID,
        "+966569705616",
        clock::now(),
    );
    app.running.state.store.record(made).await.unwrap();
    let answered = [("CallSid", call_sid(2).to_string())];
    let answered: Vec<_> = answered
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let bridge = app.twilio("/api/calls/twiml/bridge", &answered).await;
    for twiml in [outbound, bridge.text().await.unwrap()] {
        let urls: Vec<_> = twiml
            .split('"')
            .filter(|text| text.starts_with("http"))
            .collect();
        assert_eq!(urls.len(), 3, "status, recording and action: {twiml}");
        for url in urls {
            assert!(url.ends_with("#rc=3&amp;rp=ct,rt,5xx"), "{url}");
        }
    }
}

#[tokio::test]
async fn without_recording_the_twiml_does_not_record() {
    let app = spawn_app_with(&["--record-calls", "false"]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let twiml = app.dial(&call_sid(1), &agent.user, "0569705616").await;
    assert!(
        twiml.contains("<Number") && !twiml.contains("ecord"),
        "{twiml}"
    );
}

#[tokio::test]
async fn what_is_not_dialled_is_refused_aloud_and_stored_with_the_reason() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let refused = [
        ("", "number_missing"),
        ("</Number><Dial>+1900", "number_invalid"),
        ("sip:a@example.com", "number_invalid"),
        ("client:other", "number_invalid"),
        ("0569705616,,1234#", "number_invalid"),
        ("+1234567890123456", "number_invalid"),
        ("+12025550123", "country_not_allowed"),
        ("+881612345678", "number_costly"),
        ("911", "number_short"),
        ("999", "number_short"),
    ];
    for (n, (typed, reason)) in (1..).zip(refused) {
        let sid = call_sid(n);
        let twiml = app.dial(&sid, &agent.user, typed).await;
        assert!(
            twiml.contains("<Say") && !twiml.contains("<Dial"),
            "{typed}: {twiml}"
        );
        let call = agent.json(&format!("/api/calls/{sid}")).await;
        assert_eq!(
            (&call["status"], &call["reason"]),
            (&"failed".into(), &reason.into()),
            "{typed}"
        );
        assert_eq!(call["to"], typed);
    }
}

#[tokio::test]
async fn an_identity_that_is_nobodys_may_not_call() {
    let app = spawn_app().await;
    for from in ["client:user_nobody", "client:", "+966500000000", "sip:x@y"] {
        let sid = call_sid(1);
        let response = app
            .twilio(
                "/api/calls/twiml/outbound",
                &[
                    ("CallSid", sid.as_str()),
                    ("From", from),
                    ("To", "0569705616"),
                ],
            )
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.text().await.unwrap().contains("<Dial"), "{from}");
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_has_no_further_effect() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let first = app.dial(&call_sid(1), &agent.user, "0569705616").await;
    app.customer_is(&call_sid(1), 3, "completed").await;
    let before = app.running.state.store.newest_change().await.unwrap();
    for _ in 0..20 {
        assert_eq!(
            app.dial(&call_sid(1), &agent.user, "0569705616").await,
            first
        );
    }
    assert_eq!(
        app.dial(&call_sid(1), &agent.user, "+966500000000").await,
        first,
        "another number changes nothing either"
    );
    assert_eq!(
        app.running.state.store.newest_change().await.unwrap(),
        before
    );
    assert_eq!(app.count_calls().await, 1);
}

#[tokio::test]
async fn the_callers_own_caller_id_is_ignored() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let from = format!("client:{}", agent.user.identity());
    let params = [
        ("CallSid", call_sid(1).to_string()),
        ("From", from),
        ("To", "0569705616".into()),
        ("callerId", "+966111111111".into()),
    ];
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let twiml = app
        .twilio("/api/calls/twiml/outbound", &params)
        .await
        .text()
        .await
        .unwrap();
    assert!(
        twiml.contains(CALLER_ID) && !twiml.contains("+966111111111"),
        "{twiml}"
    );
}

#[tokio::test]
async fn what_twilio_did_not_sign_is_refused_and_leaves_no_trace() {
    let app = spawn_app().await;
    let sid = call_sid(1);
    for path in [
        "twiml/outbound",
        "twiml/bridge",
        "twiml/after-dial",
        "webhook/status",
        "webhook/recording",
        "webhook/echo",
    ] {
        for signature in [
            None,
            Some(""),
            Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            Some("not base64!"),
        ] {
            let response = app
                .forged(
                    &format!("/api/calls/{path}"),
                    &[("CallSid", sid.as_str()), ("CallStatus", "completed")],
                    signature,
                )
                .await;
            assert_eq!(
                response.status(),
                StatusCode::FORBIDDEN,
                "{path} {signature:?}"
            );
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }
    assert_eq!(app.count_calls().await, 0);
}

#[tokio::test]
async fn when_the_database_is_gone_the_agent_hears_an_apology() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.running.state.store.close().await;
    let twiml = app.dial(&call_sid(1), &agent.user, "0569705616").await;
    assert!(
        twiml.contains("<Say") && !twiml.contains("<Dial"),
        "{twiml}"
    );
    let after = app
        .twilio(
            "/api/calls/twiml/after-dial",
            &[
                ("CallSid", call_sid(1).as_str()),
                ("DialCallStatus", "busy"),
            ],
        )
        .await;
    assert_eq!(after.status(), StatusCode::OK);
    assert!(after.headers().contains_key(header::CONTENT_LENGTH));
    assert!(
        after
            .text()
            .await
            .unwrap()
            .ends_with("<Response><Hangup/></Response>")
    );
    let status = app
        .twilio(
            "/api/calls/webhook/status",
            &[
                ("CallSid", call_sid(1).as_str()),
                ("CallStatus", "completed"),
            ],
        )
        .await;
    assert!(
        status.status().is_server_error(),
        "what is not durable is not acknowledged"
    );
}

#[tokio::test]
async fn a_customer_who_answered_is_joined_to_the_browser_of_the_agent_who_called() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    let number = PhoneNumber::parse_e164("+966569705616").unwrap();
    place::placed_by_rest(&app.running.state, &agent.user, sid.clone(), &number)
        .await
        .unwrap();
    let twiml = bridge(&app, &sid).await;
    assert!(
        twiml.contains("answerOnBridge=\"true\"") && twiml.contains("<Client statusCallback="),
        "{twiml}"
    );
    assert!(
        twiml.contains(&format!("<Identity>{}</Identity>", agent.user.identity())),
        "{twiml}"
    );
    assert!(
        twiml.contains(&format!("<Parameter name=\"call_sid\" value=\"{sid}\"/>")),
        "{twiml}"
    );

    let action = twiml
        .split("action=\"")
        .nth(1)
        .unwrap()
        .split(['"', '#'])
        .next()
        .unwrap();
    let path = action.strip_prefix(&app.base).unwrap();
    let child = child_of(&sid);
    let over = [
        ("CallSid", sid.as_str()),
        ("DialCallSid", child.as_str()),
        ("DialCallStatus", "no-answer"),
    ];
    let apology = app.twilio(path, &over).await.text().await.unwrap();
    assert!(apology.contains("<Say"), "{apology}");
    let call = agent.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(
        (&call["status"], &call["reason"]),
        (&"failed".into(), &"agent_no_answer".into())
    );
}

/// The customer answers: what Twilio is told to do.
async fn bridge(app: &TestApp, sid: &CallSid) -> String {
    let ask = [
        ("CallSid", sid.as_str()),
        ("CallStatus", "in-progress"),
        ("Direction", "outbound-api"),
    ];
    let response = app.twilio("/api/calls/twiml/bridge", &ask).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

/// The customer's leg is over, as Twilio sees it: it was answered, if only by our apology.
async fn customer_leg_completed(app: &TestApp, sid: &CallSid) {
    for (number, status) in [("1", "in-progress"), ("2", "completed")] {
        let params = [
            ("CallSid", sid.as_str()),
            ("CallStatus", status),
            ("SequenceNumber", number),
            ("CallDuration", "6"),
            ("Direction", "outbound-api"),
            ("From", CALLER_ID),
            ("To", "+966569705616"),
        ];
        let response = app.twilio("/api/calls/webhook/status", &params).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_customer_of_a_call_that_nobody_made_hears_an_apology_and_the_call_failed() {
    let app = spawn_app().await;
    let manager = app.sign_in("manager", Role::Manager).await;
    let sid = call_sid(1);
    for _ in 0..2 {
        let twiml = bridge(&app, &sid).await;
        assert!(
            twiml.contains("<Say") && !twiml.contains("<Dial"),
            "{twiml}"
        );
    }
    customer_leg_completed(&app, &sid).await;
    let call = manager.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(
        (&call["status"], &call["duration_secs"]),
        (&"failed".into(), &0.into())
    );
}

#[tokio::test]
async fn a_customer_whom_a_busy_database_kept_from_the_agent_was_in_a_failed_call() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    let number = PhoneNumber::parse_e164("+966569705616").unwrap();
    place::placed_by_rest(&app.running.state, &agent.user, sid.clone(), &number)
        .await
        .unwrap();
    let mut elsewhere = app.rows().await;
    elsewhere.lock().await;
    let twiml = bridge(&app, &sid).await;
    assert!(
        twiml.contains("<Say") && !twiml.contains("<Dial"),
        "{twiml}"
    );
    elsewhere.unlock().await;
    customer_leg_completed(&app, &sid).await;
    let path = format!("/api/calls/{sid}");
    until("the call has failed for that reason", || async {
        let call = agent.json(&path).await;
        call["status"] == "failed" && call["reason"] == "server_busy"
    })
    .await;
}
