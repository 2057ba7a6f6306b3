use super::{Visitor, attribute, parts};
use crate::{
    doctor::World,
    support::{
        ACCOUNT, Person, TestApp, call_sid, recording_of, spawn_app,
        stand_in::{Answer, wav},
        until,
    },
};
use almasar::{
    domain::{sid::CallSid, user::Role},
    server::store::FoundRecording,
};
use axum::body::Bytes;
use reqwest::Method;

const STEPS: [&str; 7] = [
    "app-urls",
    "rings",
    "sound",
    "status-callbacks",
    "recording-callback",
    "history",
    "playback",
];

/// The steps that stand so.
fn that_are<'a>(rows: &'a str, standing: &str) -> Vec<&'a str> {
    parts(rows, "data-testid=\"checklist-row\"")
        .into_iter()
        .filter(|row| attribute(row, "data-standing", "data-standing") == Some(standing))
        .map(|row| attribute(row, "data-step", "data-step").expect("a step"))
        .collect()
}

async fn rows(admin: &Person) -> String {
    admin
        .get("/setup/checklist")
        .await
        .text()
        .await
        .expect("text")
}

async fn recorded(app: &TestApp, call: &CallSid, audio: Bytes) {
    let media = format!(
        "/2010-04-01/Accounts/{ACCOUNT}/Recordings/{}.wav",
        recording_of(call)
    );
    app.rest.answers("GET", &media, [Answer::wav(audio)]);
    for status in ["in-progress", "completed"] {
        app.recording_is(call, status).await;
    }
}

async fn archived(person: &Person, call: &CallSid) {
    let path = format!("/api/calls/{call}/waveform");
    until("the recording is archived", || async {
        person.get(&path).await.status() == 200
    })
    .await;
}

/// One second in which only the first channel has sound.
fn one_sided() -> Bytes {
    let mut audio = wav().to_vec();
    for frame in audio[44..].chunks_exact_mut(4) {
        frame[2] = 0;
        frame[3] = 0;
    }
    audio.into()
}

#[tokio::test]
async fn each_row_is_ticked_when_its_evidence_comes() {
    let app = spawn_app().await;
    let admin = app.sign_in("admin", Role::Admin).await;
    let call = call_sid(1);
    assert_eq!(that_are(&rows(&admin).await, "waiting"), STEPS);

    app.dial(&call, &admin.user, "0569705616").await;
    assert!(that_are(&rows(&admin).await, "done").is_empty());
    for (number, status) in [(1, "ringing"), (2, "in-progress")] {
        app.customer_is(&call, number, status).await;
        assert_eq!(that_are(&rows(&admin).await, "done"), ["rings"]);
    }
    app.customer_is(&call, 3, "completed").await;
    let over = ["rings", "sound", "status-callbacks", "history"];
    assert_eq!(that_are(&rows(&admin).await, "done"), over);
    recorded(&app, &call, wav()).await;
    archived(&admin, &call).await;
    let reported = [
        "rings",
        "sound",
        "status-callbacks",
        "recording-callback",
        "history",
    ];
    assert_eq!(that_are(&rows(&admin).await, "done"), reported);

    // A player that seeks has not begun to play.
    let path = format!("/api/calls/{call}/recording");
    let part = |range| admin.request(Method::GET, &path).header("Range", range);
    let sought = part("bytes=100-200").send().await.expect("an answer");
    assert_eq!(sought.status(), 206);
    assert_eq!(that_are(&rows(&admin).await, "done"), reported);
    for _ in 0..2 {
        let begun = part("bytes=0-").send().await.expect("an answer");
        assert_eq!(begun.status(), 206);
    }
    until("the playback is noted", || async {
        that_are(&rows(&admin).await, "done").contains(&"playback")
    })
    .await;
    let log = admin.json(&format!("/api/calls/{call}")).await;
    let events = log["events"].as_array().expect("events");
    let played = events.iter().filter(|event| event["kind"] == "played");
    assert_eq!(played.count(), 1, "once for each person");
}

#[tokio::test]
async fn a_recording_with_one_silent_side_says_which() {
    let app = spawn_app().await;
    let admin = app.sign_in("admin", Role::Admin).await;
    let call = call_sid(1);
    app.answered_call(&call, &admin.user).await;
    recorded(&app, &call, one_sided()).await;
    archived(&admin, &call).await;
    let page = rows(&admin).await;
    assert_eq!(that_are(&page, "silent"), ["sound"]);
    assert!(page.contains("لا صوت للعميل"));
}

#[tokio::test]
async fn a_fetched_recording_is_no_evidence_of_its_callback() {
    let app = spawn_app().await;
    let admin = app.sign_in("admin", Role::Admin).await;
    let call = call_sid(1);
    app.answered_call(&call, &admin.user).await;
    let found = FoundRecording {
        sid: recording_of(&call).try_into().expect("a SID"),
        call_sid: call,
        status: "completed",
        duration_secs: Some(1),
        channels: Some(2),
        source: None,
        started_at: None,
    };
    let stored = app.running.state.store.recording_found(&found, 0).await;
    assert!(stored.expect("stored"));
    let page = rows(&admin).await;
    assert!(!that_are(&page, "done").contains(&"recording-callback"));
}

#[tokio::test]
async fn the_last_row_ends_the_installation_and_a_new_test_begins_it_again() {
    let world = World::with(|world| world.set("RECORD_CALLS", "false")).await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let page = admin.text("/setup?wait").await;
    assert!(!page.contains("data-testid=\"setup-finished\""));
    let page = admin.text("/setup/checklist").await;
    assert_eq!(that_are(&page, "done"), ["app-urls"]);
    assert_eq!(that_are(&page, "off"), ["recording-callback", "playback"]);

    // A whole call, as the log keeps it.
    admin.talks(&world, call_sid(1).as_str()).await;
    let page = admin.text("/setup/checklist").await;
    assert!(page.contains("data-testid=\"setup-finished\""));
    assert!(page.contains("The installation is complete"));

    // It stays so, whatever comes after.
    world.account.set_app("voice_url", "");
    let page = admin.text("/setup?wait").await;
    assert!(page.contains("data-testid=\"setup-finished\""));
    let done = ["app-urls", "rings", "sound", "status-callbacks", "history"];
    assert_eq!(that_are(&page, "done"), done);

    let again = admin.post("/api/setup/test-again", &[]).send().await;
    assert_eq!(again.expect("an answer").status(), 303);
    let page = admin.text("/setup/checklist").await;
    assert!(!page.contains("data-testid=\"setup-finished\""));
    assert!(that_are(&page, "done").is_empty(), "the App is wrong now");
}
