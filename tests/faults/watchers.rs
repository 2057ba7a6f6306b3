//! Those who watch: five hundred at once, and some who stopped reading.

use crate::{
    figure,
    installation::{Installation, is_release, slower},
    webhook::{PROGRESS, Webhook},
};
use futures::{StreamExt, stream};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

const WATCHERS: usize = 500;
/// What the number of a call grows by when it is placed again.
const AGAIN: u32 = 100_000;

/// A stream of changes, read block by block.
pub struct Watcher {
    response: reqwest::Response,
    waiting: String,
}

impl Watcher {
    /// Open, and told where it stands: nothing can be missed from now on.
    async fn open(installation: &Installation) -> Self {
        let mut watcher = Self::of(installation.get("/api/calls/events").await);
        assert_eq!(watcher.response.status(), 200);
        watcher.heard().await.expect("the stream ended");
        watcher
    }

    pub fn of(response: reqwest::Response) -> Self {
        let waiting = String::new();
        Self { response, waiting }
    }

    /// The next block; `None` when the stream has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.waiting.split_once("\n\n") {
                let block = block.to_owned();
                self.waiting = rest.to_owned();
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.response.chunk());
            let chunk = chunk.await.expect("nothing came").ok()??;
            self.waiting.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The number, the kind and the data of the next block that has a number; `None` when the stream has ended.
    pub async fn heard(&mut self) -> Option<(i64, Option<String>, String)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let mut lines = block.lines();
                let value = lines.find_map(|line| line.strip_prefix(name))?;
                Some(value.trim().to_owned())
            };
            if let Some(id) = field("id:") {
                let data = field("data:").unwrap_or_default();
                return Some((id.parse().unwrap(), field("event:"), data));
            }
        }
    }

    /// The number of the next change of a call.
    async fn next_change(&mut self) -> (i64, String) {
        loop {
            let (id, event, data) = self.heard().await.expect("the stream ended");
            if event.as_deref() == Some("call") {
                return (id, data);
            }
        }
    }
}

/// Whole calls of the agent, several at a time. Whoever hears that the system is busy calls again, as agents do; returns how often that was.
async fn carry(installation: &Installation, calls: std::ops::Range<u32>) -> usize {
    let refused = AtomicUsize::new(0);
    stream::iter(calls)
        .for_each_concurrent(8, |call| {
            let refused = &refused;
            async move {
                let mut number = call;
                let identity = installation.agent.identity();
                while !installation
                    .takes(&Webhook::outbound(number, &identity))
                    .await
                {
                    refused.fetch_add(1, Ordering::Relaxed);
                    number += AGAIN;
                }
                for step in 1..PROGRESS.len() {
                    let webhook = Webhook::progress(number, step);
                    assert!(installation.takes(&webhook).await, "{webhook:?}");
                }
            }
        })
        .await;
    refused.into_inner()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_browsers_hear_every_change_in_order() {
    const CALLS: u32 = 25;
    let installation = Arc::new(Installation::new().await);
    let server = installation.start().await;
    let (open, mut opened) = mpsc::channel(WATCHERS);
    let mut watchers = JoinSet::new();
    for _ in 0..WATCHERS {
        let (installation, open) = (installation.clone(), open.clone());
        watchers.spawn(async move {
            let mut watcher = Watcher::open(&installation).await;
            open.send(()).await.unwrap();
            let mut heard = Vec::new();
            let mut completed = 0;
            while completed < CALLS as usize {
                let (id, data) = watcher.next_change().await;
                heard.push(id);
                completed += usize::from(data.contains("\"status\":\"completed\""));
            }
            assert!(heard.is_sorted_by(|a, b| a < b), "{heard:?}");
            (heard, Instant::now())
        });
    }
    for _ in 0..WATCHERS {
        opened.recv().await.unwrap();
    }
    let refused = carry(&installation, 1..CALLS + 1).await;
    let acknowledged = Instant::now();
    let heard: Vec<_> = watchers.join_all().await;
    let last = heard.iter().map(|(_, at)| *at).max().unwrap();
    assert!(heard.iter().all(|(ids, _)| *ids == heard[0].0));
    let (late, memory) = (
        last.saturating_duration_since(acknowledged),
        server.peak_memory_mb(),
    );
    figure(
        "500 watchers",
        format_args!(
            "each heard {} changes, the last {late:.0?} after its acknowledgement; {refused} of {CALLS} calls refused as busy; the server held {memory:?} MB at most",
            heard[0].0.len()
        ),
    );
    // A release build refuses nothing. An unoptimised one, beside other work, may be late for one call in five.
    let most = if is_release() { 0 } else { CALLS as usize / 5 };
    assert!(refused <= most, "Twilio waited for those who watch");
    assert!(late <= slower(Duration::from_secs(3)), "{late:?}");
}

/// A browser that asks for the stream and then reads nothing, with as small a window as the system allows.
async fn stalled(installation: &Installation) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let address = ([127, 0, 0, 1], installation.port).into();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET /api/calls/events HTTP/1.1\r\nHost: h\r\nCookie: {}\r\n\r\n",
        installation.cookie
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_stop_reading_hold_nobody_up_and_learn_that_they_missed_something() {
    // More changes than the bus keeps for those who fall behind.
    const CALLS: u32 = 400;
    let installation = Installation::new().await;
    let server = installation.start().await;
    let mut sleepers = Vec::new();
    for _ in 0..10 {
        sleepers.push(stalled(&installation).await);
    }
    let mut watcher = Watcher::open(&installation).await;
    let listening = async {
        let (mut last, mut completed) = (0, 0);
        while completed < CALLS {
            let (id, data) = watcher.next_change().await;
            assert!(id > last);
            last = id;
            completed += u32::from(data.contains("\"status\":\"completed\""));
        }
        last
    };
    let began = Instant::now();
    let (last, _) = tokio::join!(listening, carry(&installation, 1..CALLS + 1));
    figure(
        "10 stalled watchers",
        format_args!(
            "{} changes acknowledged and heard by another in {:.1?}; the server held {:?} MB at most",
            4 * CALLS,
            began.elapsed(),
            server.peak_memory_mb()
        ),
    );

    // Awake again: either the system's buffers held everything, or the stream says that something was missed.
    for mut sleeper in sleepers {
        let (mut told, mut bytes) = (String::new(), vec![0; 64 * 1024]);
        while !told.contains("event: reset") && !told.contains(&format!("id: {last}\n")) {
            let reading = sleeper.read(&mut bytes);
            let read = tokio::time::timeout(Duration::from_secs(60), reading)
                .await
                .expect("nothing came")
                .unwrap();
            assert!(read > 0, "the stream ended");
            told.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}
