//! Another process holds the database's write lock for ten seconds.

use crate::{
    figure,
    installation::Installation,
    spread,
    support::{sid, until},
    webhook::Webhook,
};
use futures::future::join_all;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

const HELD: Duration = Duration::from_secs(10);
/// What Twilio gives a webhook, its retries (`#rc=3&rp=ct,rt,5xx`) included.
const PATIENCE: Duration = Duration::from_secs(15);

/// As Twilio does it: at once, and three times again. How long until it was acknowledged.
async fn deliver(installation: &Installation, webhook: &Webhook) -> Option<Duration> {
    let began = Instant::now();
    for _ in 0..4 {
        let left = PATIENCE.checked_sub(began.elapsed())?;
        let attempt = tokio::time::timeout(left, installation.takes(webhook)).await;
        if attempt == Ok(true) {
            return Some(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_holds_the_lock_agents_are_answered_and_events_wait() {
    let installation = Installation::new().await;
    let mut server = installation.start().await;
    let identity = installation.agent.identity();
    assert!(installation.takes(&Webhook::outbound(1, &identity)).await);

    let mut other = installation.database().await;
    other.lock().await;
    let began = Instant::now();
    let events: Vec<_> = (100..160).map(|call| Webhook::progress(call, 1)).collect();
    let delivering = join_all(events.iter().map(|event| deliver(&installation, event)));
    let asking = async {
        let mut answered = Vec::new();
        for call in 2.. {
            if began.elapsed() > HELD - Duration::from_secs(2) {
                break;
            }
            let asked = Instant::now();
            let webhook = Webhook::outbound(call, &identity);
            let response = installation.send(&webhook).await.unwrap();
            assert_eq!(response.status(), 200);
            let twiml = response.text().await.unwrap();
            answered.push((call, asked.elapsed()));
            assert!(
                twiml.contains("<Say") && !twiml.contains("<Dial"),
                "{twiml}"
            );
            let listed = installation.get("/api/calls").await;
            assert_eq!(listed.status(), 200, "what only reads is not concerned");
        }
        answered
    };
    let holding = async {
        tokio::time::sleep(HELD).await;
        other.unlock().await;
    };
    let (delivered, answered, ()) = tokio::join!(delivering, asking, holding);

    let mut waited: Vec<_> = delivered.into_iter().map(Option::unwrap).collect();
    let (_, _, longest) = spread(&mut waited);
    let mut latencies: Vec<_> = answered.iter().map(|(_, took)| *took).collect();
    let (median, _, slowest) = spread(&mut latencies);
    figure(
        "locked for 10 s",
        format_args!(
            "{} TwiML answers, median {median:.0?}, slowest {slowest:.0?}; {} events delivered, the last after {longest:.1?}",
            answered.len(),
            waited.len()
        ),
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(answered.len() >= 4);

    // A call that was refused aloud must not look dialled.
    let installation = &installation;
    for (call, _) in answered {
        let path = format!("/api/calls/{}", sid("CA", call));
        until("the refusal is stored", || async {
            let response = installation.get(&path).await;
            response.status() == 200
                && response
                    .text()
                    .await
                    .unwrap()
                    .contains("\"status\":\"failed\"")
        })
        .await;
    }
    let again = Webhook::outbound(99, &identity);
    assert!(installation.takes(&again).await, "as good as before");
    assert!(server.is_running());
    server.kill();
    let stored: BTreeSet<_> = installation.events().await.into_iter().collect();
    assert!(events.iter().all(|event| stored.contains(&event.key())));
    installation.assert_sound().await;
}
