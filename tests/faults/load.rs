//! Twilio at work: calls, one after the other, and every webhook of each sent until it is acknowledged.

use crate::{
    figure,
    installation::Installation,
    support::until,
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
pub struct Load {
    installation: Arc<Installation>,
    calls: AtomicU32,
    stop: AtomicBool,
    acknowledged: Mutex<Vec<Webhook>>,
    repeated: AtomicU32,
    /// Calls whose agent was told that the system is busy.
    refused: Mutex<BTreeSet<u32>>,
}

/// Those who send.
pub struct Carriers(JoinSet<()>);

impl Load {
    pub fn begin(installation: &Arc<Installation>) -> (Arc<Self>, Carriers) {
        let load = Arc::new(Self {
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
        (load, Carriers(carriers))
    }

    /// Each of the calls that have begun comes to its end, and no other begins.
    pub async fn end(&self, mut carriers: Carriers) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(carried) = carriers.0.join_next().await {
            carried.unwrap();
        }
    }

    /// Compares what was acknowledged with what is stored, once no server writes any more: nothing is lost, nothing is there twice, and
    /// every call has the record that it should have.
    pub async fn settle(&self, what: &str) {
        let installation = &self.installation;
        installation.assert_sound().await;
        let stored = installation.events().await;
        let distinct: BTreeSet<_> = stored.iter().collect();
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().unwrap());
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|webhook| !distinct.contains(&webhook.key()))
            .collect();
        let calls = self.calls() as i64;
        let refused = self.refused.lock().unwrap().len();
        let rows = installation.count("select count(*) from calls").await;
        let recordings = installation.count("select count(*) from recordings").await;
        let right = "select count(*) from calls where status = 'completed' and duration_secs = 7 and child_sid is not null";
        let right = installation.count(right).await;
        let twice = (stored.len() - distinct.len()) as i64 + (rows - calls) + (recordings - calls);
        let placed = acknowledged
            .iter()
            .filter(|webhook| webhook.path == OUTBOUND);
        figure(
            what,
            format_args!(
                "{} webhooks of {calls} calls acknowledged ({} TwiML, {refused} refused aloud as busy, {} sent again), {} of them lost, {twice} effects duplicated, {} records not right",
                acknowledged.len(),
                placed.count(),
                self.repeated.load(Ordering::Relaxed),
                lost.len(),
                calls - right
            ),
        );
        assert_eq!(TALKED, 7);
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(twice, 0);
        assert_eq!(right, calls);
    }

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

    /// How many have begun.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed) as usize
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Until so many more webhooks have been acknowledged.
    pub async fn goes_on(&self, more: usize) {
        let enough = self.acknowledged() + more;
        until("calls go on", || async { self.acknowledged() >= enough }).await;
    }
}

/// Before another attempt: those who wait must not take the processor from the server that they wait for.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
