//! A copy of the database, made while the server writes, from which another server can go on.

use crate::support::*;
use almasar::{
    domain::{sid::CallSid, user::Role},
    server::{
        config::{DatabaseUrl, Secret},
        store::backup,
    },
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

fn sqlite(folder: &Path, name: &str) -> String {
    format!("sqlite://{}", folder.join(name).display())
}

#[tokio::test]
async fn a_backup_made_while_calls_come_in_restores_to_a_server_that_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = spawn_app_with(&["--database-url", &sqlite(folder.path(), "live.db")]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for number in 1..=5 {
        app.answered_call(&call_sid(number), &agent.user).await;
    }
    let database = app.running.state.config.database.clone();
    let file = folder.path().join("copy.db");
    let more = async {
        for number in 6..=25 {
            app.answered_call(&call_sid(number), &agent.user).await;
        }
    };
    let (size, ()) = tokio::join!(backup(&database, &file), more);
    let size = size.expect("a backup");
    let stored = fs::metadata(&file).expect("the file");
    assert_eq!(
        (stored.len(), stored.permissions().mode() & 0o777),
        (size, 0o600)
    );

    let again = backup(&database, &file).await.expect_err("no overwriting");
    assert!(again.to_string().contains("overwrites nothing"), "{again}");
    assert_eq!(fs::metadata(&file).expect("the file").len(), size);

    let restored = spawn_app_with(&["--database-url", &sqlite(folder.path(), "copy.db")]).await;
    for number in 1..=5 {
        let call = CallSid::parse(&sid("CA", number)).expect("a SID");
        let found = restored
            .running
            .state
            .store
            .call(&call)
            .await
            .expect("read");
        let found = found.expect("the call");
        assert_eq!(found.status.as_str(), "completed");
        assert!(found.agent.is_some_and(|of| of.id == agent.user.id));
    }
}

#[tokio::test]
async fn a_server_starts_on_a_database_that_the_version_after_it_has_migrated() {
    let (folder, database) = spawn_app().await.stop().await;
    let mut rows = database.connect().await;
    rows.run("alter table calls add column later text").await;
    rows.run(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        select 9999, 'later', success, checksum, 0 from _sqlx_migrations where version = 1",
    )
    .await;
    drop(rows);
    let app = spawn_app_in(folder, database, &[]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.answered_call(&call_sid(1), &agent.user).await;
}

#[tokio::test]
async fn postgresql_is_backed_up_by_its_own_tools() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.db");
    let url = DatabaseUrl::Postgres(Secret::new("postgres://who:hidden@nowhere/x"));
    let error = backup(&url, &file).await.expect_err("refused").to_string();
    assert!(
        error.contains("pg_dump") && !error.contains("hidden"),
        "{error}"
    );
    assert!(!file.exists());
}

#[tokio::test]
async fn the_command_says_what_it_did_and_exits_1_when_it_did_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = sqlite(folder.path(), "live.db");
    let app = spawn_app_with(&["--database-url", &database]).await;
    let run = |database: String| {
        let output = Command::new(env!("CARGO_BIN_EXE_almasar"))
            .current_dir(folder.path())
            .env_clear()
            .args(["backup", "copy.db", "--database-url", &database])
            .output()
            .expect("run");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let nowhere = run("sqlite://nowhere.db".to_owned());
    assert_eq!(nowhere.0, Some(1));
    assert!(nowhere.2.contains("there is no database"), "{nowhere:?}");
    assert!(!folder.path().join("nowhere.db").exists());

    let done = run(database.clone());
    assert_eq!(done.0, Some(0), "{done:?}");
    assert!(done.1.contains("copy.db") && done.1.contains("checked"));
    assert_eq!(run(database).0, Some(1));
    app.running.stop().await.expect("stopped");
}
