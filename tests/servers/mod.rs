//! Several servers on one database. (On SQLite there is one, and what is said here of several it keeps trivially.)

mod postgres_only;

use crate::support::*;
use almasar::{
    domain::user::{Role, User},
    server::{
        clock,
        store::{FoundRecording, Store},
    },
};

/// An agent, signed in at the first.
async fn two_servers() -> (TestApp, Person, TestApp) {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = app.another_server().await;
    (app, agent, other)
}

fn somebody() -> User {
    User {
        id: "u1".into(),
        email: "u1@example.com".into(),
        name: "u1".into(),
        role: Role::Agent,
    }
}

#[tokio::test]
async fn a_session_begun_at_one_server_is_one_at_every_server() {
    let (_app, agent, other) = two_servers().await;
    let there = agent.at(&other);
    assert_eq!(there.get("/api/calls").await.status(), 200);
    assert_eq!(
        there
            .post("/api/auth/logout", serde_json::json!({}))
            .await
            .status(),
        204
    );
    assert_eq!(
        agent.get("/api/calls").await.status(),
        401,
        "signed out everywhere"
    );
}

#[tokio::test]
async fn a_change_that_nobody_notified_us_of_is_found_all_the_same() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.dial(&call_sid(1), &agent.user, "0569705616").await;
    let mut stream = listen(&agent, None).await;
    stream.next().await.unwrap();
    let mut rows = app.rows().await;
    rows.run("update counters set value = value + 1 where name = 'change'; update calls set change = (select value from counters)")
        .await;
    let (_, call) = stream.next_call().await.unwrap();
    assert_eq!(call["sid"], call_sid(1).as_str());
}

async fn two_stores() -> (Store, Store, TestDatabase, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path()).await;
    let one = Store::open(&database.config()).await.unwrap();
    let two = Store::open(&database.config()).await.unwrap();
    (one, two, database, dir)
}

#[tokio::test]
async fn a_recording_whose_server_is_gone_is_taken_over_when_its_lease_runs_out() {
    let (one, two, _database, _dir) = two_stores().await;
    let agent = somebody();
    one.record(placed(1, &agent)).await.unwrap();
    let sid = recording_of(&call_sid(1));
    let found = FoundRecording {
        sid: almasar::domain::sid::RecordingSid::parse(&sid).unwrap(),
        call_sid: call_sid(1),
        status: "completed",
        duration_secs: None,
        channels: None,
        source: None,
        started_at: None,
    };
    let now = clock::now();
    one.recording_found(&found, now).await.unwrap();
    let lease = now + 60_000;
    let claims = tokio::join!(
        one.claim_recording(&sid, now, lease),
        two.claim_recording(&sid, now, lease)
    );
    assert!(
        claims.0.unwrap() != claims.1.unwrap(),
        "one of them has taken it"
    );
    if on_postgres() {
        two.release_recordings().await.unwrap();
        let due = two.recordings_due(now + 1, 10).await.unwrap();
        assert!(due.is_empty(), "a server that starts takes it from nobody");
    }
    let longer = lease + 20_000;
    assert!(one.renew_recording(&sid, lease, longer).await.unwrap());
    assert!(!two.claim_recording(&sid, lease, lease + 1).await.unwrap());
    assert!(
        two.claim_recording(&sid, longer, longer + 60_000)
            .await
            .unwrap()
    );
    assert!(
        !one.renew_recording(&sid, longer, longer + 1).await.unwrap(),
        "it learns that it has it no more"
    );
    two.release_recording(&sid, longer + 60_000).await.unwrap();
    let due = one.recordings_due(now, 10).await.unwrap();
    assert_eq!(due.len(), 1, "given back, it is due at once");
    assert_eq!(due[0].attempts, 1, "and was tried by the one that is gone");
}

#[tokio::test]
async fn twilio_is_asked_about_a_call_by_one_server() {
    let (one, two, _database, _dir) = two_stores().await;
    let agent = somebody();
    for n in 1..=20 {
        one.record(placed(n, &agent)).await.unwrap();
    }
    let now = clock::now();
    let watch = almasar::server::store::Watch {
        after_start: 0,
        after_end: 0,
        ended_since: 0,
        recorded: true,
    };
    let upto = one.newest_change().await.unwrap();
    // Both look through the same changes.
    let watched = tokio::join!(
        one.watch_changes(0, upto, &watch, now),
        two.watch_changes(0, upto, &watch, now)
    );
    assert_eq!(watched.0.unwrap() + watched.1.unwrap(), 20);
    for n in 1..=20 {
        let sid = call_sid(n);
        let later = now + 10;
        let claims = tokio::join!(
            one.claim_reconciliation(&sid, later, later + 1_000),
            two.claim_reconciliation(&sid, later, later + 1_000)
        );
        assert!(claims.0.unwrap() != claims.1.unwrap());
    }
}

#[tokio::test]
async fn text_with_a_nul_is_no_error_of_ours() {
    let app = spawn_app().await;
    let manager = app.sign_in("manager", Role::Manager).await;
    let login = manager
        .post(
            "/api/auth/login",
            serde_json::json!({ "email": "a\0b@example.com", "password": "c\0d" }),
        )
        .await;
    assert_eq!(login.status(), 401);
    for path in ["/api/calls?agent=%00", "/api/calls?number=%00"] {
        let status = manager.get(path).await.status();
        assert!(status.as_u16() < 500, "{path}: {status}");
    }
    let calls = manager.post(
        "/api/calls/diagnostics",
        serde_json::json!({ "sid": null, "to": "05\0" }),
    );
    assert!(calls.await.status().as_u16() < 500);
}
