//! Twilio's REST API is slow, overloaded, broken, or sends half of what it announced.

use crate::{
    figure, spread,
    support::{
        ACCOUNT, call_sid, sid, spawn_app, spawn_app_with,
        stand_in::{Answer, wav},
        until,
    },
    webhook::Webhook,
};
use almasar::{
    domain::{sid::CallSid, user::Role},
    server::{clock, recordings::fetch},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn audio_is_kept_only_when_it_is_whole_however_often_twilio_fails() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    let call_sid = CallSid::parse(&call).unwrap();
    let media = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav");
    let truncated = wav().slice(..wav().len() / 3);
    let faults = [
        ("500", Answer::status(500)),
        ("503", Answer::status(503).header("retry-after", "0")),
        ("429", Answer::status(429).header("retry-after", "0")),
        ("401", Answer::status(401)),
        (
            "a page instead of audio",
            Answer::wav("<html></html>".into()),
        ),
        ("nothing", Answer::wav("".into())),
        ("half of what was announced", Answer::wav(wav()).cut()),
        ("audio shorter than its header says", Answer::wav(truncated)),
        ("404", Answer::status(404)),
    ];
    app.rest.answers("GET", &media, [Answer::status(500)]);
    app.recorded_call(&call_sid, &agent.user).await;
    let store = &app.running.state.store;
    until("the server has tried by itself, and waits", || async {
        let due = store.next_recording_due().await.unwrap();
        let wait = due.map_or(0, |at| at - clock::now());
        (1..60_000).contains(&wait)
    })
    .await;

    let incoming = app.folder().join("recordings/incoming");
    let mut now = clock::now();
    for (what, answer) in faults {
        app.rest.answers("GET", &media, [answer]);
        now += DAY_MS;
        let tried = fetch::archive_due(&app.running.state, now).await.unwrap();
        assert_eq!(tried, 1, "{what}");
        let rest = std::fs::read_dir(&incoming).map_or(0, Iterator::count);
        assert_eq!(rest, 0, "{what}: the rest is removed");
        let stored = store.recording_of_call(&call_sid).await.unwrap().unwrap();
        assert!(stored.archived_at.is_none(), "{what} is no audio");
        let status = &agent.json(&format!("/api/calls/{call}")).await["recording"]["status"];
        assert_ne!(status, "failed", "{what} is no reason to give up yet");
    }

    app.rest.answers("GET", &media, [Answer::wav(wav())]);
    now += DAY_MS;
    fetch::archive_due(&app.running.state, now).await.unwrap();
    let stored = store.recording_of_call(&call_sid).await.unwrap().unwrap();
    assert!(stored.archived_at.is_some());
    let played = agent.get(&format!("/api/calls/{call}/recording")).await;
    let audio = played.bytes().await.unwrap();
    assert_eq!(audio, wav());
}

/// Takes every request and answers none. Returns its URL and how many calls it was asked to make.
async fn silent_twilio() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                let read = stream.read(&mut bytes).await.unwrap_or(0);
                if bytes[..read].starts_with(b"POST") {
                    count.fetch_add(1, Ordering::SeqCst);
                }
                // A byte at a time, as long as the other side has patience: never a whole answer.
                while stream.write_all(b"H").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                }
            });
        }
    });
    (url, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_twilios_rest_hangs_agents_are_answered_and_nobody_is_rung_twice() {
    let (twilio, made) = silent_twilio().await;
    let app = spawn_app_with(&["--twilio-api-base-url", &twilio]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let store = &app.running.state.store;
    store
        .upsert_phone(&agent.user.id, "tab", clock::now())
        .await
        .unwrap();
    // Recordings to fetch, which hang as well.
    for call in 900..906 {
        app.recorded_call(&call_sid(call), &agent.user).await;
    }

    let making = async {
        let asked = Instant::now();
        let to = serde_json::json!({ "to": "0569705616" });
        let answer = agent.post("/api/calls", to.clone()).await;
        let waited = asked.elapsed();
        // Whoever presses again at once, while Twilio may be ringing the customer, is told so.
        let again = agent.post("/api/calls", to).await;
        assert_eq!(again.status(), 409);
        (answer.status(), waited)
    };
    let placing = async {
        let mut took = Vec::new();
        for call in 1..=100 {
            let webhook = Webhook::outbound(call, &agent.user.identity());
            let params: Vec<_> = webhook.form[1..]
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let asked = Instant::now();
            let answer = app.twilio(webhook.path, &params).await;
            took.push(asked.elapsed());
            assert!(answer.text().await.unwrap().contains("<Dial"));
        }
        took
    };
    let ((status, waited), mut took) = tokio::join!(making, placing);
    let (median, p99, _) = spread(&mut took);
    figure(
        "Twilio's REST hangs",
        format_args!(
            "TwiML median {median:.0?}, p99 {p99:.0?}; makeCall told {status} after {waited:.1?}, and {} times rung",
            made.load(Ordering::SeqCst)
        ),
    );
    assert_eq!(status, 504);
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert!(p99 < Duration::from_secs(1), "{p99:?}");
    assert_eq!(made.load(Ordering::SeqCst), 1, "nobody is rung twice");
}
