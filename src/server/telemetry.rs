//! Logs and metrics.

use super::vitals;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{env, io::IsTerminal, sync::LazyLock};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Writes logs to standard error: `RUST_LOG` filters, else `level` does; `LOG_FORMAT=json` is for machines.
pub fn start_logging(level: &str) -> Result<(), String> {
    let filter = match env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            EnvFilter::try_new(&text).map_err(|error| format!("RUST_LOG: {text:?}: {error}"))?
        }
        _ => EnvFilter::new(level),
    };
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
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
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
    Ok(())
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
