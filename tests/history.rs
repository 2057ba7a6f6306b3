//! `GET /api/calls`, `GET /api/calls/{sid}`, `POST /api/calls/diagnostics`.

use crate::support::*;
use almasar::domain::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::HashSet;

fn sids(page: &Value) -> Vec<&str> {
    page["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["sid"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_agent_sees_own_calls_and_a_manager_everybodys() {
    let app = spawn_app().await;
    let one = app.sign_in("one", Role::Agent).await;
    let two = app.sign_in("two", Role::Agent).await;
    let manager = app.sign_in("manager", Role::Manager).await;
    app.dial(&call_sid(1), &one.user, "0569705616").await;
    app.dial(&call_sid(2), &two.user, "0569705616").await;
    assert_eq!(sids(&one.json("/api/calls").await), [call_sid(1).as_str()]);
    assert_eq!(sids(&manager.json("/api/calls").await).len(), 2);
    let of_two = format!("/api/calls?agent={}", two.user.id);
    assert_eq!(sids(&manager.json(&of_two).await), [call_sid(2).as_str()]);
    assert!(sids(&one.json(&of_two).await).is_empty());
    let path = |n| format!("/api/calls/{}", call_sid(n));
    assert_eq!(one.get(&path(1)).await.status(), StatusCode::OK);
    assert_eq!(one.get(&path(2)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(one.get(&path(3)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(manager.get(&path(2)).await.status(), StatusCode::OK);
    assert_eq!(
        one.get("/api/calls/CAnonsense").await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for n in 1..=7 {
        app.dial(&call_sid(n), &agent.user, "0569705616").await;
    }
    let (mut seen, mut path) = (Vec::new(), "/api/calls?limit=3".to_owned());
    loop {
        let page = agent.json(&path).await;
        seen.extend(sids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/calls?limit=3&cursor={cursor}");
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 7);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.dial(&call_sid(1), &agent.user, "0569705616").await;
    app.dial(&call_sid(2), &agent.user, "0501234567").await;
    app.dial(&call_sid(3), &agent.user, "nonsense").await;
    app.customer_is(&call_sid(1), 0, "ringing").await;
    let (first, second) = (call_sid(1).to_string(), call_sid(2).to_string());
    for (query, expected) in [
        ("number=5697", vec![&first]),
        ("number=0501234567", vec![&second]),
        ("number=%2B966%2056", vec![&first]),
        ("number=٠٥٦٩", vec![&first]),
        ("status=ringing", vec![&first]),
        ("status=ringing&status=initiated", vec![&second, &first]),
        ("since=2999-01-01", vec![]),
        ("until=2000-01-01", vec![]),
        (
            "since=2000-01-01&until=2999-12-31&status=ringing",
            vec![&first],
        ),
        (
            "status=ringing&since=2000-01-01T00:00:00Z&until=2999-01-01T00:00:00%2B03:00",
            vec![&first],
        ),
    ] {
        let page = agent.json(&format!("/api/calls?{query}")).await;
        let found: HashSet<_> = sids(&page).into_iter().collect();
        assert_eq!(
            found,
            expected.iter().map(|sid| sid.as_str()).collect(),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for query in [
        "status=teleported",
        "status=queued",
        "limit=0",
        "limit=201",
        "limit=1000000000",
        "limit=ten",
        "cursor=forged",
        "cursor=MTcwMDAwMDAwMDAwMC5DQTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAx",
        "since=yesterday",
        "since=99999-01-01",
        "until=2026-02-30",
        "number=%25",
        "number=_",
        "number=%27%20or%201%3D1",
        "agent=%27%3B--",
        "colour=red",
        "limit=5&limit=6",
    ] {
        let response = agent.get(&format!("/api/calls?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{query}"
        );
        assert!(parsed(response).await["title"].is_string());
    }
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_sees_anything() {
    let app = spawn_app().await;
    for path in [
        "/api/calls",
        "/api/calls/CA00000000000000000000000000000001",
        "/api/calls/events",
    ] {
        let response = reqwest::get(format!("{}{path}", app.base)).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_call_that_never_reached_us_is_recorded_by_the_browsers_report() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let report = json!({ "sid": null, "to": "0569705616", "code": 31404, "message": "<img onerror=alert(1)>\u{0}" });
    let response = agent.post("/api/calls/diagnostics", report).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let sid = parsed(response).await["sid"].as_str().unwrap().to_owned();
    let call = agent.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(
        (&call["status"], &call["to"]),
        (&"failed".into(), &"+966569705616".into())
    );
    assert_eq!(call["events"][0]["kind"], "diagnostics");
    assert_eq!(call["events"][0]["params"]["code"], "31404");
    assert_eq!(sids(&agent.json("/api/calls").await), [sid.as_str()]);
}

#[tokio::test]
async fn a_report_on_a_known_call_is_kept_in_its_log_and_changes_nothing_else() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = app.sign_in("other", Role::Agent).await;
    let sid = call_sid(1);
    app.dial(&sid, &agent.user, "0569705616").await;
    let report = json!({ "sid": sid, "to": "0569705616", "code": 31005 });
    assert_eq!(
        other
            .post("/api/calls/diagnostics", report.clone())
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
    let kept = agent.post("/api/calls/diagnostics", report).await;
    assert_eq!(kept.status(), StatusCode::OK);
    let kept = parsed(kept).await;
    assert_eq!(
        (&kept["sid"], &kept["cause"]["id"]),
        (&sid.as_str().into(), &"sdk_31005".into())
    );
    let call = agent.json(&format!("/api/calls/{sid}")).await;
    assert_eq!(call["status"], "initiated");
    assert_eq!(call["events"].as_array().unwrap().len(), 2);
    for body in [json!({ "sid": "nonsense", "to": "" }), json!([1])] {
        assert_eq!(
            agent.post("/api/calls/diagnostics", body).await.status(),
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn a_call_by_rest_needs_a_phone_to_join() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    assert_eq!(
        agent
            .post("/api/calls", json!({ "to": "0569705616" }))
            .await
            .status(),
        StatusCode::CONFLICT
    );
    assert_eq!(
        agent
            .post("/api/calls", json!({ "to": "sip:x" }))
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        agent.post("/api/calls", json!({})).await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_agent_who_hung_up_while_it_rang_canceled_the_call() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = app.sign_in("other", Role::Agent).await;
    let (sid, state) = (call_sid(1), &app.running.state);
    app.dial(&sid, &agent.user, "0569705616").await;
    app.customer_is(&sid, 1, "ringing").await;
    assert!(
        almasar::server::calls::record_event::agent_hung_up(state, &other.user, &sid)
            .await
            .is_err()
    );
    almasar::server::calls::record_event::agent_hung_up(state, &agent.user, &sid)
        .await
        .unwrap();
    app.customer_is(&sid, 2, "no-answer").await;
    assert_eq!(
        agent.json(&format!("/api/calls/{sid}")).await["status"],
        "canceled"
    );
}

#[tokio::test]
async fn rows_are_drawn_of_the_calls_that_one_may_see() {
    let app = spawn_app().await;
    let one = app.sign_in("one", Role::Agent).await;
    let two = app.sign_in("two", Role::Agent).await;
    let manager = app.sign_in("manager", Role::Manager).await;
    app.dial(&call_sid(1), &one.user, "0569705616").await;
    app.dial(&call_sid(2), &two.user, "0569705616").await;
    let both = format!("/app/calls?level=2&sids={},{}", call_sid(1), call_sid(2));
    let rows = async |person: &Person, path: &str| {
        let html = person.get(path).await.text().await.unwrap();
        let row = |n| html.contains(&format!("data-sid=\"{}\"", call_sid(n)));
        (row(1), row(2))
    };
    assert_eq!(rows(&one, &both).await, (true, false));
    assert_eq!(rows(&manager, &both).await, (true, true));
    assert_eq!(rows(&two, "/app/calls?level=3").await, (false, true));
    for (path, status) in [
        (
            "/app/calls?level=2&sids=CAnonsense",
            StatusCode::BAD_REQUEST,
        ),
        ("/app/calls", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(one.get(path).await.status(), status, "{path}");
    }
    let anybody = reqwest::get(format!("{}{both}", app.base)).await.unwrap();
    assert_eq!(anybody.status(), StatusCode::UNAUTHORIZED);
}
