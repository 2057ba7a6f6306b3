//! Two servers on one database, behind a proxy that asks them in turn. Now and then one of them is killed in the middle of calls.

use crate::{
    figure,
    installation::{Installation, Server, free_port},
    load::Load,
    long,
    support::{Stream, until},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "for PostgreSQL: script/postgres"]
async fn calls_go_on_at_the_other_server_when_one_is_killed_and_every_page_hears_all_of_them() {
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
    let (load, carriers) = Load::begin(&installation);
    let kills = if long() { 100 } else { 6 };
    for kill in 0..kills {
        let one = kill % 2;
        load.goes_on(30).await;
        servers[one].kill();
        load.goes_on(30).await;
        servers[one] = installation.start_at(ports[one]).await;
    }
    load.goes_on(30).await;
    load.end(carriers).await;

    let over = ("completed".to_owned(), "completed".to_owned());
    for watcher in &watchers {
        until("it has heard of every call to its end", || async {
            let knows = watcher.knows();
            knows.len() == load.calls() && knows.values().all(|known| *known == over)
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

    load.settle("two servers, one killed in turn").await;
    let resumed: u32 = watchers
        .iter()
        .map(|watcher| watcher.resumed.load(Ordering::Relaxed))
        .sum();
    figure(
        "pages at two servers",
        format_args!(
            "{kills} kills, {} pages came back {resumed} times and missed nothing",
            watchers.len()
        ),
    );
}
