//! The power fails. Everything that the server asked of its disk under a load of webhooks is written down, and then done again up to any
//! moment on a disk that loses what was not flushed to it, or keeps some torn part of it. What was acknowledged before that moment has to
//! be there.
//!
//! SQLite's own words for what it relies on: <https://www.sqlite.org/atomiccommit.html>, <https://www.sqlite.org/psow.html>.

mod disk;
mod trace;

use crate::{
    figure,
    installation::Installation,
    long,
    support::until,
    webhook::{PROGRESS, Webhook},
};
use disk::{Disk, Luck};
use sqlx::{Connection, SqliteConnection};
use std::{
    collections::HashSet,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinSet;
use trace::{Op, Step};

const DATABASE: &str = "almasar.db";
/// How many calls are on their way at once.
const CALLS: usize = 8;

/// A webhook that was taken, and when that was known, in microseconds since 1970.
struct Acknowledged {
    at: u128,
    key: (String, String, String),
}

/// What was found on disks after their power had failed.
#[derive(Default, Debug, Clone, Copy)]
struct Found {
    cuts: usize,
    looked_for: usize,
    lost: usize,
    damaged: usize,
    /// The step before which the power failed when something was lost for the first time.
    first_bad: Option<usize>,
}

/// Calls, until so many webhooks have been acknowledged and what SQLite keeps in its log has come into the database at least once. In the
/// order in which they were acknowledged.
async fn acknowledged(
    installation: &Arc<Installation>,
    database: &Path,
    enough: usize,
) -> Vec<Acknowledged> {
    let size = |file: &Path| fs::metadata(file).unwrap().len();
    let before = size(database);
    let (calls, list) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let mut carriers = JoinSet::new();
    for _ in 0..CALLS {
        let (installation, database) = (installation.clone(), database.to_owned());
        let (calls, list) = (calls.clone(), list.clone());
        carriers.spawn(async move {
            while list.lock().unwrap().len() < enough || size(&database) == before {
                let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
                let placed = Webhook::outbound(call, &installation.agent.identity());
                let steps = (0..PROGRESS.len()).map(|step| Webhook::progress(call, step));
                let recorded = Webhook::recording(call, "completed");
                for webhook in [placed].into_iter().chain(steps).chain([recorded]) {
                    if installation.takes(&webhook).await {
                        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                        let (at, key) = (at.as_micros(), webhook.key());
                        list.lock().unwrap().push(Acknowledged { at, key });
                    }
                }
            }
        });
    }
    carriers.join_all().await;
    let mut list = std::mem::take(&mut *list.lock().unwrap());
    list.sort_by_key(|acknowledged| acknowledged.at);
    list
}

/// Looks at what a power cut has left, and makes of it what SQLite makes of it.
async fn look(folder: &Path, acknowledged: &[Acknowledged], found: &mut Found) {
    found.cuts += 1;
    found.looked_for += acknowledged.len();
    let file = folder.join(DATABASE);
    let read = async {
        let mut database =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
        let verdict: String = sqlx::query_scalar("pragma integrity_check")
            .fetch_one(&mut database)
            .await?;
        let events: Vec<(String, String, String)> =
            sqlx::query_as("select leg_sid, kind, key from events")
                .fetch_all(&mut database)
                .await?;
        database.close().await?;
        Ok::<_, sqlx::Error>((verdict, events))
    };
    match read.await {
        Ok((verdict, events)) => {
            found.damaged += usize::from(verdict != "ok");
            let events: HashSet<_> = events.into_iter().collect();
            let lost = acknowledged.iter().filter(|one| !events.contains(&one.key));
            found.lost += lost.count();
        }
        Err(_) => {
            found.damaged += 1;
            found.lost += acknowledged.len();
        }
    }
}

/// Cuts the power before so many steps, evenly spread, each time with another luck.
async fn cut_the_power(
    mut disk: Disk,
    steps: &[&Step],
    acknowledged: &[Acknowledged],
    cuts: usize,
) -> Found {
    const LUCK: [Luck; 5] = [0.0, 0.5, 0.0, 0.9, 0.1];
    let mut found = Found::default();
    let every = (steps.len() / cuts).max(1);
    for (number, step) in steps.iter().enumerate() {
        if number % every == 0 {
            let folder = tempfile::tempdir().unwrap();
            disk.cut(LUCK[number / every % LUCK.len()], folder.path());
            // What was known before this step was asked for was promised before it.
            let promised = acknowledged.partition_point(|one| one.at <= step.at);
            look(folder.path(), &acknowledged[..promised], &mut found).await;
            let bad = found.lost + found.damaged > 0;
            found.first_bad = found.first_bad.or(bad.then_some(number));
        }
        disk.does(&step.op);
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged() {
    let (enough, cuts) = if long() { (4_000, 2_000) } else { (600, 50) };
    let disk = tempfile::tempdir().unwrap();
    let folder = disk.path();
    let installation = Arc::new(Installation::with_database_in(folder).await);
    let (before, unflushed_before) = (Disk::holding(folder), Disk::holding(folder));
    let notes = tempfile::tempdir().unwrap();
    let notes = notes.path().join("trace");
    let mut server = installation.start_traced(trace::CALLS, &notes).await;
    let acknowledged = acknowledged(&installation, &folder.join(DATABASE), enough).await;
    server.kill();
    let id = server.id();
    until("everything is written down", || async {
        trace::has_end(&notes, id)
    })
    .await;

    let steps = trace::read(&notes, folder);
    let count = |wanted: fn(&Op) -> bool| steps.iter().filter(|step| wanted(&step.op)).count();
    let flushes = count(|op| matches!(op, Op::Flush(_)));
    let checkpointed = count(|op| matches!(op, Op::Write { file, .. } if file == DATABASE));
    assert!(
        checkpointed > 0,
        "the log was never brought into the database: {} acknowledged, {} steps, {flushes} flushes",
        acknowledged.len(),
        steps.len()
    );
    let all: Vec<&Step> = steps.iter().collect();
    let found = cut_the_power(before, &all, &acknowledged, cuts).await;

    // The same without its flushes, so that it is known that a loss would be seen.
    let is_flush = |step: &Step| matches!(step.op, Op::Flush(_));
    let unflushed: Vec<&Step> = steps.iter().filter(|step| !is_flush(step)).collect();
    let without = cut_the_power(unflushed_before, &unflushed, &acknowledged, 20).await;
    figure(
        "power cuts",
        format_args!(
            "{} ({} acknowledged webhooks, {} steps, {flushes} flushes, {checkpointed} pages into the database)",
            found.cuts,
            acknowledged.len(),
            steps.len()
        ),
    );
    figure(
        "acknowledged before a power cut",
        format_args!(
            "{} looked for, {} lost, {} databases damaged (without the flushes {} lost in {} cuts)",
            found.looked_for, found.lost, found.damaged, without.lost, without.cuts
        ),
    );
    assert_eq!((found.lost, found.damaged, found.first_bad), (0, 0, None));
    assert!(without.lost > 0, "a loss would not be seen");
    assert!(acknowledged.len() >= enough && found.cuts >= cuts);
}
