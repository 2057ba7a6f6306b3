//! What operators watch: everything that the dashboard and the alerts name is there, and moves.

use crate::support::*;
use almasar::{
    domain::user::Role,
    server::{clock, vitals},
};
use reqwest::Method;
use std::{collections::BTreeSet, fs, path::Path};

/// The names of ours in a text, as `/metrics` has them.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("almasar_"))
        .map(str::to_owned)
        .collect()
}

async fn metrics(app: &TestApp) -> String {
    let answer = app.stranger(Method::GET, "/metrics").send().await;
    answer.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn every_metric_that_the_dashboard_and_the_alerts_name_is_there() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.answered_call(&call_sid(1), &agent.user).await;
    vitals::refresh(&app.running.state, clock::now())
        .await
        .expect("refreshed");
    let there = names(&metrics(&app).await);
    for file in ["dashboard.json", "alerts.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs/grafana")
            .join(file);
        let named = names(&fs::read_to_string(&path).expect("the file"));
        assert!(named.len() > 5, "{file}: {named:?}");
        let missing: Vec<_> = named.difference(&there).collect();
        assert!(missing.is_empty(), "{file} names {missing:?}");
    }
    let dashboard =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grafana/dashboard.json"));
    let dashboard: serde_json::Value =
        serde_json::from_slice(&dashboard.expect("the file")).expect("JSON");
    assert!(
        dashboard["panels"]
            .as_array()
            .is_some_and(|all| all.len() > 5)
    );
}

#[tokio::test]
async fn twiml_and_late_callbacks_are_timed() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.answered_call(&call_sid(1), &agent.user).await;
    let late = [
        ("CallSid", sid("CA", 1)),
        ("CallStatus", "completed".to_owned()),
        ("SequenceNumber", "9".to_owned()),
        ("Timestamp", "Mon, 23 Nov 2015 10:00:00 +0000".to_owned()),
    ];
    let late: Vec<(&str, &str)> = late.iter().map(|(k, v)| (*k, v.as_str())).collect();
    app.twilio("/api/calls/webhook/status", &late).await;
    let text = metrics(&app).await;
    for line in [
        "almasar_twiml_seconds_bucket{route=\"outbound\",le=\"0.05\"}",
        "almasar_webhook_seconds_bucket{route=\"status\",le=\"1\"}",
        "almasar_callback_lag_seconds_bucket{le=\"+Inf\"}",
        "almasar_callbacks_total{kind=\"status\"}",
        "almasar_refusals_total{reason=\"overload\"}",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
