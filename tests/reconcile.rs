//! What becomes of a call of which Twilio's callbacks told too little.

use crate::support::{
    legs::*,
    stand_in::{Answer, wav},
    *,
};
use almasar::{
    domain::{sid::CallSid, user::Role},
    server::{calls::reconcile, clock, recordings::retention, state::AppState},
};
use reqwest::Method;
use serde_json::{Value, json};

fn recordings_of(call: &str) -> String {
    calls(&format!("/{call}/Recordings"))
}

fn parsed_sid(call: &str) -> CallSid {
    CallSid::parse(call).expect("a SID")
}

async fn place(app: &TestApp, person: &Person, call: &str) {
    let from = format!("client:{}", person.user.identity());
    let params = [("CallSid", call), ("From", &from), ("To", "0569705616")];
    let placed = app.twilio("/api/calls/twiml/outbound", &params).await;
    assert_eq!(placed.status(), 200);
}

async fn shown(person: &Person, call: &str) -> Value {
    person.json(&format!("/api/calls/{call}")).await
}

async fn round(state: &AppState, now: i64) -> usize {
    reconcile::round(state, now).await.expect("a round")
}

#[tokio::test]
async fn a_call_of_which_every_callback_was_lost_ends_as_twilio_says() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = sid("CA", 1);
    let begun = clock::now();
    place(&app, &agent, &call).await;
    let ended_at = begun + 20 * SECOND;
    let stranger = child(&sid("CA", 2), "busy", 0, ended_at);
    twilio_knows(
        &app.rest,
        &call,
        parent(&call, "completed", ended_at),
        vec![stranger, child(&call, "completed", 12, ended_at)],
    );
    let state = &app.running.state;
    round(state, begun + 30 * SECOND).await;
    assert_eq!(asked(&app.rest, &call), 0, "it may still ring");

    round(state, begun + 62 * SECOND).await;
    let ended = shown(&agent, &call).await;
    assert_eq!(
        (
            &ended["status"],
            &ended["duration_secs"],
            &ended["child_sid"]
        ),
        (&json!("completed"), &json!(12), &json!(customers(&call)))
    );
    assert!(
        ended["events"]
            .as_array()
            .expect("events")
            .iter()
            .any(|event| event["key"] == "rest:completed"),
        "{ended}"
    );

    // A callback that comes after all changes nothing, nor does another round.
    let late = [
        ("CallSid", customers(&call)),
        ("ParentCallSid", call.clone()),
        ("CallStatus", "completed".to_owned()),
        ("SequenceNumber", "3".to_owned()),
        ("CallDuration", "12".to_owned()),
        ("Timestamp", date(ended_at)),
    ];
    let late: Vec<(&str, &str)> = late.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let kept = app.twilio("/api/calls/webhook/status", &late).await;
    assert_eq!(kept.status(), 204);
    round(state, begun + 64 * SECOND).await;
    assert_eq!(asked(&app.rest, &call), 1);
    let after = shown(&agent, &call).await;
    for field in ["status", "duration_secs", "answered_at", "ended_at"] {
        assert_eq!(ended[field], after[field], "{field}");
    }
}

#[tokio::test]
async fn a_call_that_lives_is_asked_about_once_a_minute() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = sid("CA", 1);
    let begun = clock::now();
    place(&app, &agent, &call).await;
    let mut talking = child(&call, "in-progress", 5, begun + 10 * SECOND);
    talking["end_time"] = Value::Null;
    let mut alive = parent(&call, "in-progress", begun + 20 * SECOND);
    alive["end_time"] = Value::Null;
    twilio_knows(&app.rest, &call, alive, vec![talking]);
    let state = &app.running.state;
    let first = begun + 62 * SECOND;
    for tick in 0..9 {
        round(state, first + tick * 5 * SECOND).await;
    }
    assert_eq!(asked(&app.rest, &call), 1);
    assert_eq!(shown(&agent, &call).await["status"], "in-progress");
    round(state, first + MINUTE).await;
    assert_eq!(asked(&app.rest, &call), 2);
}

#[tokio::test]
async fn while_twilio_fails_a_call_is_asked_about_once_a_step_and_even_a_restart_asks_no_sooner() {
    let call = sid("CA", 1);
    let failing = || [Answer::status(500)];
    let path = calls(&format!("/{call}"));

    let app = spawn_app().await;
    app.rest.answers("GET", &path, failing());
    let agent = app.sign_in("agent", Role::Agent).await;
    place(&app, &agent, &call).await;
    let first = clock::now() + 62 * SECOND;
    round(&app.running.state, first).await;
    round(&app.running.state, first + SECOND).await;
    let before = asked(&app.rest, &call);
    assert_eq!(before, 1, "one request a step, and no repeats");
    let (folder, database) = app.stop().await;

    let app = spawn_app_in(folder, database, &[]).await;
    app.rest.answers("GET", &path, failing());
    let state = &app.running.state;
    round(state, first + 2 * SECOND).await;
    assert_eq!(asked(&app.rest, &call), 0);
    round(state, first + 15 * SECOND).await;
    assert_eq!(asked(&app.rest, &call), 1);
    let stuck = state.store.stuck_work(first + MINUTE, 0, 10).await;
    let stuck = stuck.expect("read");
    assert_eq!(stuck.len(), 1);
    assert_eq!((stuck[0].work.as_str(), stuck[0].given_up), ("call", false));
    let error = stuck[0].last_error.as_deref();
    assert!(error.is_some_and(|text| text.contains("500")), "{stuck:?}");
}

#[tokio::test]
async fn when_twilio_asks_to_be_left_alone_nothing_more_is_asked() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let begun = clock::now();
    for number in 1..=20 {
        let call = sid("CA", number);
        place(&app, &agent, &call).await;
        let too_many = Answer::status(429).header("retry-after", "3600");
        app.rest
            .answers("GET", &calls(&format!("/{call}")), [too_many]);
    }
    let state = &app.running.state;
    round(state, begun + 70 * SECOND).await;
    let before = app.rest.asked("/Calls/").len();
    assert!((1..20).contains(&before), "{before}");
    assert!(state.twilio.rest().is_some());
    round(state, begun + 10 * MINUTE).await;
    assert_eq!(app.rest.asked("/Calls/").len(), before);
}

#[tokio::test]
async fn a_recording_of_which_no_callback_told_is_found_and_archived() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.answered_call(&parsed_sid(&call), &agent.user).await;
    let item = |status: &str| json!({ "recordings": [{ "sid": recording, "call_sid": call, "status": status, "duration": "1", "channels": 2 }], "next_page_uri": null });
    app.rest.answers(
        "GET",
        &recordings_of(&call),
        [
            Answer::json(item("processing")),
            Answer::json(item("completed")),
        ],
    );
    let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
    app.rest.answers("GET", &media, [Answer::wav(wav())]);
    let state = &app.running.state;
    let now = clock::now();
    round(state, now + 62 * SECOND).await;
    assert_eq!(
        shown(&agent, &call).await["recording"]["status"],
        "processing"
    );
    round(state, now + 3 * MINUTE).await;
    until("the recording is archived", || async {
        let stored = state
            .store
            .recording_of_call(&parsed_sid(&call))
            .await
            .expect("read");
        stored.is_some_and(|stored| stored.archived_at.is_some())
    })
    .await;
    round(state, now + 60 * MINUTE).await;
    round(state, now + 120 * MINUTE).await;
    assert_eq!(app.rest.asked(&format!("{call}/Recordings")).len(), 2);
}

#[tokio::test]
async fn a_recording_that_was_never_made_is_given_up_after_a_day_and_says_so() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = sid("CA", 1);
    app.answered_call(&parsed_sid(&call), &agent.user).await;
    let none = json!({ "recordings": [], "next_page_uri": null });
    app.rest
        .answers("GET", &recordings_of(&call), [Answer::json(none)]);
    let state = &app.running.state;
    let begun = clock::now();
    for minutes in 0..26 * 60 {
        if minutes % 5 == 0 {
            round(state, begun + minutes * MINUTE).await;
        }
    }
    let asked = app.rest.asked(&format!("{call}/Recordings")).len();
    assert!((25..45).contains(&asked), "{asked}");
    let stuck = state
        .store
        .stuck_work(begun, begun, 10)
        .await
        .expect("read");
    assert_eq!(stuck.len(), 1);
    assert_eq!(
        (
            stuck[0].work.as_str(),
            stuck[0].given_up,
            stuck[0].call_sid.as_str()
        ),
        ("recording", true, call.as_str())
    );
    assert_eq!(
        stuck[0].last_error.as_deref(),
        Some("Twilio has no recording of this call")
    );
    round(state, begun + 30 * 60 * MINUTE).await;
    assert_eq!(app.rest.asked(&format!("{call}/Recordings")).len(), asked);
}

#[tokio::test]
async fn a_call_that_twilio_does_not_know_is_closed_with_the_reason() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = sid("CA", 1);
    let begun = clock::now();
    place(&app, &agent, &call).await;
    let state = &app.running.state;
    round(state, begun + 62 * SECOND).await;
    assert_eq!(shown(&agent, &call).await["status"], "initiated");
    round(state, begun + 11 * MINUTE).await;
    let closed = shown(&agent, &call).await;
    assert_eq!(
        (&closed["status"], &closed["duration_secs"]),
        (&json!("canceled"), &json!(0))
    );
    let stuck = state
        .store
        .stuck_work(begun, begun, 10)
        .await
        .expect("read");
    assert_eq!(stuck.len(), 1);
    assert_eq!((stuck[0].work.as_str(), stuck[0].given_up), ("call", true));
    assert_eq!(
        stuck[0].last_error.as_deref(),
        Some("Twilio knows no such call")
    );
    assert!(
        closed["events"]
            .as_array()
            .expect("events")
            .iter()
            .any(|event| event["key"] == "rest:lost"
                && event.to_string().contains("Twilio knows no such call")),
        "{closed}"
    );
}

#[tokio::test]
async fn what_retention_deleted_is_not_resurrected_by_comparing_with_twilio() {
    let app = spawn_app_with(&["--recording-retention-days", "30"]).await;
    let manager = app.sign_in("manager", Role::Manager).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    let resource = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}");
    let media = format!("{resource}.wav");
    app.rest.answers("GET", &media, [Answer::wav(wav())]);
    let gone = [Answer::status(204)];
    app.rest
        .answers("DELETE", &format!("{resource}.json"), gone);
    app.recorded_call(&parsed_sid(&call), &manager.user).await;
    let state = &app.running.state;
    until("the recording is archived", || async {
        let stored = state
            .store
            .recording_of_call(&parsed_sid(&call))
            .await
            .expect("read");
        stored.is_some_and(|stored| stored.archived_at.is_some())
    })
    .await;
    let later = clock::now() + 31 * 24 * 60 * MINUTE;
    assert_eq!(retention::sweep(state, later).await.expect("swept"), 1);

    // Twilio's metadata outlives the audio by weeks.
    let item = json!({ "sid": recording, "call_sid": call, "status": "completed", "duration": "1", "channels": 2 });
    let list = || {
        [Answer::json(
            json!({ "recordings": [item.clone()], "next_page_uri": null }),
        )]
    };
    let all = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings.json");
    app.rest.answers("GET", &all, list());
    app.rest.answers("GET", &recordings_of(&call), list());
    let before = app.rest.asked(&media).len();
    let fetched = manager
        .request(Method::POST, "/api/calls/recordings/fetch")
        .send()
        .await;
    let fetched: Value = fetched.expect("an answer").json().await.expect("JSON");
    assert_eq!(fetched["added"], 0);
    round(state, clock::now() + 2 * MINUTE).await;
    assert_eq!(
        shown(&manager, &call).await["recording"]["status"],
        "deleted"
    );
    assert_eq!(app.rest.asked(&media).len(), before);
}
