//! Two servers on one database, behind a proxy that asks them in turn. Now and then one of them is killed in the middle of calls.

use crate::{
    figure,
    installation::{Installation, Server, free_port},
    long,
    support::{Stream, on_postgres, sid, until},
    webhook::{PROGRESS, Webhook},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// How many calls are on their way at once.
const CALLS: usize = 8;

/// Hands each connection to the next server, or to the one after it where that one is down.
async fn proxy(to: [u16; 2]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let next = AtomicUsize::new(0);
        while let Ok((mut from, _)) = listener.accept().await {
            let first = next.fetch_add(1, Ordering::Relaxed) % 2;
            tokio::spawn(async move {
                for port in [to[first], to[1 - first]] {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = copy_bidirectional(&mut from, &mut server).await;
                        return;
                    }
                }
            });
        }
    });
    port
}

/// Somebody who watches all calls, and comes back where the connection was lost.
#[derive(Default)]
struct Watcher {
    /// In the order in which they were heard: number, call.
    heard: Mutex<Vec<(i64, Value)>>,
    resumed: AtomicU32,
}

impl Watcher {
    async fn watch(self: Arc<Self>, installation: Arc<Installation>) {
        let mut last = None;
        loop {
            let Ok(response) = installation.listen(last.as_deref()).await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if response.status() == 200 {
                let mut stream = Stream::of(response);
                while let Some(told) = stream.next().await {
                    assert_ne!(told.event, "reset", "nothing is too old to be resumed");
                    if !told.id.is_empty() {
                        last = Some(told.id.clone());
                    }
                    if told.event == "call" {
                        let call = serde_json::from_str(&told.data).unwrap();
                        let heard = (told.id.parse().unwrap(), call);
                        self.heard.lock().unwrap().push(heard);
                    }
                }
                self.resumed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How far it knows each call to be, by its status and that of its recording.
    fn knows(&self) -> BTreeMap<String, (String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let heard = self.heard.lock().unwrap();
        let calls = heard.iter().map(|(_, call)| {
            let recording = text(&call["recording"]["status"]);
            (text(&call["sid"]), (text(&call["status"]), recording))
        });
        calls.collect()
    }
}

struct Load {
    installation: Arc<Installation>,
    calls: AtomicU32,
    stop: AtomicBool,
    acknowledged: Mutex<Vec<Webhook>>,
    /// Calls whose agent was told that the system is busy.
    refused: Mutex<BTreeSet<String>>,
}

impl Load {
    async fn carry_calls(self: Arc<Self>) {
        while !self.stop.load(Ordering::Relaxed) {
            let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
            if !self.place(call).await {
                continue;
            }
            for step in 0..PROGRESS.len() {
                self.insist(Webhook::progress(call, step)).await;
            }
            self.insist(Webhook::recording(call, "completed")).await;
        }
    }

    /// TwiML is asked for until there is an answer. That the system is busy is one.
    async fn place(&self, call: u32) -> bool {
        let webhook = Webhook::outbound(call, &self.installation.agent.identity());
        loop {
            if let Ok(response) = self.installation.send(&webhook).await
                && response.status() == 200
                && let Ok(twiml) = response.text().await
            {
                let placed = twiml.contains("<Dial");
                if placed {
                    self.acknowledged.lock().unwrap().push(webhook);
                } else {
                    self.refused.lock().unwrap().insert(sid("CA", call));
                }
                return placed;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn insist(&self, webhook: Webhook) {
        while !self.installation.takes(&webhook).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.acknowledged.lock().unwrap().push(webhook);
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Until so many more webhooks have been acknowledged.
    async fn goes_on(&self, more: usize) {
        let enough = self.acknowledged() + more;
        until("calls go on", || async { self.acknowledged() >= enough }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_at_the_other_server_when_one_is_killed_and_every_page_hears_all_of_them() {
    if !on_postgres() {
        return;
    }
    let ports = [free_port(), free_port()];
    let mut installation = Installation::new().await;
    installation.port = proxy(ports).await;
    let installation = Arc::new(installation);
    let mut servers: Vec<Server> = Vec::new();
    for port in ports {
        servers.push(installation.start_at(port).await);
    }
    let watchers: Vec<Arc<Watcher>> = (0..6).map(|_| Arc::default()).collect();
    let mut watching = JoinSet::new();
    for watcher in &watchers {
        watching.spawn(watcher.clone().watch(installation.clone()));
    }
    let load = Arc::new(Load {
        installation: installation.clone(),
        calls: AtomicU32::new(0),
        stop: AtomicBool::new(false),
        acknowledged: Mutex::default(),
        refused: Mutex::default(),
    });
    let mut carriers = JoinSet::new();
    for _ in 0..CALLS {
        carriers.spawn(load.clone().carry_calls());
    }

    let kills = if long() { 100 } else { 6 };
    for kill in 0..kills {
        let one = kill % 2;
        load.goes_on(30).await;
        servers[one].kill();
        load.goes_on(30).await;
        servers[one] = installation.start_at(ports[one]).await;
    }
    load.goes_on(30).await;
    load.stop.store(true, Ordering::Relaxed);
    while let Some(carried) = carriers.join_next().await {
        carried.unwrap();
    }

    let refused = std::mem::take(&mut *load.refused.lock().unwrap());
    let calls = load.calls.load(Ordering::Relaxed) as usize - refused.len();
    let over = ("completed".to_owned(), "completed".to_owned());
    for watcher in &watchers {
        until("it has heard of every call to its end", || async {
            let mut knows = watcher.knows();
            knows.retain(|call, _| !refused.contains(call));
            knows.len() == calls && knows.values().all(|known| *known == over)
        })
        .await;
        let heard = watcher.heard.lock().unwrap();
        let in_order = heard.windows(2).all(|pair| pair[0].0 < pair[1].0);
        assert!(in_order, "each change once, in the order of the numbers");
    }
    watching.shutdown().await;
    for server in &mut servers {
        server.kill();
    }

    installation.assert_sound().await;
    let stored = installation.events().await;
    let distinct: BTreeSet<_> = stored.iter().collect();
    let acknowledged = std::mem::take(&mut *load.acknowledged.lock().unwrap());
    let lost = acknowledged
        .iter()
        .filter(|webhook| !distinct.contains(&webhook.key()))
        .count();
    let right = "select count(*) from calls where status = 'completed' and duration_secs = 7";
    let right = installation.count(right).await;
    figure(
        "two servers, one killed in turn",
        format_args!(
            "{kills} kills, {} webhooks acknowledged, {lost} lost, {} duplicated, {} of {calls} calls right, {} refused aloud as busy; {} pages came back {} times and missed nothing",
            acknowledged.len(),
            stored.len() - distinct.len(),
            right,
            refused.len(),
            watchers.len(),
            watchers
                .iter()
                .map(|watcher| watcher.resumed.load(Ordering::Relaxed))
                .sum::<u32>(),
        ),
    );
    assert_eq!(lost, 0);
    assert_eq!(stored.len(), distinct.len());
    assert_eq!(right as usize, calls);
}
