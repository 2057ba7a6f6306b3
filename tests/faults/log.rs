//! Nobody reads the log: calls go on, and what was logged is there when somebody does.

use crate::{installation::Installation, webhook::Webhook};
use futures::{StreamExt, stream};
use std::{
    io::{BufRead, BufReader},
    process::Command,
    time::{Duration, Instant},
};

/// A pipe holds 64 kB: a quarter of what these are worth.
const CALLBACKS: u32 = 1_500;

#[tokio::test]
async fn a_log_that_nobody_reads_keeps_no_call_waiting_and_loses_no_line() {
    let installation = Installation::new().await;
    let (mut server, log) = installation.start_logging_to_pipe().await;
    let begun = Instant::now();
    let taken = stream::iter(0..CALLBACKS)
        .map(|call| {
            let webhook = Webhook::progress(call, 1);
            let installation = &installation;
            async move { installation.takes(&webhook).await }
        })
        .buffer_unordered(16)
        .filter(|taken| std::future::ready(*taken))
        .count()
        .await;
    assert_eq!(taken, CALLBACKS as usize);
    crate::figure(
        "callbacks taken while nobody reads the log",
        format!("{CALLBACKS} in {:.1?}", begun.elapsed()),
    );
    let call = Webhook::outbound(CALLBACKS, &installation.agent.identity());
    assert!(installation.takes(&call).await);

    // SIGTERM: whatever waits is written before the end.
    let told = Command::new("kill").arg(server.id().to_string()).status();
    assert!(told.unwrap().success());
    let reading = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(log).lines().map(Result::unwrap);
        lines.collect::<Vec<String>>()
    });
    let lines = tokio::time::timeout(Duration::from_secs(60), reading)
        .await
        .expect("it ends")
        .unwrap();
    let with = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    let reported = with("recorded what was reported of a call");
    assert_eq!(reported, CALLBACKS as usize, "one line each");
    // A call has two, which operators look for by these words.
    assert_eq!(with("WebRTC Direct Call to: +966569705616"), 1);
    assert_eq!(with("Sending TwiML for WebRTC direct call"), 1);
    assert!(
        lines.last().is_some_and(|line| line.contains("stopping")),
        "{:?}",
        lines.last()
    );
    server.kill();
}
