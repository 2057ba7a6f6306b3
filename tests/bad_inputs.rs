//! What is sent to a telephone system sooner or later, where no other file has a test of it.

use crate::support::*;
use almasar::{
    domain::user::Role,
    server::{config::Secret, twilio::signature},
};
use reqwest::{Method, StatusCode, header};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const STATUS: &str = "/api/calls/webhook/status";

#[tokio::test]
async fn odd_but_rightly_signed_requests_are_accepted() {
    let app = spawn_app().await;
    let sid = call_sid(1);
    let told = [("CallSid", sid.as_str()), ("CallStatus", "ringing")];
    for query in ["?a='b'", "?who=a@b:c", "?x=1+2", "?name=a%20b%2Bc", "?"] {
        let response = app.twilio(&format!("{STATUS}{query}"), &told).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{query}");
    }
    let repeated = [
        ("CallSid", sid.as_str()),
        ("CallStatus", "ringing"),
        ("Tag", "b"),
        ("Tag", "a"),
        ("Tag", "b"),
    ];
    let response = app.twilio(STATUS, &repeated).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_signature_over_the_parameters_in_another_order_is_refused() {
    let app = spawn_app().await;
    let sid = call_sid(1);
    // Sorted as whole texts, `ReasonConferenceEnded…` would come before `Reasonx`; sorted by name, after it.
    let told = [
        ("CallSid", sid.as_str()),
        ("Reason", "x"),
        ("ReasonConferenceEnded", "y"),
    ];
    let mut lines: Vec<String> = told
        .iter()
        .chain([&("AccountSid", ACCOUNT)])
        .map(|(name, value)| format!("{name}{value}"))
        .collect();
    lines.sort();
    let url = format!("{}{STATUS}{}", app.base, lines.concat());
    let wrong = signature::sign(&Secret::new(AUTH_TOKEN), &url, &[]);
    let response = app.forged(STATUS, &told, Some(&wrong)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(app.count_calls().await, 0);
    let right = app.twilio(STATUS, &told).await;
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_body_that_is_not_the_one_that_was_hashed_is_refused() {
    let app = spawn_app().await;
    let body = r#"{"CallSid":"x"}"#;
    let hash: String = Sha256::digest(body.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = format!("{STATUS}?bodySHA256={hash}");
    let url = format!("{}{path}", app.base);
    let signed = signature::sign(&Secret::new(AUTH_TOKEN), &url, &[]);
    // The right body passes the door, and is then no callback.
    for (sent, status) in [(body, 400), (r#"{"CallSid":"y"}"#, 403), ("", 403)] {
        let response = app
            .stranger(Method::POST, &path)
            .header("X-Twilio-Signature", &signed)
            .header(header::CONTENT_TYPE, "application/json")
            .body(sent)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{sent}");
    }
    assert_eq!(app.count_calls().await, 0);
}

#[tokio::test]
async fn a_callback_replayed_a_thousand_times_and_a_month_later_has_one_effect() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    app.customer_is(&sid, 3, "completed").await;
    let path = format!("/api/calls/{sid}");
    let (before, change) = (
        agent.json(&path).await,
        app.running.state.store.newest_change().await.unwrap(),
    );
    for _ in 0..10 {
        let replays = (0..100).map(|_| app.customer_is(&sid, 3, "completed"));
        futures::future::join_all(replays).await;
    }
    let child = child_of(&sid);
    let old = [
        ("CallSid", child.as_str()),
        ("ParentCallSid", sid.as_str()),
        ("CallStatus", "ringing"),
        ("SequenceNumber", "1"),
        ("Timestamp", "Thu, 01 Jan 2026 00:00:00 +0000"),
    ];
    for _ in 0..2 {
        let response = app.twilio(STATUS, &old).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
    let after = agent.json(&path).await;
    assert_eq!(after["status"], "completed");
    assert_eq!(after["duration_secs"], before["duration_secs"]);
    assert_eq!(after["events"].as_array().unwrap().len(), 3);
    assert_eq!(
        app.running.state.store.newest_change().await.unwrap(),
        change,
        "nothing was told to anybody"
    );
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_given_up_while_others_are_served() {
    let app = spawn_app().await;
    let address = app.base.trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST {STATUS} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    app.customer_is(&call_sid(1), 0, "ringing").await;
    let mut answer = vec![0; 64];
    let read = tokio::time::timeout(Duration::from_secs(20), slow.read(&mut answer));
    let length = read.await.expect("it was given up").unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_number_is_read_through_its_invisible_marks_and_satellites_are_refused() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (n, typed) in (1..).zip(["\u{200f}0569705616", "\u{2066}+966569705616\u{2069}"]) {
        let twiml = app.dial(&call_sid(n), &agent.user, typed).await;
        assert!(twiml.contains(">+966569705616</Number>"), "{twiml}");
    }
    for (n, typed) in (3..).zip(["+882161234567", "00881612345678", "+966700123456", "112"]) {
        let twiml = app.dial(&call_sid(n), &agent.user, typed).await;
        assert!(!twiml.contains("<Dial"), "{typed}: {twiml}");
        let call = agent.json(&format!("/api/calls/{}", call_sid(n))).await;
        assert_eq!(call["status"], "failed", "{typed}");
    }
}

#[tokio::test]
async fn what_was_typed_is_shown_as_text() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (n, typed) in (1..).zip([
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
    ]) {
        app.dial(&call_sid(n), &agent.user, typed).await;
    }
    for path in ["/history", "/mobile-call"] {
        let page = agent.get(path).await.text().await.unwrap();
        assert!(page.contains("onerror=alert(1)"), "it is there: {page}");
        for live in ["<img src=x", "<script>alert", "<svg onload"] {
            assert!(!page.contains(live), "{path}: {live}");
        }
    }
}

#[tokio::test]
async fn a_query_cannot_write_a_header_or_lead_away() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let response = agent.get("/history?next=%0d%0aSet-Cookie:%20a=b").await;
    assert!(!response.headers().contains_key(header::SET_COOKIE));
    let stranger = app.stranger(Method::GET, "/history?x=%0d%0aLocation:%20//evil.example");
    let response = stranger.send().await.unwrap();
    let to = response.headers()[header::LOCATION].to_str().unwrap();
    assert!(to.starts_with("/login?next=%2Fhistory"), "{to}");
    let back = agent
        .request(Method::POST, "/app/locale")
        .form(&[("locale", "en"), ("next", "/a\r\nSet-Cookie: a=b")]);
    let response = back.send().await.unwrap();
    assert_eq!(response.headers()[header::LOCATION], "/mobile-call");
}

#[tokio::test]
async fn an_address_in_a_callback_is_kept_and_never_followed() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (n, url) in (1..).zip([
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/x",
        "file:///etc/passwd",
        "https://api.twilio.com.evil.example/x",
        "https://evil@api.twilio.com/x",
    ]) {
        let sid = call_sid(n);
        let recording = recording_of(&sid);
        app.dial(&sid, &agent.user, "0569705616").await;
        let params = [
            ("CallSid", sid.as_str()),
            ("RecordingSid", &recording),
            ("RecordingStatus", "completed"),
            ("RecordingUrl", url),
        ];
        let response = app.twilio("/api/calls/webhook/recording", &params).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let call = agent.json(&format!("/api/calls/{sid}")).await;
        assert_eq!(call["events"][1]["params"]["RecordingUrl"], url);
        // The only address that is ever asked is Twilio's, which knows nothing of this recording.
        let played = agent.get(&format!("/api/calls/{sid}/recording")).await;
        assert_eq!(played.status(), StatusCode::NOT_FOUND, "{url}");
        let asked = app.rest.asked(&recording);
        assert!(!asked.is_empty());
        let of_twilio = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
        assert!(asked.iter().all(|asked| asked.path.starts_with(&of_twilio)));
    }
}
