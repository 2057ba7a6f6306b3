//! Clients that are slow on purpose, or send too much: refused, and nobody else notices.

use crate::{
    figure,
    installation::Installation,
    spread,
    webhook::{STATUS, Webhook},
};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long a request's head may take to arrive, 30 s, and a little for the machine.
const LONGEST: Duration = Duration::from_secs(45);

async fn connect(installation: &Installation, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", installation.port))
        .await
        .unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// What it answers before it closes the connection. A connection that is reset is closed as well.
async fn end_of(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let reading = tokio::time::timeout(LONGEST, stream.read_to_end(&mut said));
    let _ = reading.await.expect("it is never closed");
    String::from_utf8_lossy(&said).into_owned()
}

fn head(length: usize) -> String {
    format!(
        "POST {STATUS} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_a_byte_now_and_then_is_cut_off_and_good_traffic_goes_on() {
    let installation = Installation::new().await;
    let server = installation.start().await;
    let began = Instant::now();
    let mut slow_heads = Vec::new();
    let mut slow_bodies = Vec::new();
    for _ in 0..150 {
        slow_heads.push(connect(&installation, "POST /api/calls/webhook/status HT").await);
        slow_bodies.push(connect(&installation, &format!("{}a", head(1000))).await);
    }
    // One drips: a byte of a header each second, for ever.
    let mut dripping = connect(&installation, "GET / HTTP/1.1\r\nX: ").await;
    let drip = tokio::spawn(async move {
        while dripping.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });

    let mut took = Vec::new();
    for call in 1..=100 {
        let asked = Instant::now();
        let webhook = Webhook::outbound(call, &installation.agent.identity());
        assert!(installation.takes(&webhook).await);
        took.push(asked.elapsed());
    }
    let (median, p99, _) = spread(&mut took);
    assert!(p99 < Duration::from_secs(1), "{p99:?}");

    for stream in slow_bodies {
        let said = end_of(stream).await;
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 408"),
            "{said}"
        );
    }
    for stream in slow_heads {
        let said = end_of(stream).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    tokio::time::timeout(LONGEST, drip)
        .await
        .expect("it may drip for ever")
        .unwrap();
    figure(
        "301 slow senders",
        format_args!(
            "TwiML meanwhile median {median:.0?}, p99 {p99:.0?}; all cut off after {:.0?}; the server held {:?} MB at most",
            began.elapsed(),
            server.peak_memory_mb()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_refused_unread_and_leaves_no_trace() {
    let installation = Installation::new().await;
    let mut server = installation.start().await;
    let many: String = (0..100_000).map(|n| format!("p{n}=&")).collect();
    let deep = "a=%41".repeat(10_000);
    let announced = [("ten megabytes", 10 * 1024 * 1024), ("2^62", 1 << 62)];
    for (what, length) in announced {
        let said = end_of(connect(&installation, &head(length)).await).await;
        assert!(said.starts_with("HTTP/1.1 413"), "{what}: {said}");
    }
    for (what, body, status) in [
        ("100k parameters", many.as_str(), "413"),
        ("1001 parameters", &"a&".repeat(1001), "413"),
        ("one long parameter", &deep, "403"),
        ("no form", "a=%zz", "400"),
    ] {
        let request = head(body.len()).replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let mut stream = connect(&installation, &request).await;
        // It may be refused before it is sent.
        let _ = stream.write_all(body.as_bytes()).await;
        let said = end_of(stream).await;
        let right = said.starts_with(&format!("HTTP/1.1 {status}"));
        assert!(
            right || (said.is_empty() && status == "413"),
            "{what}: {said}"
        );
    }

    // A body whose length is not announced, sent for as long as anybody reads.
    let endless =
        "POST /api/calls/webhook/status HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = connect(&installation, endless).await;
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let mut sent = 0;
    while sent < 64 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    let said = end_of(stream).await;
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 413"),
        "{said}"
    );

    assert!(installation.takes(&Webhook::progress(1, 1)).await);
    assert!(server.is_running());
    server.kill();
    assert_eq!(installation.events().await, [Webhook::progress(1, 1).key()]);
}
