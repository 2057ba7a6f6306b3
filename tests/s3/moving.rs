//! `almasar recordings move`: from a folder into a bucket, between buckets, and back.

use crate::{
    store::{KEY, SECRET, Store},
    support::{
        stand_in::{Answer, wav},
        *,
    },
    wire::Wire,
};
use almasar::{domain::user::Role, server::recordings::retention};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

const CALLS: u32 = 6;

/// A folder with an installation that has archived some calls, and is stopped.
struct Archived {
    folder: tempfile::TempDir,
}

impl Archived {
    async fn some() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("almasar.db").display());
        let recordings = format!("file://{}", folder.path().join("old").display());
        let flags = [
            ["--database-url", &database],
            ["--recordings-url", &recordings],
        ]
        .concat();
        let app = spawn_app_with(&flags).await;
        let agent = app.sign_in("agent", Role::Agent).await;
        for n in 1..=CALLS {
            let call = call_sid(n);
            // Each with bytes of its own.
            let mut audio = wav().to_vec();
            audio[100] = n as u8;
            app.rest.answers(
                "GET",
                &media(&recording_of(&call)),
                [Answer::wav(audio.into())],
            );
            app.recorded_call(&call, &agent.user).await;
            archived(&agent, &call).await;
        }
        app.running.stop().await.unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    /// The real program.
    fn moves(&self, current: &str, line: &[&str], env: &[(&str, &str)]) -> Moved {
        let output = Command::new(env!("CARGO_BIN_EXE_almasar"))
            .args(["recordings", "move"])
            .args(line)
            .current_dir(self.folder.path())
            .env_clear()
            .env("TMPDIR", self.folder.path())
            .env("RUST_LOG", "warn")
            .env(
                "DATABASE_URL",
                format!("sqlite://{}", self.path("almasar.db").display()),
            )
            .env("RECORDINGS_URL", current)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        Moved::of(&output)
    }
}

#[derive(Debug)]
struct Moved {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Moved {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn said(&self, code: i32, part: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(
            self.out.contains(part) || self.err.contains(part),
            "{self:?}"
        );
        assert!(!self.out.contains(SECRET) && !self.err.contains(SECRET));
    }
}

/// Recordings in a folder, by name, with what they hold.
fn audio(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.path().is_dir() {
                true if !name.starts_with('.') => folders.push(entry.path()),
                false if name.ends_with(".wav") => {
                    found.push((name, fs::read(entry.path()).unwrap()));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn recordings_go_into_a_bucket_and_another_and_back_and_are_the_same() {
    let installation = Archived::some().await;
    let (first, second) = (Store::start().await, Store::start().await);
    let (first_url, second_url) = (first.url(), second.url());
    let own = |endpoint| {
        [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_ENDPOINT_URL", endpoint),
        ]
    };
    let from_first = [
        ("FROM_AWS_ACCESS_KEY_ID", KEY),
        ("FROM_AWS_SECRET_ACCESS_KEY", SECRET),
        ("FROM_AWS_ENDPOINT_URL", first_url.as_str()),
    ];
    let (old, new) = (installation.url("old"), installation.url("new"));
    let whole = audio(&installation.path("old"));
    assert_eq!(whole.len(), CALLS as usize);

    let line = ["--from", &old, "--to", "s3://calls/a"];
    let moved = installation.moves(&old, &line, &own(&first_url));
    moved.said(
        0,
        "6 of 6 recordings are verified at s3://calls/a: 6 copied, 0 there before",
    );
    assert_eq!(audio(&first.path("a")), whole);
    assert_eq!(
        audio(&installation.path("old")),
        whole,
        "nothing is deleted"
    );
    installation
        .moves(&old, &line, &own(&first_url))
        .said(0, "0 copied, 6 there before");

    let between = ["--from", "s3://calls/a", "--to", "s3://calls/b"];
    let env = [&own(&second_url)[..], &from_first].concat();
    installation
        .moves("s3://calls/a", &between, &env)
        .said(0, "6 copied");
    assert_eq!(audio(&second.path("b")), whole);

    // With one set of variables both ends are reached by it.
    let back = ["--from", "s3://calls/b", "--to", &new, "--delete"];
    let moved = installation.moves(&new, &back, &own(&second_url));
    moved.said(0, "6 copied, 0 there before");
    moved.said(0, "6 deleted from s3://calls/b");
    assert_eq!(audio(&installation.path("new")), whole);
    assert_eq!(second.objects(), Vec::<String>::new());
    assert_eq!(first.objects().len(), CALLS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_broken_off_goes_on_where_it_stopped() {
    let installation = Archived::some().await;
    let store = Store::start().await;
    let wire = Wire::to(store.port).await;
    let env = [
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL", wire.url.as_str()),
    ];
    let old = installation.url("old");
    let line = ["--from", &old, "--to", "s3://calls/a"];
    let whole = audio(&installation.path("old"));
    let moves = || installation.moves(&old, &line, &env);
    let moved = std::thread::scope(|threads| {
        let moving = threads.spawn(moves);
        while store.objects().len() < 3 && !moving.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        wire.cut(usize::MAX / 2, 0);
        moving.join().unwrap()
    });
    if moved.code == Some(1) {
        moved.said(1, "run it again to go on");
    }
    wire.cut(0, 0);
    moves().said(0, "6 of 6 recordings are verified");
    assert_eq!(audio(&store.path("a")), whole);
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_named_and_then_nothing_is_deleted() {
    let installation = Archived::some().await;
    let (old, new) = (installation.url("old"), installation.url("new"));
    let month = fs::read_dir(installation.path("old"))
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name() != "incoming")
        .unwrap();
    let month = fs::read_dir(month.path())
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let file = |n| {
        month
            .path()
            .join(format!("{}.wav", recording_of(&call_sid(n))))
    };
    let mut bytes = fs::read(file(1)).unwrap();
    bytes[2000] ^= 1;
    fs::write(file(1), bytes).unwrap();
    fs::remove_file(file(2)).unwrap();

    let line = ["--from", &old, "--to", &new, "--delete"];
    let moved = installation.moves(&new, &line, &[]);
    moved.said(1, "4 of 6 recordings are verified");
    moved.said(
        1,
        &format!(
            "{}: the source holds other bytes",
            recording_of(&call_sid(1))
        ),
    );
    moved.said(
        1,
        &format!("{}: neither archive has it", recording_of(&call_sid(2))),
    );
    moved.said(1, "2 could not be moved; nothing was deleted");
    assert_eq!(audio(&installation.path("old")).len(), 5);
    assert_eq!(audio(&installation.path("new")).len(), 4);
}

#[tokio::test]
async fn one_place_under_two_names_and_other_wrong_uses_are_refused() {
    let installation = Archived::some().await;
    let old = installation.url("old");
    std::os::unix::fs::symlink(installation.path("old"), installation.path("link")).unwrap();
    let (link, new) = (installation.url("link"), installation.url("new"));
    let nowhere = installation.url("nowhere");
    for (line, part) in [
        (
            vec!["--from", &old, "--to", &old],
            "--to: the same place as --from",
        ),
        (
            vec!["--from", &old, "--to", &link],
            "--to: the same place as --from",
        ),
        (
            vec!["--from", &nowhere, "--to", &new],
            "--from: there is no folder",
        ),
        (
            vec!["--from", "old", "--to", &new],
            "--from: \"old\" is neither",
        ),
        (vec!["--from", &old, "--to", "s3://calls"], "AWS_"),
        (
            vec!["--from", &old, "--to", &new, "--delete"],
            "--delete: RECORDINGS_URL is",
        ),
        (vec!["--from", &old], "--to"),
    ] {
        let env = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
        installation.moves(&old, &line, &env).said(2, part);
    }
    let store = Store::start().await;
    let endpoint = format!("http://localhost:{}", store.port);
    let by_name = [
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("FROM_AWS_ACCESS_KEY_ID", KEY),
        ("FROM_AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    let by_number = store.url();
    let env = [
        &by_name[..],
        &[("FROM_AWS_ENDPOINT_URL", by_number.as_str())],
    ]
    .concat();
    let line = ["--from", "s3://calls/a", "--to", "s3://calls/a"];
    installation
        .moves(&old, &line, &env)
        .said(2, "--to: the same place as --from");
    assert_eq!(audio(&installation.path("old")).len(), CALLS as usize);
}

#[tokio::test]
async fn a_copy_of_what_was_deleted_meanwhile_goes_with_the_source() {
    let installation = Archived::some().await;
    let (old, new) = (installation.url("old"), installation.url("new"));
    let line = ["--from", &old, "--to", &new];
    installation.moves(&old, &line, &[]).said(0, "6 copied");
    let database = format!("sqlite://{}", installation.path("almasar.db").display());
    let flags = [
        ["--database-url", &database],
        ["--recordings-url", &old],
        ["--recording-retention-days", "30"],
    ]
    .concat();
    let app = spawn_app_with(&flags).await;
    let delete = |n| {
        let recording = recording_of(&call_sid(n));
        format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.json")
    };
    for n in 1..=2 {
        app.rest
            .answers("DELETE", &delete(n), [Answer::status(204)]);
    }
    for n in 3..=CALLS {
        app.rest
            .answers("DELETE", &delete(n), [Answer::status(500)]);
    }
    let later = almasar::server::clock::now() + 31 * 24 * 60 * 60 * 1000;
    let deleted = retention::sweep(&app.running.state, later).await.unwrap();
    assert_eq!(deleted, 2);
    app.running.stop().await.unwrap();
    assert_eq!(audio(&installation.path("new")).len(), CALLS as usize);
    let with_delete = [&line[..], &["--delete"]].concat();
    installation
        .moves(&new, &with_delete, &[])
        .said(0, "4 of 4 recordings are verified");
    assert_eq!(audio(&installation.path("new")).len(), 4);
    assert_eq!(audio(&installation.path("old")), Vec::new());
}
