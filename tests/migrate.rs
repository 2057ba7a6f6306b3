//! `almasar migrate`: the schema brought up to date, and a whole installation moved from one database to another.

use crate::support::{
    stand_in::{Answer, wav},
    *,
};
use almasar::domain::user::Role;
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

fn migrate(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_almasar"))
        .current_dir(folder)
        .env_clear()
        .arg("migrate")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A SQLite installation with something in every table that a copy could get wrong.
async fn populated() -> (TestApp, Person) {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::sqlite(&dir.path().join("data/almasar.db"));
    let app = spawn_app_in(dir, database, &[]).await;
    let agent = app.sign_in("وكيل", Role::Manager).await;
    let other = app.sign_in("other", Role::Agent).await;
    for n in 1..=7 {
        let call = call_sid(n);
        let recording = recording_of(&call);
        let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
        app.rest.answers("GET", &media, [Answer::wav(wav())]);
        app.recorded_call(&call, if n < 5 { &agent.user } else { &other.user })
            .await;
    }
    app.dial(&call_sid(8), &agent.user, "0569705616").await;
    app.dial(&call_sid(9), &agent.user, "not a number").await;
    until("all recordings are archived", || async {
        let mut rows = app.rows().await;
        rows.count("select count(*) from recordings where archived_at is not null")
            .await
            == 7
    })
    .await;
    let store = &app.running.state.store;
    store
        .upsert_phone(&agent.user.id, "tab", 1_700_000_000_000)
        .await
        .unwrap();
    // What no way of ours writes any more, but a file may hold; and more rows than one statement copies.
    let mut rows = app.rows().await;
    rows.run(
        "insert into settings values ('odd', 'a' || char(0) || 'b'), ('quotes', '''\"\\ $1 {}'), ('emoji', '📞'), ('empty', '');
        with recursive n (n) as (select 1 union all select n + 1 from n where n < 1200)
            insert into echoes select printf('%032x', n), n from n;",
    )
    .await;
    (app, agent)
}

async fn seen(person: &Person) -> Vec<Value> {
    let mut seen = vec![person.json("/api/calls?limit=200").await];
    for n in 1..=9 {
        seen.push(person.json(&format!("/api/calls/{}", call_sid(n))).await);
    }
    seen
}

/// Everything but when the row was found.
fn lasting(mut seen: Vec<Value>) -> Vec<Value> {
    for value in &mut seen {
        if let Some(events) = value["events"].as_array_mut() {
            events.retain(|event| event["kind"] != "played");
        }
    }
    seen
}

#[tokio::test]
async fn a_live_installation_moves_to_another_database_and_goes_on_there() {
    let (app, agent) = populated().await;
    let before = lasting(seen(&agent).await);
    let newest = app.running.state.store.newest_change().await.unwrap();
    let config = app.running.state.config.as_ref().clone();
    let (folder, source) = app.stop().await;

    let elsewhere = tempfile::tempdir().unwrap();
    let target = TestDatabase::new(elsewhere.path()).await;
    let args = ["--from", source.url(), "--to", target.url()];
    let (code, out, err) = migrate(folder.path(), &args);
    assert_eq!(code, Some(0), "{out}{err}");
    for line in [
        "calls: 9 rows copied and compared",
        "echoes: 1200 rows",
        "users: 2 rows",
        "recordings: 7 rows",
        "people stay signed in",
        "next:",
    ] {
        assert!(out.contains(line), "{line:?} is not in {out}");
    }
    assert_eq!(
        out.contains("1 texts a NUL"),
        on_postgres(),
        "a NUL is told of where it cannot be kept: {out}"
    );

    let moved = spawn_app_in(
        folder,
        target,
        &[
            "--recordings-url",
            &format!(
                "file://{}",
                match &config.recordings {
                    almasar::server::config::RecordingsUrl::File(path) => path.display(),
                    other => unreachable!("{other:?}"),
                }
            ),
        ],
    )
    .await;
    let person = agent.at(&moved);
    assert_eq!(lasting(seen(&person).await), before, "signed in still");
    let audio = person
        .get(&format!("/api/calls/{}/recording", call_sid(1)))
        .await;
    assert_eq!(audio.status(), 200);
    // Whoever was listening goes on from where they were.
    let mut stream = listen(&person, Some(&newest.to_string())).await;
    stream.next().await.unwrap();
    moved.customer_is(&call_sid(8), 1, "in-progress").await;
    let (id, call) = stream.next_call().await.unwrap();
    assert_eq!(call["sid"], call_sid(8).as_str());
    assert!(id.parse::<i64>().unwrap() > newest);
    // A callback that comes twice is known to have come.
    moved.customer_is(&call_sid(1), 3, "completed").await;
    assert_eq!(
        person.json(&format!("/api/calls/{}", call_sid(1))).await["status"],
        "completed"
    );
}

#[tokio::test]
async fn it_moves_back_to_sqlite_too() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.recorded_call(&call_sid(1), &agent.user).await;
    let before = agent.json("/api/calls").await;
    let (folder, source) = app.stop().await;
    let file = folder.path().join("back/almasar.db");
    let target = TestDatabase::sqlite(&file);
    let (code, out, err) = migrate(
        folder.path(),
        &["--from", source.url(), "--to", target.url()],
    );
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(file.with_extension("session-secret").is_file());
    let mut rows = target.connect().await;
    let kept = "select count(*) from settings where name = 'session_secret'";
    assert_eq!(rows.count(kept).await, 0, "the secret is in one place");
    let app = spawn_app_in(folder, target, &[]).await;
    assert_eq!(agent.at(&app).json("/api/calls").await, before);
}

#[tokio::test]
async fn a_target_in_use_or_a_source_that_is_none_is_refused_and_left_alone() {
    let (app, _) = populated().await;
    let (folder, source) = app.stop().await;
    let there = spawn_app().await;
    let other = there.sign_in("other", Role::Agent).await;
    let (_other_folder, target) = there.stop().await;

    let (code, out, err) = migrate(
        folder.path(),
        &["--from", source.url(), "--to", target.url()],
    );
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(
        err.contains("in use") && err.contains("empty database"),
        "{err}"
    );
    let mut rows = target.connect().await;
    assert_eq!(rows.count("select count(*) from users").await, 1);
    assert_eq!(rows.count("select count(*) from calls").await, 0);
    assert_eq!(other.user.name, "other");

    let nowhere = format!("sqlite://{}/nowhere.db", folder.path().display());
    let (code, _, err) = migrate(folder.path(), &["--from", &nowhere, "--to", target.url()]);
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no database"), "{err}");
    assert!(!folder.path().join("nowhere.db").exists());

    let (code, _, err) = migrate(
        folder.path(),
        &["--from", source.url(), "--to", source.url()],
    );
    assert_eq!(code, Some(1));
    assert!(err.contains("same database"), "{err}");
}

#[tokio::test]
async fn a_source_of_another_schema_is_refused() {
    let (folder, source) = spawn_app().await.stop().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let target = TestDatabase::new(elsewhere.path()).await;
    let args = ["--from", source.url(), "--to", target.url()];
    let later =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        select 9999, 'later', success, checksum, 0 from _sqlx_migrations where version = 1";
    source.connect().await.run(later).await;
    let (code, _, err) = migrate(folder.path(), &args);
    assert_eq!(code, Some(1));
    assert!(err.contains("newer"), "{err}");
    let earlier = "delete from _sqlx_migrations where version = 9999 or version = (select max(version) from _sqlx_migrations where version < 9999)";
    source.connect().await.run(earlier).await;
    let (code, _, err) = migrate(folder.path(), &args);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("older") && err.contains("almasar migrate"),
        "{err}"
    );
}

#[tokio::test]
async fn without_flags_it_brings_the_schema_up_to_date_and_wrong_usage_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(folder.path()).await;
    let here = ["--database-url", database.url()];
    let (code, first, err) = migrate(folder.path(), &here);
    assert_eq!(code, Some(0), "{err}");
    let (code, again, _) = migrate(folder.path(), &here);
    assert_eq!(code, Some(0));
    assert!(
        first.contains("up to date") && !first.contains(" 0 of them"),
        "{first}"
    );
    assert!(again.contains(" 0 of them"), "{again}");

    for wrong in [
        &["--from", "sqlite://a.db"][..],
        &["--to", "sqlite://a.db"],
        &["--from", "mysql://x", "--to", "sqlite://a.db"],
        &["--from"],
    ] {
        let (code, _, err) = migrate(folder.path(), wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {err}");
    }
    let secret = "postgres://who:hidden@127.0.0.1:1/x";
    let (code, out, err) = migrate(
        folder.path(),
        &["--from", secret, "--to", "sqlite://new.db"],
    );
    assert_eq!(code, Some(1));
    assert!(
        !out.contains("hidden") && !err.contains("hidden"),
        "{out}{err}"
    );
}
