//! `POST /api/calls`: `makeCall`.

use crate::support::{stand_in::Answer, *};
use almasar::{domain::user::Role, server::clock};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn calls() -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json")
}

fn made() -> Answer {
    Answer::json(json!({ "sid": call_sid(1), "status": "queued" }))
}

async fn an_agent_with_a_phone() -> (TestApp, Person) {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let store = &app.running.state.store;
    let opened = store.upsert_phone(&agent.user.id, "tab", clock::now());
    opened.await.unwrap();
    (app, agent)
}

#[tokio::test]
async fn without_a_phone_to_join_nobody_is_rung() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let answer = agent
        .post("/api/calls", json!({ "to": "0569705616" }))
        .await;
    assert_eq!(answer.status(), 409);
    assert!(app.rest.asked("Calls").is_empty());
}

#[tokio::test]
async fn a_phone_that_says_only_now_that_it_is_open_is_rung() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.rest.answers("POST", &calls(), [made()]);
    let opens = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let store = &app.running.state.store;
        store
            .upsert_phone(&agent.user.id, "tab", clock::now())
            .await
    };
    let (answer, opened) = tokio::join!(
        agent.post("/api/calls", json!({ "to": "0569705616" })),
        opens
    );
    opened.unwrap();
    assert_eq!(answer.status(), 201);
}

#[tokio::test]
async fn the_customer_is_rung_once_and_the_call_is_the_agents() {
    let (app, agent) = an_agent_with_a_phone().await;
    app.rest.answers("POST", &calls(), [made()]);
    let answer = agent
        .post("/api/calls", json!({ "to": "٠٥٦٩٧٠٥٦١٦" }))
        .await;
    assert_eq!(answer.status(), 201);
    let call: Value = answer.json().await.unwrap();
    assert_eq!(
        (&call["sid"], &call["to"], &call["status"]),
        (
            &json!(call_sid(1)),
            &json!("+966569705616"),
            &json!("initiated")
        )
    );
    assert_eq!(call["agent"]["id"], json!(agent.user.id));

    let asked = app.rest.asked("Calls");
    assert_eq!(asked.len(), 1);
    let form: Vec<(String, String)> = url::form_urlencoded::parse(asked[0].body.as_bytes())
        .into_owned()
        .collect();
    let values = |name: &str| {
        form.iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (values("To"), values("From")),
        (vec!["+966569705616"], vec!["+15005550006"])
    );
    assert_eq!(
        values("Url"),
        [format!(
            "{}/api/calls/twiml/bridge#rc=3&rp=ct,rt,5xx",
            app.base
        )]
    );
    assert_eq!(
        values("StatusCallback"),
        [format!(
            "{}/api/calls/webhook/status#rc=3&rp=ct,rt,5xx",
            app.base
        )]
    );
    assert_eq!(
        values("StatusCallbackEvent"),
        ["initiated", "ringing", "answered", "completed"]
    );
}

#[tokio::test]
async fn what_may_not_be_called_is_not() {
    let (app, agent) = an_agent_with_a_phone().await;
    for (to, status) in [
        ("", 400),
        ("client:other", 400),
        ("+442079460000", 403),
        ("911", 403),
        ("+881612345678", 403),
    ] {
        let answer = agent.post("/api/calls", json!({ "to": to })).await;
        assert_eq!(answer.status(), status, "{to}");
    }
    assert!(app.rest.asked("Calls").is_empty());
}

#[tokio::test]
async fn twilios_refusal_is_told_in_its_words() {
    let (app, agent) = an_agent_with_a_phone().await;
    let refusal = Answer {
        status: 400,
        ..Answer::json(
            json!({ "code": 21215, "message": "Account not authorized to call", "status": 400 }),
        )
    };
    app.rest.answers("POST", &calls(), [refusal]);
    let answer = agent
        .post("/api/calls", json!({ "to": "0569705616" }))
        .await;
    assert_eq!(answer.status(), 502);
    assert!(answer.text().await.unwrap().contains("21215"));
}

#[tokio::test]
async fn a_twilio_that_fails_or_wants_to_be_left_alone_is_told_of_within_two_seconds_and_asked_no_second_time()
 {
    for (answer, status) in [
        (Answer::status(500), 502),
        (Answer::status(503).header("retry-after", "1"), 502),
        (Answer::status(429).header("retry-after", "30"), 502),
    ] {
        let (app, agent) = an_agent_with_a_phone().await;
        app.rest.answers("POST", &calls(), [answer]);
        let asked = Instant::now();
        let answer = agent
            .post("/api/calls", json!({ "to": "0569705616" }))
            .await;
        assert_eq!(answer.status(), status);
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(app.rest.asked("Calls.json").len(), 1);
        assert_eq!(app.count_calls().await, 0);
    }
}

#[tokio::test]
async fn a_twilio_that_did_nothing_is_asked_again_while_somebody_waits() {
    let (app, agent) = an_agent_with_a_phone().await;
    let later = Answer::status(429).header("retry-after", "1");
    app.rest.answers("POST", &calls(), [later, made()]);
    let answer = agent
        .post("/api/calls", json!({ "to": "0569705616" }))
        .await;
    assert_eq!(answer.status(), 201);
    assert_eq!(app.rest.asked("Calls.json").len(), 2);
}

#[tokio::test]
async fn a_call_that_twilio_names_too_late_for_whoever_asked_is_theirs_all_the_same() {
    let (app, agent) = an_agent_with_a_phone().await;
    app.rest
        .answers("POST", &calls(), [made().after(Duration::from_secs(3))]);
    let to = json!({ "to": "0569705616" });
    let asked = Instant::now();
    let answer = agent.post("/api/calls", to.clone()).await;
    assert_eq!(answer.status(), 504);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    let again = agent.post("/api/calls", to.clone()).await;
    assert_eq!(again.status(), 409, "it may be ringing already");
    until("the call is there", || async {
        app.count_calls().await == 1
    })
    .await;
    let call = agent.json(&format!("/api/calls/{}", call_sid(1))).await;
    assert_eq!(call["agent"]["id"], json!(agent.user.id));
    assert_eq!(app.rest.asked("Calls.json").len(), 1);
    // And the next call to that number is a call like any other.
    until("it is not being made any more", || async {
        agent.post("/api/calls", to.clone()).await.status() != 409
    })
    .await;
}
