//! Nobody reads the log: calls go on, and what was logged is there when somebody does.

use crate::{installation::Installation, webhook::Webhook};
use futures::{StreamExt, stream};
use std::{
    io::{BufRead, BufReader},
    process::Command,
    time::{Duration, Instant},
};

/// A pipe holds 64 kB: a quarter of what these are worth.
const CALLS: u32 = 1_500;

#[tokio::test]
async fn a_log_that_nobody_reads_keeps_no_call_waiting_and_loses_no_line() {
    let installation = Installation::new().await;
    let (mut server, log) = installation.start_logging_to_pipe().await;
    let begun = Instant::now();
    let taken = stream::iter(0..CALLS)
        .map(|call| {
            let webhook = Webhook::outbound(call, &installation.agent.identity());
            let installation = &installation;
            async move { installation.takes(&webhook).await }
        })
        .buffer_unordered(16)
        .filter(|taken| std::future::ready(*taken))
        .count()
        .await;
    assert_eq!(taken, CALLS as usize);
    crate::figure(
        "calls placed while nobody reads the log",
        format!("{CALLS} in {:.1?}", begun.elapsed()),
    );

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
    assert_eq!(with("WebRTC Direct Call to: +966569705616"), CALLS as usize);
    assert_eq!(with("Sending TwiML for WebRTC direct call"), CALLS as usize);
    assert_eq!(with("recorded what was"), 0, "two lines a call are enough");
    assert!(
        lines.last().is_some_and(|line| line.contains("stopping")),
        "{:?}",
        lines.last()
    );
    server.kill();
}
