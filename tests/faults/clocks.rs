//! Two clocks are at work, ours and Twilio's, and either may be wrong or be set.

use crate::{
    figure,
    support::{TestApp, sid, spawn_app},
    webhook::Webhook,
};
use almasar::{
    domain::user::Role,
    server::{auth::session::IDLE_MS, clock},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

/// `secs` from now, as Twilio writes it.
fn twilios(secs: i64) -> String {
    let at = Timestamp::from_second(clock::now() / 1000 + secs).unwrap();
    rfc2822::DateTimePrinter::new()
        .timestamp_to_string(&at)
        .unwrap()
}

async fn send(app: &TestApp, webhook: Webhook) {
    let params: Vec<_> = webhook.form[1..]
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let answer = app.twilio(webhook.path, &params).await;
    assert!(answer.status().is_success(), "{webhook:?}");
}

fn time(of: &Value) -> Timestamp {
    of.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn durations_are_twilios_and_times_never_run_backwards_whatever_the_clocks_say() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    // When it was answered and when it was over, by Twilio's clock; and whether Twilio says how long it was.
    let skews = [
        (600, 607, true),
        (-600, -593, true),
        (600, -600, true),
        (600, -600, false),
        (0, -86_400, false),
        (-3_000_000_000, 3_000_000_000, true),
    ];
    for (call, (answered, ended, told)) in (1..).zip(skews) {
        send(&app, Webhook::outbound(call, &agent.user.identity())).await;
        let answer = Webhook::progress(call, 2).with("Timestamp", &twilios(answered));
        send(&app, answer).await;
        let mut end = Webhook::progress(call, 3).with("Timestamp", &twilios(ended));
        if !told {
            end.form.retain(|(name, _)| name != "CallDuration");
        }
        send(&app, end).await;

        let record = agent.json(&format!("/api/calls/{}", sid("CA", call))).await;
        let secs = record["duration_secs"].as_i64().unwrap();
        assert_eq!(secs, if told { 7 } else { 0 }, "{answered} {ended}");
        let [started, answered, ended] =
            ["started_at", "answered_at", "ended_at"].map(|name| time(&record[name]));
        assert!(started <= answered && answered <= ended, "{record}");
        let off = started.duration_since(Timestamp::now()).abs();
        assert!(off.as_secs() < 60, "our own clock says when it began");
    }
    figure(
        "clocks wrong by up to 95 years",
        format_args!(
            "0 of {} durations negative or not Twilio's own",
            skews.len()
        ),
    );
    let listed = agent.json("/api/calls").await;
    assert_eq!(listed["calls"].as_array().unwrap().len(), skews.len());
}

#[tokio::test]
async fn a_timestamp_that_is_none_is_our_own_time() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (call, text) in (1..).zip([
        "",
        "now",
        "Mon, 99 Foo 2026 99:99:99 +9999",
        "9".repeat(400).as_str(),
    ]) {
        send(&app, Webhook::outbound(call, &agent.user.identity())).await;
        send(&app, Webhook::progress(call, 2).with("Timestamp", text)).await;
        let record = agent.json(&format!("/api/calls/{}", sid("CA", call))).await;
        let off = time(&record["answered_at"]).duration_since(Timestamp::now());
        assert!(off.abs().as_secs() < 60, "{text:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_by_ten_minutes_signs_nobody_out() {
    let app = spawn_app().await;
    let state = &app.running.state;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (id, now) = ("a session's hash", clock::now());
    state
        .store
        .insert_session(id, &agent.user.id, now, now + 1_000_000)
        .await
        .unwrap();
    // Forward first: what is then marked as seen lies in the future when the clock is set back.
    for jump in [600_000, -600_000, 0] {
        let user = state.store.session_user(id, now + jump, IDLE_MS).await;
        assert_eq!(
            user.unwrap().map(|user| user.id),
            Some(agent.user.id.clone()),
            "{jump}"
        );
    }
}

/// Twilio refuses a token that has not begun by its clock, one that is over, and one that lasts for more than a day (20104).
#[tokio::test]
async fn a_token_is_good_for_a_twilio_whose_clock_is_a_minute_off() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let token = agent.json("/api/calls/token").await;
    let claims = token["token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert!(
        claims.get("nbf").is_none(),
        "it would begin too late: {claims}"
    );
    let left = claims["exp"].as_i64().unwrap() - clock::now() / 1000;
    assert!(
        left > 60,
        "to a clock that runs ahead it would be over: {left}"
    );
    let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!(
        lasts + 60 <= 24 * 60 * 60,
        "to a clock that runs behind it would last too long"
    );
    figure(
        "a token's tolerance of Twilio's clock",
        format_args!("{left} s ahead, any time behind"),
    );
}
