//! The disk is full, and then it is not.

use crate::{
    figure,
    installation::{Installation, Server},
    support::sid,
    webhook::Webhook,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const SIZE: &str = "size=8m";

/// A file system of eight megabytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where we may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]);
        let mounted = mount.arg(folder.path()).stderr(Stdio::null()).status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(folder))
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }

    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [64 * 1024, 1024, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// From now on no file of that process may grow beyond so many bytes.
fn limit_files(server: &Server, bytes: &str) {
    let limited = Command::new("prlimit")
        .arg(format!("--pid={}", server.id()))
        .arg(format!("--fsize={bytes}:unlimited"))
        .status()
        .unwrap();
    assert!(limited.success());
}

/// Sends what is new until something is not acknowledged. `full` makes the disk full, `free` gives it room again.
async fn fills_and_heals(
    medium: &str,
    installation: Installation,
    mut server: Server,
    full: impl FnOnce(&Server),
    free: impl FnOnce(&Server),
) {
    let identity = installation.agent.identity();
    let mut acknowledged = vec![Webhook::outbound(1, &identity), Webhook::progress(1, 2)];
    for webhook in &acknowledged {
        assert!(installation.takes(webhook).await);
    }

    full(&server);
    let mut refused = None;
    // The log of writes may have some room of its own left.
    for call in 1_000..6_000 {
        let webhook = Webhook::progress(call, 1);
        let status = installation.send(&webhook).await.unwrap().status();
        if status == 204 {
            acknowledged.push(webhook);
            continue;
        }
        assert!(status.is_server_error(), "{status}");
        refused = Some(webhook);
        break;
    }
    let refused = refused.expect("a full disk acknowledges nothing");

    let response = installation.send(&Webhook::outbound(2, &identity)).await;
    let response = response.unwrap();
    assert_eq!(response.status(), 200);
    let twiml = response.text().await.unwrap();
    assert!(
        twiml.contains("<Say") && !twiml.contains("<Dial"),
        "an apology rather than a call of which nothing is known: {twiml}"
    );
    let after = installation
        .send(&Webhook::dial(1, "completed"))
        .await
        .unwrap();
    assert_eq!(after.status(), 200);
    assert!(after.text().await.unwrap().contains("<Hangup/>"));
    let record = installation
        .json(&format!("/api/calls/{}", sid("CA", 1)))
        .await;
    assert_eq!(record["status"], "in-progress", "what only reads works");
    assert_eq!(installation.get("/healthz").await.status(), 200);
    assert_eq!(installation.get("/mobile-call").await.status(), 200);

    free(&server);
    let freed = Instant::now();
    while !installation.takes(&refused).await {
        assert!(
            freed.elapsed() < Duration::from_secs(10),
            "it does not heal"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    figure(
        "full disk",
        format_args!(
            "{medium}: {} acknowledged before it was full, recovered after {:.0?}",
            acknowledged.len(),
            freed.elapsed()
        ),
    );
    acknowledged.push(refused);
    assert!(installation.takes(&Webhook::outbound(3, &identity)).await);
    assert!(server.is_running(), "healed without a restart");

    server.kill();
    let stored: BTreeSet<_> = installation.events().await.into_iter().collect();
    for webhook in acknowledged {
        assert!(stored.contains(&webhook.key()), "lost: {webhook:?}");
    }
    installation.assert_sound().await;
}

/// As much as the largest of the database's files holds: it may not grow by a byte.
fn largest_file(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap();
    let lengths = files.map(|entry| entry.unwrap().metadata().unwrap().len());
    lengths.max().unwrap()
}

#[tokio::test]
async fn a_full_disk_refuses_callbacks_apologises_to_agents_and_heals_without_a_restart() {
    let Some(disk) = SmallDisk::mount() else {
        // Not root: the same by a limit on the size of files.
        return under_a_limit("a limit on files, since no disk may be mounted here").await;
    };
    let installation = Installation::with_database_in(disk.0.path()).await;
    let server = installation.start().await;
    fills_and_heals(
        "a disk of 8 MB",
        installation,
        server,
        |_| disk.fill(),
        |_| disk.free(),
    )
    .await;
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_survived_in_the_same_way() {
    under_a_limit("a limit on files").await;
}

async fn under_a_limit(medium: &str) {
    let data = tempfile::tempdir().unwrap();
    let installation = Installation::with_database_in(data.path()).await;
    let server = installation.start_ignoring_file_limits().await;
    fills_and_heals(
        medium,
        installation,
        server,
        |server| limit_files(server, &largest_file(data.path()).to_string()),
        |server| limit_files(server, "unlimited"),
    )
    .await;
}
