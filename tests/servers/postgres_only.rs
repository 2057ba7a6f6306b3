//! What SQLite, with its one server, has nothing of.

use super::two_servers;
use crate::support::{
    stand_in::{Answer, wav},
    *,
};
use almasar::{
    domain::user::Role,
    server::{calls::reconcile, clock, config::Secret, recordings::fetch, serve, store::Store},
};
use futures::future::join_all;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

const OF_THE_LISTENERS: &str = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'almasar listener'";

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn servers_that_start_together_make_one_schema_one_secret_and_one_administrator() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path()).await;
    let mut config = config(
        dir.path(),
        database.url(),
        PUBLIC_URL,
        "http://127.0.0.1:9",
        &[],
    );
    config.admin_email = Some("admin@example.com".into());
    config.admin_password = Some(Secret::new("a long enough password"));
    let prepared = join_all((0..5).map(|_| serve::prepare(config.clone()))).await;
    let servers: Vec<_> = prepared.into_iter().map(|server| server.unwrap()).collect();
    assert_eq!(servers[0].store.count_users().await.unwrap(), 1);
    let (_, cookie) = signed_in(&servers[0], "agent", Role::Agent).await;
    for server in &servers[1..] {
        let key = server.cookie_key.master();
        assert_eq!(key, servers[0].cookie_key.master());
    }
    assert!(!cookie.is_empty());
    let mut rows = database.connect().await;
    let twice = "select count(*) - count(distinct version) from _sqlx_migrations";
    assert_eq!(rows.count(twice).await, 0);
    assert_eq!(rows.count("select count(*) from counters").await, 1);
    for server in &servers {
        server.store.close().await;
    }
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn a_migration_that_fails_keeps_no_other_server_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path()).await;
    Store::open(&database.config()).await.unwrap().close().await;
    let mut rows = database.connect().await;
    rows.run("create table kept as select * from _sqlx_migrations; update _sqlx_migrations set checksum = '\\x00' where version = 1")
        .await;
    assert!(Store::open(&database.config()).await.is_err());
    rows.run("update _sqlx_migrations set checksum = kept.checksum from kept where kept.version = _sqlx_migrations.version")
        .await;
    let opened =
        tokio::time::timeout(Duration::from_secs(30), Store::open(&database.config())).await;
    opened
        .expect("the lock is still held")
        .unwrap()
        .close()
        .await;
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn what_comes_to_one_server_is_heard_at_the_other_at_once_and_in_order() {
    let (app, agent, other) = two_servers().await;
    let mut streams = [
        listen(&agent, None).await,
        listen(&agent.at(&other), None).await,
    ];
    for stream in &mut streams {
        stream.next().await.unwrap();
    }
    let began = Instant::now();
    let mut last = [0, 0];
    for n in 1..=30 {
        let server = if n % 2 == 0 { &app } else { &other };
        server.dial(&call_sid(n), &agent.user, "0569705616").await;
        for (stream, last) in streams.iter_mut().zip(&mut last) {
            let (id, call) = stream.next_call().await.unwrap();
            assert_eq!(call["sid"], call_sid(n).as_str());
            let id = id.parse::<i64>().unwrap();
            assert!(id > *last);
            *last = id;
        }
    }
    assert_eq!(last[0], last[1], "both heard the same numbers");
    // Somebody who looks every two seconds would have needed a minute.
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn a_server_whose_listening_connection_is_lost_listens_again_and_has_missed_nothing() {
    let (app, agent, other) = two_servers().await;
    let rows = tokio::sync::Mutex::new(app.rows().await);
    let listening = || async { rows.lock().await.count(OF_THE_LISTENERS).await == 2 };
    until("both listen", listening).await;
    let mut stream = listen(&agent.at(&other), None).await;
    stream.next().await.unwrap();
    for n in 1..=3 {
        let lost = rows
            .lock()
            .await
            .all::<(bool,)>("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'almasar listener'")
            .await;
        assert_eq!(lost.len(), 2);
        app.dial(&call_sid(n), &agent.user, "0569705616").await;
        let (_, call) = stream.next_call().await.unwrap();
        assert_eq!(call["sid"], call_sid(n).as_str());
        until("both listen again", listening).await;
    }
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn connections_that_the_database_has_closed_are_made_anew() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut rows = app.rows().await;
    for n in 1..=5 {
        app.dial(&call_sid(n), &agent.user, "0569705616").await;
        rows.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            .await;
        // The very next one, of each kind.
        app.customer_is(&call_sid(n), 0, "ringing").await;
        let call = agent.json(&format!("/api/calls/{}", call_sid(n))).await;
        assert_eq!(call["status"], "ringing");
    }
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn a_transaction_that_another_server_left_open_does_not_stop_us_for_long() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut frozen = app.rows().await;
    // As a server's connections are.
    frozen
        .run("set idle_in_transaction_session_timeout = '5s'")
        .await;
    frozen.lock().await;
    let began = Instant::now();
    let refused = app.dial(&call_sid(1), &agent.user, "0569705616").await;
    assert!(
        refused.contains("<Say") && !refused.contains("<Dial"),
        "{refused}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "an agent is waiting"
    );
    let next = AtomicU32::new(2);
    until("calls can be placed again", || async {
        let sid = call_sid(next.fetch_add(1, Ordering::Relaxed));
        let answer = app.dial(&sid, &agent.user, "0569705616").await;
        answer.contains("<Dial")
    })
    .await;
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn a_recording_is_fetched_by_one_server() {
    let (app, agent, other) = two_servers().await;
    let calls: Vec<_> = (1..=5).map(call_sid).collect();
    for call in &calls {
        let recording = recording_of(call);
        let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
        app.rest.answers("GET", &media, [Answer::wav(wav())]);
        app.recorded_call(call, &agent.user).await;
        // Both look at the same time, beside what each does by itself.
        let now = clock::now();
        let (one, two) = tokio::join!(
            fetch::archive_due(&app.running.state, now),
            fetch::archive_due(&other.running.state, now)
        );
        assert!(one.is_ok() && two.is_ok());
        until("it is archived", || async {
            let store = &app.running.state.store;
            let stored = store.recording_of_call(call).await.unwrap();
            stored.is_some_and(|recording| recording.archived_at.is_some())
        })
        .await;
        assert_eq!(app.rest.asked(&format!("{recording}.wav")).len(), 1);
    }
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn two_servers_that_reconcile_at_the_same_time_ask_once_a_step() {
    let (app, agent, other) = two_servers().await;
    let call = call_sid(1);
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json");
    app.rest.answers("GET", &path, [Answer::status(500)]);
    app.dial(&call, &agent.user, "0569705616").await;
    let later = clock::now() + 62_000;
    let (one, two) = tokio::join!(
        reconcile::round(&app.running.state, later),
        reconcile::round(&other.running.state, later)
    );
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(app.rest.asked(&format!("{call}.json")).len(), 1);
}

#[tokio::test]
#[ignore = "for PostgreSQL: script/postgres"]
async fn how_far_fetch_recordings_has_come_is_told_at_every_server() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let somebody = app.sign_in("somebody", Role::Agent).await;
    let other = app.another_server().await;
    let mut streams = [
        listen(&agent, None).await,
        listen(&agent.at(&other), None).await,
    ];
    let mut of_somebody = listen(&somebody.at(&other), None).await;
    of_somebody.next().await.unwrap();
    agent
        .post("/api/calls/recordings/fetch", serde_json::json!({}))
        .await;
    for stream in &mut streams {
        loop {
            let told = stream.next().await.unwrap();
            if told.event == "fetch" && told.data.contains("\"done\":true") {
                break;
            }
        }
    }
    app.dial(&call_sid(1), &somebody.user, "0569705616").await;
    assert_eq!(
        of_somebody.next().await.unwrap().event,
        "call",
        "it is nobody else's business"
    );
}
