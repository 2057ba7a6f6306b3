//! `GET /api/calls/events`: the stream of changes.

use crate::support::*;
use almasar::{domain::user::Role, server::store::Store};
use std::time::Duration;

#[tokio::test]
async fn every_change_of_a_call_arrives_as_it_happens() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut stream = listen(&agent, None).await;
    stream.next().await.unwrap();
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    app.customer_is(&sid, 0, "ringing").await;
    app.customer_is(&sid, 1, "in-progress").await;
    let mut last = 0;
    for status in ["initiated", "ringing", "in-progress"] {
        let (id, call) = stream.next_call().await.unwrap();
        assert_eq!(
            (&call["sid"], &call["status"]),
            (&sid.as_str().into(), &status.into())
        );
        let id = id.parse::<i64>().unwrap();
        assert!(id > last);
        last = id;
    }
    assert_eq!(
        agent.json("/api/calls").await["calls"][0]["status"],
        "in-progress"
    );
}

#[tokio::test]
async fn a_broken_stream_resumes_where_it_ended() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.dial(&call_sid(1), &agent.user, "0569705616").await;
    let mut stream = listen(&agent, None).await;
    let here = stream.next().await.unwrap().id;
    drop(stream);
    app.dial(&call_sid(2), &agent.user, "0569705616").await;
    app.customer_is(&call_sid(1), 0, "ringing").await;
    let mut stream = listen(&agent, Some(&here)).await;
    assert_eq!(
        stream.next_call().await.unwrap().1["sid"],
        call_sid(2).as_str()
    );
    let (id, call) = stream.next_call().await.unwrap();
    assert_eq!(call["status"], "ringing");
    drop(stream);
    let mut stream = listen(&agent, Some(&id)).await;
    assert_eq!(stream.next().await.unwrap().event, "", "nothing was missed");
    app.customer_is(&call_sid(1), 1, "busy").await;
    assert_eq!(stream.next_call().await.unwrap().1["status"], "busy");
}

#[tokio::test]
async fn a_place_that_cannot_be_resumed_means_a_reset() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.dial(&call_sid(1), &agent.user, "0569705616").await;
    for id in ["999999", "-1", "nonsense", &"9".repeat(5000)] {
        let told = listen(&agent, Some(id)).await.next().await.unwrap();
        assert_eq!(told.event, "reset", "{id}");
        assert!(!told.id.is_empty(), "and from there it goes on");
    }
}

#[tokio::test]
async fn an_agent_hears_of_own_calls_only() {
    let app = spawn_app().await;
    let one = app.sign_in("one", Role::Agent).await;
    let two = app.sign_in("two", Role::Agent).await;
    let manager = app.sign_in("manager", Role::Manager).await;
    let (mut of_one, mut of_manager) = (listen(&one, None).await, listen(&manager, None).await);
    app.dial(&call_sid(2), &two.user, "0569705616").await;
    app.dial(&call_sid(1), &one.user, "0569705616").await;
    assert_eq!(
        of_one.next_call().await.unwrap().1["sid"],
        call_sid(1).as_str()
    );
    assert_eq!(
        of_manager.next_call().await.unwrap().1["sid"],
        call_sid(2).as_str()
    );
    let mut resumed = listen(&one, Some("0")).await;
    assert_eq!(
        resumed.next_call().await.unwrap().1["sid"],
        call_sid(1).as_str()
    );
}

#[tokio::test]
async fn open_streams_end_at_once_when_the_server_stops() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut stream = listen(&agent, None).await;
    stream.next().await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(8), app.running.stop());
    stopped
        .await
        .expect("the stream kept the server up")
        .unwrap();
    assert_eq!(stream.next().await, None);
}

/// Another process on the same database: `almasar recordings fetch` beside `almasar serve`.
async fn another_process(app: &TestApp) -> Store {
    Store::open(&app.running.state.config.database)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_another_process_changed_is_told_while_we_change_nothing() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = another_process(&app).await;
    let mut stream = listen(&agent, None).await;
    stream.next().await.unwrap();
    for n in 1..=2 {
        other.record(placed(n, &agent.user)).await.unwrap();
        let told = stream.next_call().await.unwrap().1;
        assert_eq!(told["sid"], call_sid(n).as_str());
    }
    other.touch(&call_sid(1)).await.unwrap();
    let told = stream.next_call().await.unwrap().1;
    assert_eq!(told["sid"], call_sid(1).as_str());
}

#[tokio::test]
async fn what_another_process_changed_is_told_before_what_we_change_after_it() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = another_process(&app).await;
    let mut stream = listen(&agent, None).await;
    stream.next().await.unwrap();
    let mut last = 0;
    for n in [1, 3, 5] {
        other.record(placed(n, &agent.user)).await.unwrap();
        app.dial(&call_sid(n + 1), &agent.user, "0569705616").await;
        for expected in [n, n + 1] {
            let (id, call) = stream.next_call().await.unwrap();
            assert_eq!(call["sid"], call_sid(expected).as_str());
            let id = id.parse::<i64>().unwrap();
            assert!(id > last, "whoever resumes from here has missed nothing");
            last = id;
        }
    }
}
