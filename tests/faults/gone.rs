//! The database is gone, and back: somebody has moved its folder away.

use crate::{figure, installation::Installation, spread, webhook::Webhook};
use futures::future::join_all;
use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// How soon all is well once it is back.
const HEALED: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_gone_nothing_is_acknowledged_and_it_heals_without_a_restart() {
    let disk = tempfile::tempdir().unwrap();
    let [folder, away] = ["data", "away"].map(|name| disk.path().join(name));
    let installation = Installation::with_database_in(&folder).await;
    let mut server = installation.start().await;
    let identity = installation.agent.identity();
    let before = Webhook::outbound(1, &identity);
    assert!(installation.takes(&before).await);

    fs::rename(&folder, &away).unwrap();
    let gone = AtomicBool::new(true);
    let refused = AtomicUsize::new(0);
    let events: Vec<_> = (100..120).map(|call| Webhook::progress(call, 1)).collect();
    let delivering = join_all(events.iter().map(|event| async {
        // Twilio's patience is of no interest here, only what is promised.
        loop {
            let was_gone = gone.load(Ordering::SeqCst);
            if installation.takes(event).await {
                let is_gone = was_gone && gone.load(Ordering::SeqCst);
                assert!(!is_gone, "promised while nobody could keep it");
                return Instant::now();
            }
            refused.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }));
    let asking = async {
        let mut took = Vec::new();
        for call in 2..32 {
            let asked = Instant::now();
            let answer = installation.send(&Webhook::outbound(call, &identity)).await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), 200);
            let twiml = answer.text().await.unwrap();
            took.push(asked.elapsed());
            let apology = twiml.contains("<Say") && !twiml.contains("<Dial");
            assert!(apology, "{twiml}");
        }
        assert!(
            !installation.is_ready().await,
            "nobody is sent here meanwhile"
        );
        gone.store(false, Ordering::SeqCst);
        fs::rename(&away, &folder).unwrap();
        (took, Instant::now())
    };
    let (delivered, (mut took, back)) = tokio::join!(delivering, asking);
    let last = delivered.iter().max().unwrap();
    let healed = last.saturating_duration_since(back);
    let (_, _, slowest) = spread(&mut took);
    figure(
        "the database gone and back",
        format_args!(
            "{} callbacks refused meanwhile and none acknowledged, TwiML after {slowest:.0?} at most, all {} acknowledged {healed:.0?} after its return",
            refused.into_inner(),
            events.len()
        ),
    );
    assert!(healed < HEALED, "{healed:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(installation.takes(&Webhook::outbound(99, &identity)).await);
    assert!(installation.is_ready().await && server.is_running());
    server.kill();
    let stored: BTreeSet<_> = installation.events().await.into_iter().collect();
    let lost = events
        .iter()
        .chain([&before])
        .filter(|event| !stored.contains(&event.key()));
    assert_eq!(lost.count(), 0);
    installation.assert_sound().await;
}

#[tokio::test]
async fn a_database_that_was_replaced_under_a_running_server_is_written_to_by_nobody() {
    let disk = tempfile::tempdir().unwrap();
    let installation = Installation::with_database_in(disk.path()).await;
    let mut server = installation.start().await;
    assert!(installation.takes(&Webhook::progress(1, 1)).await);
    let [file, copy] = ["almasar.db", "copy.db"].map(|name| disk.path().join(name));
    installation.back_up(&copy);
    fs::rename(&copy, &file).unwrap();
    // Restored by somebody who forgot to stop the server first: what it would acknowledge now, the restored database would not have.
    let refused = installation.send(&Webhook::progress(2, 1)).await.unwrap();
    assert!(refused.status().is_server_error(), "{}", refused.status());
    assert!(!installation.is_ready().await);
    server.kill();
}
