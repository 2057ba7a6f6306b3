//! Twilio repeats itself: one effect each.

use crate::{
    figure,
    support::{
        ACCOUNT, TestApp, sid, spawn_app,
        stand_in::{Answer, wav},
        until,
    },
    webhook::{PROGRESS, Webhook},
};
use almasar::domain::{sid::CallSid, user::Role};
use futures::future::join_all;
use std::time::Duration;

async fn five_times(app: &TestApp, webhook: &Webhook) {
    let params: Vec<_> = webhook.form[1..]
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let answers = join_all((0..5).map(|_| app.twilio(webhook.path, &params))).await;
    let first = answers[0].status();
    assert!(first.is_success());
    assert!(answers.iter().all(|answer| answer.status() == first));
}

#[tokio::test]
async fn each_callback_five_times_in_parallel_is_one_row_one_live_event_and_one_archive_job() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
    app.rest.answers("GET", &media, [Answer::wav(wav())]);
    let mut changes = app.running.state.store.changes();

    five_times(&app, &Webhook::outbound(1, &agent.user.identity())).await;
    for step in 0..PROGRESS.len() {
        five_times(&app, &Webhook::progress(1, step)).await;
    }
    five_times(&app, &Webhook::dial(1, "completed")).await;
    five_times(&app, &Webhook::recording(1, "in-progress")).await;
    five_times(&app, &Webhook::recording(1, "completed")).await;
    let stored = || async {
        let call = CallSid::parse(&call).unwrap();
        let stored = app.running.state.store.recording_of_call(&call).await;
        stored.unwrap().unwrap()
    };
    until("the recording is archived", || async {
        stored().await.archived_at.is_some()
    })
    .await;

    // The last change is the archive's own, so nothing more is on its way once it is told.
    let mut told = Vec::new();
    while told.len() < 8 {
        let change = tokio::time::timeout(Duration::from_secs(10), changes.recv()).await;
        let view = change.unwrap().unwrap().view.clone();
        let recording = view.recording.map(|recording| recording.status.to_string());
        told.push(format!(
            "{} {}",
            view.status,
            recording.as_deref().unwrap_or("-")
        ));
    }
    let expected = [
        "initiated -",
        // The same, and now it is known which leg is the customer's.
        "initiated -",
        "ringing -",
        "in-progress -",
        "completed -",
        "completed in-progress",
        "completed completed",
        "completed completed",
    ];
    assert_eq!(told, expected);
    assert!(changes.try_recv().is_err(), "one live event each");
    let events = agent.json(&format!("/api/calls/{call}")).await["events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 8, "{events}");
    assert_eq!(app.rest.asked(&recording).len(), 1, "one archive job");
    assert_eq!(stored().await.attempts, 1);
    figure(
        "each callback five times in parallel",
        format_args!(
            "{:.1} effects for an event: {} rows, {} live events, 1 archive job",
            told.len() as f64 / 8.0,
            events.as_array().unwrap().len(),
            told.len()
        ),
    );
}
