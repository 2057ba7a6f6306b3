//! What we ask of Twilio's REST API; and the token for its SDK.

use crate::support::{stand_in::Answer, *};
use almasar::{
    domain::user::Role,
    server::twilio::{TwilioError, resources::NewCall},
};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn new_call() -> NewCall {
    NewCall {
        from: "+15005550006".into(),
        to: "+966569705616".into(),
        url: "u".into(),
        status_callback: "s".into(),
        timeout_secs: 30,
    }
}

#[tokio::test]
async fn a_call_is_asked_for_again_only_when_twilio_did_nothing() {
    let app = spawn_app().await;
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
    let made = Answer::json(json!({ "sid": call_sid(1), "status": "queued" }));
    app.rest.answers(
        "POST",
        &path,
        [Answer::status(429).header("retry-after", "0"), made.clone()],
    );
    let call = app
        .running
        .state
        .twilio
        .create_call(&new_call(), Instant::now() + Duration::from_secs(2))
        .await
        .unwrap();
    assert_eq!(call.sid, call_sid(1));
    assert_eq!(app.rest.asked("Calls.json").len(), 2);

    app.rest.answers("POST", &path, [Answer::status(500), made]);
    let error = app
        .running
        .state
        .twilio
        .create_call(&new_call(), Instant::now() + Duration::from_secs(2))
        .await
        .expect_err("no second attempt");
    assert!(
        matches!(error, TwilioError::Refused { status: 500, .. }),
        "{error}"
    );
    assert_eq!(app.rest.asked("Calls.json").len(), 3);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_not_asked_for_again() {
    let app = spawn_app().await;
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
    let later = Answer::status(429).header("retry-after", "3");
    let made = Answer::json(json!({ "sid": call_sid(1), "status": "queued" }));
    app.rest.answers("POST", &path, [later, made]);
    let asked = Instant::now();
    let error = app
        .running
        .state
        .twilio
        .create_call(&new_call(), Instant::now() + Duration::from_secs(2))
        .await
        .expect_err("three seconds are too long");
    assert!(
        matches!(error, TwilioError::Refused { status: 429, .. }),
        "{error}"
    );
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(app.rest.asked("Calls.json").len(), 1);
}

#[tokio::test]
async fn what_only_reads_is_tried_three_times() {
    let app = spawn_app().await;
    let call = call_sid(1);
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json");
    let found = Answer::json(json!({ "sid": call, "status": "completed", "duration": "12" }));
    app.rest.answers(
        "GET",
        &path,
        [
            Answer::status(500),
            Answer::status(503).header("retry-after", "0"),
            found,
        ],
    );
    assert_eq!(
        app.running
            .state
            .twilio
            .fetch_call(&call)
            .await
            .unwrap()
            .duration,
        Some(12)
    );
    app.rest.answers(
        "GET",
        &path,
        [Answer::status(503).header("retry-after", "0")],
    );
    assert!(app.running.state.twilio.fetch_call(&call).await.is_err());
    assert_eq!(app.rest.asked(call.as_str()).len(), 6);
}

#[tokio::test]
async fn a_revoked_api_key_is_got_over_by_the_auth_token() {
    let app = spawn_app().await;
    let call = call_sid(1);
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json");
    app.rest.answers(
        "GET",
        &path,
        [
            Answer::status(401),
            Answer::json(json!({ "sid": call, "status": "ringing" })),
        ],
    );
    app.running.state.twilio.fetch_call(&call).await.unwrap();
    let users: Vec<_> = app
        .rest
        .asked(call.as_str())
        .iter()
        .map(|asked| asked.headers["authorization"].clone())
        .collect();
    assert_ne!(users[0], users[1]);
}

#[tokio::test]
async fn a_token_is_given_to_who_is_signed_in_and_names_their_identity() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let answer = agent.get("/api/calls/token").await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["cache-control"].to_str().ok()
        ),
        (200, Some("no-store"))
    );
    let token: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(token["identity"], json!(agent.user.identity()));
    assert!(
        token["expires_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
    let stranger = app
        .stranger(Method::GET, "/api/calls/token")
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn a_token_cannot_be_had_until_twilio_is_set_up() {
    let app = spawn_app_with(&["--twilio-twiml-app-sid", "", "--twilio-caller-id", ""]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let answer = agent.get("/api/calls/token").await;
    assert_eq!(answer.status(), 503);
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("TWILIO_TWIML_APP_SID")
            && text.contains("TWILIO_CALLER_ID")
            && !text.contains("TWILIO_API_KEY"),
        "{text}"
    );
}
