//! The server is stopped as an upgrade stops it, in the middle of calls, with pages open and requests under way; and started again.

use crate::{
    figure,
    installation::{Installation, soon},
    support::until,
    watchers::Watcher,
    webhook::{PROGRESS, STATUS, Webhook},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const PAGES: usize = 20;
const CALLS: usize = 6;
/// How long a stop may take, whoever has not finished.
const DRAINED: Duration = Duration::from_secs(10);

/// What one page has heard: of each call the newest change.
#[derive(Default)]
struct Page {
    heard: HashMap<String, i64>,
    last: i64,
    resumed: usize,
}

/// Follows the changes as a browser does: when the stream ends it asks again, for what came after the last that it heard.
async fn watch(installation: Arc<Installation>, page: Arc<Mutex<Page>>, closed: Arc<AtomicBool>) {
    let mut last: Option<String> = None;
    while !closed.load(Ordering::Relaxed) {
        if let Ok(response) = installation.listen(last.as_deref()).await
            && response.status() == 200
        {
            let mut stream = Watcher::of(response);
            while let Some((id, event, data)) = stream.heard().await {
                assert_ne!(event.as_deref(), Some("reset"), "something was missed");
                last = Some(id.to_string());
                let mut page = page.lock().unwrap();
                page.last = id;
                if event.as_deref() == Some("call") {
                    let call: serde_json::Value = serde_json::from_str(&data).unwrap();
                    page.heard
                        .insert(call["sid"].as_str().unwrap().to_owned(), id);
                }
            }
            page.lock().unwrap().resumed += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Any answer will do for TwiML: what it says of the call is told to the agent's pages either way.
async fn answers(installation: &Installation, webhook: &Webhook) -> bool {
    let answer = installation.send(webhook).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// A status callback of which half has arrived.
async fn half_sent(installation: &Installation, webhook: &Webhook) -> (TcpStream, String) {
    assert_eq!(webhook.path, STATUS);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&webhook.form)
        .finish();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(("127.0.0.1", installation.port))
        .await
        .unwrap();
    let head = format!(
        "POST {STATUS} HTTP/1.1\r\nHost: h\r\nX-Twilio-Signature: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{first}",
        webhook.signature(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    (stream, rest.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_calls_loses_no_callback_and_no_page_misses_a_change() {
    let installation = Arc::new(Installation::new().await);
    let mut server = installation.start().await;
    let closed = Arc::new(AtomicBool::new(false));
    let pages: Vec<Arc<Mutex<Page>>> = (0..PAGES).map(|_| Arc::default()).collect();
    let mut watching = JoinSet::new();
    for page in &pages {
        watching.spawn(watch(installation.clone(), page.clone(), closed.clone()));
    }
    let (calls, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let mut carriers = JoinSet::new();
    for _ in 0..CALLS {
        let (installation, calls) = (installation.clone(), calls.clone());
        let (ended, over) = (ended.clone(), over.clone());
        carriers.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
                let placed = Webhook::outbound(call, &installation.agent.identity());
                let steps = (0..PROGRESS.len()).map(|step| Webhook::progress(call, step));
                for webhook in std::iter::once(placed).chain(steps) {
                    // Twilio repeats itself while nobody is there.
                    while !answers(&installation, &webhook).await {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
                ended.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let more_calls = async |count: usize| {
        let enough = ended.load(Ordering::Relaxed) + count;
        until("calls go on", || async {
            ended.load(Ordering::Relaxed) >= enough
        })
        .await;
    };
    let resumed = async |times: usize| {
        until("every page is back", || async {
            pages
                .iter()
                .all(|page| page.lock().unwrap().resumed >= times)
        })
        .await;
    };

    more_calls(10).await;
    // First with a request under way, whose rest comes once the server is stopping.
    let under_way = Webhook::progress(900_000, 1);
    let (mut stream, rest) = half_sent(&installation, &under_way).await;
    until("it is being read", || async {
        installation.is_ready().await
    })
    .await;
    let stopping = Instant::now();
    server.ask_to_stop();
    until("it stops", || async { !installation.is_ready().await }).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let (status, _) = server.ended().await;
    let drained = stopping.elapsed();
    assert!(status.success(), "{status}");
    server = installation.start().await;
    let gap = stopping.elapsed();
    resumed(1).await;
    more_calls(10).await;

    // Then with one whose rest never comes.
    let (never, _) = half_sent(&installation, &Webhook::progress(900_001, 1)).await;
    until("it is being read", || async {
        installation.is_ready().await
    })
    .await;
    let (status, longest) = server.terminate().await;
    assert!(status.success(), "{status}");
    drop(never);
    server = installation.start().await;
    resumed(2).await;
    more_calls(10).await;

    over.store(true, Ordering::Relaxed);
    carriers.join_all().await;
    let mut database = installation.database().await;
    let rows: Vec<(String, i64)> = database
        .all("select sid, change from calls where agent_identity is not null")
        .await;
    let newest: HashMap<String, i64> = rows.into_iter().collect();
    let last = *newest.values().max().unwrap();
    until("every page has heard the newest change", || async {
        pages.iter().all(|page| page.lock().unwrap().last >= last)
    })
    .await;
    closed.store(true, Ordering::Relaxed);
    server.kill();
    let missed: usize = pages
        .iter()
        .map(|page| {
            let heard = &page.lock().unwrap().heard;
            let missed = newest
                .iter()
                .filter(|(sid, change)| heard.get(*sid) != Some(change));
            missed.count()
        })
        .sum();
    figure(
        "restarted in the middle of calls",
        format_args!(
            "{} calls, {PAGES} pages, {missed} changes missed; stopped after {drained:.1?}, with a request that never ended after {longest:.1?}, ready again {gap:.1?} after SIGTERM",
            newest.len()
        ),
    );
    assert_eq!(missed, 0);
    assert!(longest <= DRAINED, "{longest:?}");
    assert!(
        drained <= DRAINED && gap <= soon() + Duration::from_secs(2),
        "{drained:?} {gap:?}"
    );
    let stored = installation.events().await;
    assert!(
        stored.contains(&under_way.key()),
        "what was under way is lost"
    );
    installation.assert_sound().await;
}
