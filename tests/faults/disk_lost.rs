//! The disk is lost, and a backup of the database is restored on another.

use crate::{
    figure,
    installation::Installation,
    long,
    support::{
        legs::{MINUTE, calls, child, date, parent, twilio_lists},
        sid,
        stand_in::{Answer, StandIn},
    },
    webhook::{PROGRESS, Webhook},
};
use almasar::server::clock;
use sqlx::{Connection, Executor, SqliteConnection};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

const DONE: u32 = 30;
const OPEN: u32 = 10;
const GB: f64 = 1_000_000_000.0;

/// Older calls with their logs, so many, of which the database grows by three kilobytes each.
async fn years_of_calls(file: &Path, count: i64) {
    let file = format!("sqlite://{}", file.display());
    let mut database = SqliteConnection::connect(&file).await.unwrap();
    let numbers = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})"
    );
    let calls = format!(
        "{numbers} insert into calls (sid, change, evidence, direction, from_number, to_number, status, started_at, ended_at, duration_secs)
         select printf('CAf%031x', i), i, '{{}}', 'outbound', '+15005550006', '+966569705616', 'no-answer', i * 1000, i * 1000 + 500, 0 from n"
    );
    let events = format!(
        "{numbers} insert into events (leg_sid, kind, key, call_sid, position, at, received_at, params)
         select printf('CAe%031x', i), 'status', s || ':ringing', printf('CAf%031x', i), i, i, i, hex(randomblob(300))
         from n, (select 1 as s union select 2 union select 3 union select 4)"
    );
    let numbered = format!("update counters set value = {count} where name = 'change'");
    for sql in [calls, events, numbered] {
        database.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_disk_is_lost_a_backup_brings_back_what_it_has_and_open_calls_are_closed() {
    let old = if long() { 150_000 } else { 10_000 };
    let twilio = StandIn::spawn().await;
    let disk = tempfile::tempdir().unwrap();
    let folder = disk.path().join("data");
    let installation = Installation::with_database_in(&folder).await;
    let installation = installation.with_twilio_at(twilio.url());
    let file = folder.join("almasar.db");
    years_of_calls(&file, old).await;
    let mut server = installation.start().await;
    let identity = installation.agent.identity();
    let (began, ended) = (clock::now() - 10 * MINUTE, clock::now() - MINUTE);
    let mut older = Vec::new();
    let mut legs = Vec::new();
    for number in 1..=DONE + OPEN {
        let steps = if number <= DONE { PROGRESS.len() } else { 2 };
        let steps =
            (0..steps).map(|step| Webhook::progress(number, step).with("Timestamp", &date(began)));
        older.extend((number <= DONE).then(|| Webhook::outbound(number, &identity)));
        older.extend(steps);
        let call = sid("CA", number);
        // Until the disk is lost Twilio says that they go on.
        twilio.answers("GET", &calls(&format!("/{call}")), [Answer::status(500)]);
        legs.push(child(&call, "completed", 7, ended));
    }
    for webhook in &older {
        assert!(installation.takes(webhook).await, "{webhook:?}");
    }

    let notes = tempfile::tempdir().unwrap();
    let copy = notes.path().join("almasar.db");
    let secret = file.with_extension("session-secret");
    let copying = Instant::now();
    installation.back_up(&copy);
    let copying = copying.elapsed();
    fs::copy(&secret, notes.path().join("secret")).unwrap();
    // What comes after the backup is lost with the disk: the age of the backup is what such a loss costs.
    for number in DONE + 1..=DONE + OPEN {
        assert!(installation.takes(&Webhook::progress(number, 3)).await);
    }
    server.kill();
    fs::remove_dir_all(&folder).unwrap();
    for number in 1..=DONE + OPEN {
        let call = sid("CA", number);
        let over = Answer::json(parent(&call, "completed", ended));
        twilio.answers("GET", &calls(&format!("/{call}")), [over]);
    }
    twilio_lists(&twilio, legs);

    let open = "select count(*) from calls where ended_at is null";
    let size = fs::metadata(&copy).unwrap().len() as f64;
    let restoring = Instant::now();
    fs::create_dir(&folder).unwrap();
    fs::copy(&copy, &file).unwrap();
    fs::copy(notes.path().join("secret"), &secret).unwrap();
    let copied = restoring.elapsed();
    let left_open = installation.count(open).await;
    let mut server = installation.start().await;
    let restored = copied + server.ready_after;
    let stored: BTreeSet<_> = installation.events().await.into_iter().collect();
    let lost = older
        .iter()
        .filter(|webhook| !stored.contains(&webhook.key()))
        .count();
    let reconciling = Instant::now();
    while installation.count(open).await > 0 {
        assert!(
            reconciling.elapsed() < Duration::from_secs(120),
            "calls stay open"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let right = "select count(*) from calls where status = 'completed' and duration_secs = 7";
    let right = installation.count(right).await;
    let per_gb = restored.as_secs_f64() / size * GB;
    figure(
        "the disk lost, a backup restored",
        format_args!(
            "{lost} of {} older webhooks lost, {left_open} calls left open, 0 after {:.1?} of reconciliation; {:.0} MB copied in {copying:.1?}, restored and ready after {restored:.1?}, which is {per_gb:.0} s for a GB",
            older.len(),
            reconciling.elapsed(),
            size / 1e6
        ),
    );
    assert_eq!(lost, 0);
    assert!(left_open >= i64::from(OPEN));
    assert_eq!(right, i64::from(DONE + OPEN));
    assert!(installation.takes(&Webhook::outbound(99, &identity)).await);
    assert_eq!(
        installation.get("/mobile-call").await.status(),
        200,
        "still signed in"
    );
    // Of a small database most of it is the start of the program, which does not grow.
    if long() {
        assert!(per_gb <= 300.0, "{per_gb} s");
    }
    server.kill();
    installation.assert_sound().await;
}
