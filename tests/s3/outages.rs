//! A store that is away, breaks off, or does not know us.

use crate::{
    store::{KEY, RECORDINGS, SECRET, Store, app_with},
    support::{
        stand_in::{Answer, wav},
        *,
    },
    wire::Wire,
};
use almasar::{
    domain::{sid::CallSid, user::Role},
    i18n::Locale,
    server::{
        clock,
        doctor::{Check, Installation, Limits, Report, examine},
    },
};
use futures::StreamExt;
use reqwest::Method;
use std::time::{Duration, Instant};

async fn archive_of(app: &TestApp) -> Report {
    let installation = Installation::of(&app.running.state);
    let reports: Vec<Report> = examine(installation, Limits::default(), clock::now())
        .collect()
        .await;
    let archive = reports
        .into_iter()
        .find(|report| report.check == Check::Archive);
    archive.expect("a report")
}

async fn ready(app: &TestApp) -> u16 {
    let asked = app.stranger(Method::GET, "/readyz").send().await;
    asked.expect("an answer").status().as_u16()
}

/// Somebody's two calls, of which Twilio has the audio. The first is recorded and in the archive.
async fn one_of_two_archived(app: &TestApp) -> (Person, CallSid, CallSid) {
    let agent = app.sign_in("agent", Role::Agent).await;
    let (first, second) = (call_sid(1), call_sid(2));
    for call in [&first, &second] {
        app.rest
            .answers("GET", &media(&recording_of(call)), [Answer::wav(wav())]);
    }
    app.recorded_call(&first, &agent.user).await;
    archived(&agent, &first).await;
    (agent, first, second)
}

#[tokio::test]
async fn a_store_that_was_down_is_filled_within_ten_seconds_of_its_coming_back() {
    let mut store = Store::start().await;
    let app = app_with(&store.url()).await;
    let (agent, first, second) = one_of_two_archived(&app).await;
    assert_eq!(ready(&app).await, 200);

    store.kill();
    app.recorded_call(&second, &agent.user).await;
    let state = &app.running.state;
    until("it has been tried", || async {
        let waiting = state.store.recording_of_call(&second).await.unwrap();
        let due = state.store.next_recording_due().await.unwrap();
        waiting.is_some_and(|waiting| waiting.archived_at.is_none())
            && due.is_some_and(|due| due > 0)
    })
    .await;
    // People hear both meanwhile, from Twilio, and nobody waits long for it.
    for call in [&first, &second] {
        let asked = Instant::now();
        let streamed = agent.get(&play(call)).await;
        assert_eq!(streamed.status(), 200);
        assert!(!streamed.headers().contains_key("etag"));
        assert_eq!(streamed.bytes().await.unwrap(), wav());
        let waited = asked.elapsed();
        assert!(waited < Duration::from_secs(9), "{waited:?}");
    }
    assert_eq!(ready(&app).await, 503);
    let report = archive_of(&app).await;
    assert_eq!(report.code(), "unreachable", "{report:?}");

    store.begin().await;
    let healed = Duration::from_secs(10);
    tokio::time::timeout(healed, archived(&agent, &second))
        .await
        .expect("it is archived within ten seconds");
    assert_eq!(store.objects().len(), 2);
    assert_eq!(ready(&app).await, 200);
}

#[tokio::test]
async fn a_store_that_accepts_and_never_answers_keeps_nobody_waiting() {
    let store = Store::start().await;
    let wire = Wire::to(store.port).await;
    let app = app_with(&wire.url).await;
    let (agent, first, second) = one_of_two_archived(&app).await;

    wire.be_silent(true);
    let began = Instant::now();
    app.recorded_call(&second, &agent.user).await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "Twilio does not wait for the archive"
    );
    for call in [&first, &second] {
        let asked = Instant::now();
        let streamed = agent.get(&play(call)).await;
        assert_eq!(streamed.status(), 200);
        assert_eq!(streamed.bytes().await.unwrap(), wav());
        let waited = asked.elapsed();
        assert!(waited < Duration::from_secs(9), "{waited:?}");
    }
    assert_eq!(ready(&app).await, 503);
    assert_eq!(archive_of(&app).await.code(), "no-answer");

    wire.be_silent(false);
    archived(&agent, &second).await;
    assert_eq!(ready(&app).await, 200);
}

#[tokio::test]
async fn an_upload_that_breaks_half_way_leaves_nothing_and_is_repeated() {
    let store = Store::start().await;
    let wire = Wire::to(store.port).await;
    let app = app_with(&wire.url).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    // More often than the client tries within one upload.
    wire.cut(6, wav().len() / 2);
    app.recorded_call(&call, &agent.user).await;
    until("it broke", || async { wire.cuts_left() < 3 }).await;
    assert_eq!(store.objects(), Vec::<String>::new());
    archived(&agent, &call).await;
    assert_eq!(wire.cuts_left(), 0);
    let objects = store.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert_eq!(std::fs::read(store.path(&objects[0])).unwrap(), wav());
    let deleted = |asked: &stand_in::Asked| asked.method == "DELETE";
    assert!(!app.rest.asked(&recording).iter().any(deleted));
}

#[tokio::test]
async fn what_the_store_holds_against_us_is_named_by_the_doctor() {
    let store = Store::start().await;
    let endpoint = store.url();
    let env = |key, secret| {
        vec![
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ]
    };
    let wrong = "do-not-print-this-secret";
    let elsewhere = ["--recordings-url", "s3://another/x"];
    for (flags, env, code, names) in [
        (
            RECORDINGS,
            env("another-key", SECRET),
            "wrong-key",
            "AWS_ACCESS_KEY_ID",
        ),
        (
            RECORDINGS,
            env(KEY, wrong),
            "wrong-secret",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (elsewhere, env(KEY, SECRET), "no-bucket", "RECORDINGS_URL"),
        (RECORDINGS, env(KEY, SECRET), "writable", ""),
    ] {
        let app = spawn_app_with_env(&flags, &env).await;
        let report = archive_of(&app).await;
        assert_eq!(report.code(), code, "{report:?}");
        for locale in [Locale::en, Locale::ar] {
            let remedy = report.remedy(locale).unwrap_or_default();
            assert!(remedy.contains(names), "{remedy}");
        }
        assert!(!format!("{report:?}{:?}", report.detail()).contains(wrong));
        assert_eq!(
            ready(&app).await,
            if code == "writable" { 200 } else { 503 }
        );
        app.running.stop().await.unwrap();
    }
    assert_eq!(store.objects(), Vec::<String>::new());
}
