//! Too many, too slow, too much: who is turned away, and who is not.

use crate::support::*;
use almasar::{domain::user::Role, server::connections};
use axum::{Router, routing::get};
use reqwest::{Method, RequestBuilder};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

async fn dial(app: &TestApp, number: u32) -> (u16, String, Duration) {
    let begun = Instant::now();
    let call = sid("CA", number);
    let params = [
        ("CallSid", call.as_str()),
        ("From", "client:user_x"),
        ("To", "0569705616"),
    ];
    let answer = app.twilio("/api/calls/twiml/outbound", &params).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    (status, text, begun.elapsed())
}

#[tokio::test]
async fn people_are_told_to_come_back_while_twilio_is_served() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let room = app.running.state.room.clone();
    let busy = room
        .people
        .clone()
        .acquire_many_owned(room.most.people as u32)
        .await
        .expect("places");
    for path in ["/api/calls", "/history", "/login", "/setup"] {
        let refused = agent.get(path).await;
        assert_eq!(
            (
                refused.status().as_u16(),
                refused.headers()["retry-after"].to_str().ok()
            ),
            (503, Some("2")),
            "{path}"
        );
    }
    let (status, twiml, _) = dial(&app, 1).await;
    assert_eq!(status, 200);
    assert!(twiml.contains("<Response>"), "{twiml}");
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = app
            .stranger(Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
    drop(busy);
    let answer = agent.get("/api/calls").await;
    assert_eq!(answer.status(), 200);
}

/// What a browser sends when a page is opened.
fn opens(request: RequestBuilder) -> RequestBuilder {
    request
        .header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("Sec-Fetch-Mode", "navigate")
}

#[tokio::test]
async fn a_browser_that_finds_no_room_is_shown_a_page_that_comes_back_by_itself() {
    let app = spawn_app().await;
    let admin = app.sign_in("admin", Role::Admin).await;
    let room = app.running.state.room.clone();
    let _busy = room
        .people
        .clone()
        .acquire_many_owned(room.most.people as u32)
        .await
        .expect("places");
    for (language, path, head, words) in [
        (
            "en",
            "/setup?wait",
            "lang=\"en\" dir=\"ltr\"",
            "comes back by itself",
        ),
        (
            "ar",
            "/history?status=busy",
            "lang=\"ar\" dir=\"rtl\"",
            "من تلقاء نفسها",
        ),
    ] {
        let request = opens(admin.request(Method::GET, path)).header("Accept-Language", language);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 503);
        let headers = response.headers().clone();
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        let page = response.text().await.expect("text");
        let seconds = headers["retry-after"].to_str().expect("a number");
        let refresh = format!("<meta http-equiv=\"refresh\" content=\"{seconds};url={path}\"");
        for part in ["<!DOCTYPE html>", head, words, &refresh, "</html>"] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        // What it links to is there however busy we are, and may be loaded by it.
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("img-src 'self'") && policy.contains("style-src 'self'"));
        for icon in ["/icons-1/icon.svg", "/icons-1/icon-180.png"] {
            assert!(page.contains(&format!("href=\"{icon}\"")), "{page}");
            let file = format!("{}/public{icon}", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).exists(), "{file}");
        }
    }
    // A script, and a browser that asks for something else than a page, are told in their own way.
    let asked = admin
        .request(Method::GET, "/history")
        .header("Accept", "text/html")
        .header("Sec-Fetch-Mode", "cors");
    for request in [admin.request(Method::GET, "/history"), asked] {
        let response = request.send().await.expect("an answer");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}

#[tokio::test]
async fn a_form_that_finds_no_room_leads_back_to_its_own_page() {
    let app = spawn_app().await;
    let room = app.running.state.room.clone();
    let _busy = room
        .people
        .clone()
        .acquire_many_owned(room.most.people as u32)
        .await
        .expect("places");
    let own = format!("{}/login?next=/history", app.base);
    for (referer, back) in [
        (own.as_str(), "url=/login?next=/history\""),
        ("https://elsewhere.example/", "url=/mobile-call\""),
    ] {
        let form = opens(app.stranger(Method::POST, "/api/auth/login"))
            .form(&[("email", "a@example.com"), ("password", "x")])
            .header("Referer", referer);
        let response = form.send().await.expect("an answer");
        assert_eq!(response.status(), 503);
        let page = response.text().await.expect("text");
        assert!(page.contains(back), "{page}");
    }
}

#[tokio::test]
async fn what_is_not_set_up_is_not_called_busy() {
    let app = spawn_app_with(&["--twilio-caller-id", ""]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let asked = opens(agent.request(Method::GET, "/api/calls/token"));
    let response = asked.send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn whoever_sends_a_body_too_slowly_takes_nobodys_place() {
    let app = spawn_app().await;
    let room = app.running.state.room.clone();
    let mut slow = Vec::new();
    for _ in 0..room.most.people * 2 {
        let mut stream = TcpStream::connect(app.running.addr)
            .await
            .expect("connected");
        let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    let page = app
        .stranger(Method::GET, "/login")
        .send()
        .await
        .expect("an answer");
    assert_eq!(page.status(), 200);
    assert_eq!(room.people.available_permits(), room.most.people);
    let mut answer = String::new();
    let first = &mut slow[0];
    let mut buffer = [0; 256];
    let read = timeout(Duration::from_secs(20), first.read(&mut buffer))
        .await
        .expect("it does not wait for ever")
        .expect("read");
    answer.push_str(&String::from_utf8_lossy(&buffer[..read]));
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_never_finishes_its_request_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(connections::serve(
        listener,
        Router::new().route("/", get(|| async { "here" })),
        Arc::new(Semaphore::new(2)),
        Duration::from_millis(300),
        stop.clone(),
    ));
    let mut trickling = TcpStream::connect(addr).await.expect("connected");
    let mut silent = TcpStream::connect(addr).await.expect("connected");
    trickling
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        .await
        .expect("sent");
    // The two of them have taken all the room there is; a third gets its turn when they are closed.
    let answer = client().get(format!("http://{addr}/")).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    for stream in [&mut trickling, &mut silent] {
        let mut rest = Vec::new();
        timeout(Duration::from_secs(10), stream.read_to_end(&mut rest))
            .await
            .expect("it is closed")
            .expect("read");
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    stop.cancel();
    timeout(Duration::from_secs(10), serving)
        .await
        .expect("it ends")
        .expect("no panic")
        .expect("no error");
}

#[tokio::test]
async fn there_are_only_so_many_event_streams_and_each_gives_its_place_back() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let streams = app.running.state.room.streams.clone();
    let others = streams.available_permits() as u32 - 1;
    let _others = streams
        .clone()
        .acquire_many_owned(others)
        .await
        .expect("places");
    let first = agent.get("/api/calls/events").await;
    assert_eq!(first.status(), 200);
    let second = agent.get("/api/calls/events").await;
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
    drop(first);
    until("the place is free again", || async {
        streams.available_permits() == 1
    })
    .await;
}

#[tokio::test]
async fn twiml_is_answered_at_once_while_twilios_api_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    // Takes connections, and says nothing.
    let held = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            open.push(stream);
        }
    });
    let app = spawn_app_with(&["--twilio-api-base-url", &url]).await;
    let admin = app.sign_in("admin", Role::Admin).await;
    let fetching = tokio::spawn(
        admin
            .request(Method::POST, "/api/calls/recordings/fetch")
            .send(),
    );
    for number in 1..=20 {
        let (status, twiml, taken) = dial(&app, number).await;
        assert_eq!(status, 200);
        assert!(twiml.ends_with("</Response>"), "{twiml}");
        assert!(taken < Duration::from_millis(1500), "{taken:?}");
    }
    assert!(!fetching.is_finished());
    fetching.abort();
    held.abort();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_whoever_holds_the_database() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.dial(&call_sid(1), &agent.user, "0569705616").await;
    let mut holder = app.rows().await;
    holder.lock().await;
    let store = app.running.state.store.clone();
    let event = placed(2, &agent.user);
    let writing = tokio::spawn(async move { store.record(event).await });
    let stopped = timeout(Duration::from_secs(11), app.running.stop()).await;
    assert!(stopped.is_ok(), "it waited for the lock");
    writing.abort();
}
