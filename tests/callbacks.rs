//! `POST /api/calls/webhook/*`: what Twilio reports, however it comes.

use crate::support::*;
use almasar::domain::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_call_is_followed_from_the_first_ring_to_its_recording() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    let path = format!("/api/calls/{sid}");
    app.dial(&sid, &agent.user, "0569705616").await;
    for (number, status) in (0..).zip(["initiated", "ringing", "in-progress", "completed"]) {
        app.customer_is(&sid, number, status).await;
        assert_eq!(agent.json(&path).await["status"], status);
    }
    let call = agent.json(&path).await;
    assert_eq!(call["duration_secs"], 7);
    assert_eq!(call["child_sid"], child_of(&sid).as_str());
    assert!(call["answered_at"].is_string() && call["ended_at"].is_string());
    assert_eq!(call["recording"], Value::Null);
    app.recording_is(&sid, "in-progress").await;
    assert_eq!(
        agent.json(&path).await["recording"]["status"],
        "in-progress"
    );
    app.recording_is(&sid, "completed").await;
    let call = agent.json(&path).await;
    assert_eq!(
        call["recording"],
        json!({ "sid": sid.as_str().replace("CA", "RE"), "status": "completed", "duration_secs": 7, "channels": 2, "agent_channel": 1 })
    );
    let kinds: Vec<_> = call["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "outbound",
            "status",
            "status",
            "status",
            "status",
            "recording",
            "recording"
        ]
    );
}

#[tokio::test]
async fn callbacks_in_the_reverse_order_come_to_the_same() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    app.recording_is(&sid, "completed").await;
    app.recording_is(&sid, "in-progress").await;
    for (number, status) in [
        (3, "completed"),
        (2, "in-progress"),
        (1, "ringing"),
        (0, "initiated"),
    ] {
        app.customer_is(&sid, number, status).await;
        let call = agent.json(&format!("/api/calls/{sid}")).await;
        assert_eq!(
            (&call["status"], &call["duration_secs"]),
            (&"completed".into(), &7.into())
        );
        assert_eq!(call["recording"]["status"], "completed");
    }
}

#[tokio::test]
async fn each_callback_five_times_in_parallel_has_one_effect() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    let mut changes = app.running.state.store.changes();
    for (number, status) in (0..).zip(["ringing", "in-progress", "completed"]) {
        futures::future::join_all((0..5).map(|_| app.customer_is(&sid, number, status))).await;
    }
    futures::future::join_all((0..5).map(|_| app.recording_is(&sid, "completed"))).await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(
            change
                .view
                .recording
                .as_ref()
                .map_or(change.view.status.to_string(), |recording| {
                    recording.status.to_string()
                }),
        );
    }
    assert_eq!(told, ["ringing", "in-progress", "completed", "completed"]);
    assert_eq!(
        agent.json(&format!("/api/calls/{sid}")).await["events"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[tokio::test]
async fn the_customer_was_busy_whatever_the_parent_says() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    let parent = [
        ("CallSid", sid.as_str()),
        ("CallStatus", "completed"),
        ("CallDuration", "4"),
        ("SequenceNumber", "0"),
    ];
    assert_eq!(
        app.twilio("/api/calls/webhook/status", &parent)
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        agent.json(&format!("/api/calls/{sid}")).await["status"],
        "canceled"
    );
    let child = child_of(&sid);
    let dial = [
        ("CallSid", sid.as_str()),
        ("DialCallSid", child.as_str()),
        ("DialCallStatus", "busy"),
    ];
    let response = app.twilio("/api/calls/twiml/after-dial", &dial).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().contains("<Hangup/>"));
    app.customer_is(&sid, 2, "busy").await;
    let call = agent.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(
        (&call["status"], &call["duration_secs"]),
        (&"busy".into(), &0.into())
    );
}

#[tokio::test]
async fn an_unknown_sid_is_stored_rather_than_lost() {
    let app = spawn_app().await;
    let manager = app.sign_in("manager", Role::Manager).await;
    app.customer_is(&call_sid(7), 1, "ringing").await;
    let lone = [
        ("CallSid", call_sid(8).to_string()),
        ("CallStatus", "ringing".into()),
    ];
    let lone: Vec<_> = lone
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        app.twilio("/api/calls/webhook/status", &lone)
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    app.recording_is(&call_sid(9), "completed").await;
    for n in [7, 8] {
        assert_eq!(
            manager.json(&format!("/api/calls/{}", call_sid(n))).await["status"],
            "ringing"
        );
    }
    assert_eq!(
        manager.json(&format!("/api/calls/{}", call_sid(9))).await["recording"]["status"],
        "completed"
    );
}

#[tokio::test]
async fn a_missing_or_malformed_call_sid_is_refused_and_not_stored() {
    let app = spawn_app().await;
    for path in [
        "/api/calls/webhook/status",
        "/api/calls/webhook/recording",
        "/api/calls/twiml/outbound",
    ] {
        for sid in ["", "CA", "../../etc", "CA0000000000000000000000000000000G"] {
            let response = app
                .twilio(
                    path,
                    &[
                        ("CallSid", sid),
                        ("CallStatus", "completed"),
                        ("RecordingStatus", "completed"),
                    ],
                )
                .await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path} {sid}");
        }
        assert_eq!(
            app.twilio(path, &[("CallStatus", "completed")])
                .await
                .status(),
            StatusCode::BAD_REQUEST
        );
    }
    let wrong = [
        ("CallSid", call_sid(1).to_string()),
        ("RecordingSid", "../".into()),
        ("RecordingStatus", "completed".into()),
    ];
    let wrong: Vec<_> = wrong
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        app.twilio("/api/calls/webhook/recording", &wrong)
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(app.count_calls().await, 0);
}

#[tokio::test]
async fn values_that_make_no_sense_are_kept_and_ignored() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    app.customer_is(&sid, 0, "in-progress").await;
    let child = child_of(&sid);
    let odd = [
        ("completed", "-1"),
        ("completed", "NaN"),
        ("completed", "9223372036854775808"),
        ("teleported", "7"),
        ("", ""),
    ];
    for (number, (status, duration)) in (10..).zip(odd) {
        let number = number.to_string();
        let params = [
            ("CallSid", child.as_str()),
            ("ParentCallSid", sid.as_str()),
            ("CallStatus", status),
            ("CallDuration", duration),
            ("SequenceNumber", &number),
        ];
        assert_eq!(
            app.twilio("/api/calls/webhook/status", &params)
                .await
                .status(),
            StatusCode::NO_CONTENT,
            "{status} {duration}"
        );
    }
    let call = agent.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(call["status"], "completed");
    assert!(
        call["duration_secs"].as_i64().unwrap() < 60,
        "by the times, since no duration made sense"
    );
    assert_eq!(call["events"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_recording_that_never_came_to_be_is_shown_as_absent() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    let absent = [
        ("CallSid", sid.as_str()),
        ("RecordingStatus", "absent"),
        ("RecordingUrl", "http://169.254.169.254/"),
    ];
    assert_eq!(
        app.twilio("/api/calls/webhook/recording", &absent)
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    let recording = agent.json(&format!("/api/calls/{sid}")).await["recording"].clone();
    assert_eq!(
        (&recording["status"], &recording["sid"]),
        (&"absent".into(), &Value::Null)
    );
}

#[tokio::test]
async fn a_signed_echo_leaves_its_nonce() {
    let app = spawn_app().await;
    assert_eq!(
        app.twilio("/api/calls/webhook/echo", &[("Nonce", "abcdef0123456789")])
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    let store = &app.running.state.store;
    assert!(store.take_echo("abcdef0123456789").await.unwrap());
    assert!(!store.take_echo("abcdef0123456789").await.unwrap());
    assert_eq!(
        app.twilio("/api/calls/webhook/echo", &[("Nonce", "<script>")])
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
}
