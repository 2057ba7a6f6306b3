//! Logs and metrics.

mod log;

use super::vitals;
use log::Log;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    env,
    io::{self, IsTerminal},
    panic,
    sync::{LazyLock, OnceLock},
};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

static LOG: OnceLock<Log> = OnceLock::new();

/// Writes logs to standard error: `RUST_LOG` filters, else `level` does; `LOG_FORMAT=json` is for machines. A thread of its own writes, some
/// milliseconds later: [`flush_log`] is for a program that ends.
pub fn start_logging(level: &str) -> Result<(), String> {
    let filter = match env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            EnvFilter::try_new(&text).map_err(|error| format!("RUST_LOG: {text:?}: {error}"))?
        }
        _ => EnvFilter::new(level),
    };
    let say_lost = |lines| {
        tracing::error!(
            lines,
            "lines of this log were lost, since nobody read it or its disk was full"
        );
    };
    let log = Log::start(io::stderr(), say_lost).map_err(|error| format!("the log: {error}"))?;
    let log = LOG.get_or_init(|| log);
    let lines = fmt::layer()
        .with_writer(|| log.line())
        .with_ansi(io::stderr().is_terminal());
    let lines = match env::var("LOG_FORMAT").as_deref() {
        Ok("json") => lines.json().flatten_event(true).boxed(),
        Ok("") | Err(_) => lines.with_target(false).boxed(),
        Ok(other) => {
            return Err(format!(
                "LOG_FORMAT: {other:?} is not json; leave it empty for people"
            ));
        }
    };
    // A second start in one process (tests) keeps the first.
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
    if started.is_ok() {
        // What led to a panic stands before it, and is there should it be the end.
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            flush_log();
            tell(panic);
        }));
    }
    Ok(())
}

/// Returns when everything logged so far has been written.
pub fn flush_log() {
    if let Some(log) = LOG.get() {
        log.flush();
    }
}

/// The process's metrics, for `/metrics`.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        // Fails only without a bucket.
        let builder = PrometheusBuilder::new()
            .set_buckets(&vitals::BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let _ = metrics::set_global_recorder(recorder);
        vitals::describe();
        handle
    });
    &HANDLE
}
