//! Faults, injected for real: what must survive them, and the figures that it reached.
//!
//! `ALMASAR_FAULTS=long` (`script/test faults`) kills the server a thousand times instead of fifty; `ALMASAR=PATH` does it to a release
//! build. The figures are written past the test harness's capture, so that they are seen whether or not a test fails.
#![allow(clippy::unwrap_used)]

mod audio;
mod clocks;
mod cluster;
mod disk_full;
mod disk_lost;
mod gone;
mod hostile;
mod installation;
mod kills;
mod load;
mod locked;
mod log;
mod lost_callbacks;
mod orders;
mod postgres_only;
mod power;
mod repetition;
mod rest;
mod restart;
#[allow(dead_code, unused_imports)]
#[path = "../support/mod.rs"]
mod support;
mod watchers;
mod webhook;

use std::{io::Write, time::Duration};

/// The form that runs for a quarter of an hour.
fn long() -> bool {
    std::env::var("ALMASAR_FAULTS").is_ok_and(|form| form == "long")
}

/// A figure that the fault suite reached.
fn figure(what: &str, reached: impl std::fmt::Display) {
    let line = format!("\nfigure: {what}: {reached}\n");
    // Not by `println!`, which the harness keeps to itself.
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// Of many durations: the median, the ninety-ninth percentile, the worst.
fn spread(durations: &mut [Duration]) -> (Duration, Duration, Duration) {
    durations.sort_unstable();
    let at = |part: f64| durations[((durations.len() - 1) as f64 * part).round() as usize];
    (at(0.5), at(0.99), at(1.0))
}
