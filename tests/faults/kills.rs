//! The server is killed at random moments under a load of webhooks, and started again.

use crate::{
    figure,
    installation::{Installation, soon},
    long, spread,
    webhook::{OUTBOUND, PROGRESS, TALKED, Webhook},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

/// How many calls are on their way at once.
const CALLS: usize = 16;

/// Twilio, which sends every webhook of every call until it is acknowledged, and some of them again.
struct Load {
    installation: Arc<Installation>,
    calls: AtomicU32,
    stop: AtomicBool,
    acknowledged: Mutex<Vec<Webhook>>,
    repeated: AtomicU32,
    /// Calls whose agent was told that the system is busy.
    refused: Mutex<BTreeSet<u32>>,
}

impl Load {
    /// One call after another, each to its end.
    async fn carry_calls(self: Arc<Self>) {
        while !self.stop.load(Ordering::Relaxed) {
            let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
            self.place(call).await;
            for step in 0..PROGRESS.len() {
                self.insist(Webhook::progress(call, step)).await;
            }
            self.insist(Webhook::recording(call, "in-progress")).await;
            self.insist(Webhook::recording(call, "completed")).await;
        }
    }

    /// TwiML is asked for until there is an answer. That the system is busy is one, and promises nothing.
    async fn place(&self, call: u32) {
        let webhook = Webhook::outbound(call, &self.installation.agent.identity());
        loop {
            if let Ok(response) = self.installation.send(&webhook).await
                && response.status() == 200
                && let Ok(twiml) = response.text().await
            {
                if twiml.contains("<Dial") {
                    self.acknowledged.lock().unwrap().push(webhook);
                } else {
                    assert!(twiml.ends_with("<Hangup/></Response>"), "{twiml}");
                    self.refused.lock().unwrap().insert(call);
                }
                return;
            }
            pause().await;
        }
    }

    async fn insist(&self, webhook: Webhook) {
        while !self.installation.takes(&webhook).await {
            pause().await;
        }
        if rand::random_ratio(1, 10) {
            self.repeated.fetch_add(1, Ordering::Relaxed);
            let _ = self.installation.send(&webhook).await;
        }
        self.acknowledged.lock().unwrap().push(webhook);
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// Before another attempt: those who wait must not take the processor from the server that they wait for.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_however_often_the_server_is_killed() {
    let (kills, least) = if long() { (1_000, 10_000) } else { (50, 500) };
    let installation = Arc::new(Installation::new().await);
    let load = Arc::new(Load {
        installation: installation.clone(),
        calls: AtomicU32::new(0),
        stop: AtomicBool::new(false),
        acknowledged: Mutex::default(),
        repeated: AtomicU32::new(0),
        refused: Mutex::default(),
    });
    let mut carriers = JoinSet::new();
    for _ in 0..CALLS {
        carriers.spawn(load.clone().carry_calls());
    }

    let mut recoveries = Vec::new();
    let mut killed = 0;
    while killed < kills || load.acknowledged() < least {
        // One in ten does not even live to be ready.
        let mut server = if rand::random_ratio(1, 10) {
            installation.launch()
        } else {
            let server = installation.start().await;
            recoveries.push(server.ready_after);
            server
        };
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..400))).await;
        server.kill();
        killed += 1;
        if killed % 50 == 0 {
            installation.assert_sound().await;
        }
    }

    let mut server = installation.start().await;
    load.stop.store(true, Ordering::Relaxed);
    while let Some(carried) = carriers.join_next().await {
        carried.unwrap();
    }
    server.kill();
    installation.assert_sound().await;

    let stored = installation.events().await;
    let distinct: BTreeSet<_> = stored.iter().collect();
    let acknowledged = std::mem::take(&mut *load.acknowledged.lock().unwrap());
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|webhook| !distinct.contains(&webhook.key()))
        .collect();
    let calls = i64::from(load.calls.load(Ordering::Relaxed));
    let refused = load.refused.lock().unwrap().len();
    let rows = installation.count("select count(*) from calls").await;
    let recordings = installation.count("select count(*) from recordings").await;
    let right = "select count(*) from calls where status = 'completed' and duration_secs = 7 and child_sid is not null";
    let right = installation.count(right).await;
    let duplicated = (stored.len() - distinct.len()) as i64 + (rows - calls) + (recordings - calls);
    let (median, _, worst) = spread(&mut recoveries);

    figure("kills", killed);
    figure(
        "webhooks acknowledged",
        format_args!(
            "{} of {calls} calls ({} TwiML, {refused} refused aloud as busy, {} sent again)",
            acknowledged.len(),
            acknowledged
                .iter()
                .filter(|webhook| webhook.path == OUTBOUND)
                .count(),
            load.repeated.load(Ordering::Relaxed)
        ),
    );
    figure("acknowledged and lost", lost.len());
    figure("effects duplicated", duplicated);
    figure("calls whose record is not right", calls - right);
    figure(
        "time to recover",
        format_args!("median {median:.0?}, worst {worst:.0?}"),
    );

    assert_eq!(TALKED, 7);
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(duplicated, 0);
    assert_eq!(right, calls);
    assert!(acknowledged.len() >= least);
    assert!(median <= soon(), "{median:?}");
}
