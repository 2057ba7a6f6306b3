//! The door for Twilio's requests.

use crate::support::*;
use almasar::{
    domain::user::Role,
    server::{config::Secret, twilio::signature::sign},
};
use reqwest::Method;

const PATH: &str = "/api/calls/webhook/status";
/// Not where the server listens: as behind a proxy.
const PUBLIC_URL: &str = "https://calls.example.com";

fn form(call: &str) -> Vec<(String, String)> {
    let pairs = [
        ("AccountSid", ACCOUNT),
        ("CallSid", call),
        ("CallStatus", "ringing"),
        ("SequenceNumber", "1"),
    ];
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

#[tokio::test]
async fn what_is_not_signed_by_us_is_refused_and_stores_nothing() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let call = call_sid(1).to_string();
    let right = sign(
        &Secret::new(AUTH_TOKEN),
        &format!("{PUBLIC_URL}{PATH}"),
        &form(&call),
    );
    let mut changed = form(&call);
    changed[2].1 = "completed".to_owned();
    let mut longer = form(&call);
    longer.push(("Extra".into(), "1".into()));
    let other_token = sign(
        &Secret::new("another token"),
        &format!("{PUBLIC_URL}{PATH}"),
        &form(&call),
    );
    let other_place = sign(
        &Secret::new(AUTH_TOKEN),
        &format!("{}{PATH}", app.base),
        &form(&call),
    );
    let long = "A".repeat(7_000);
    for (header, body) in [
        (None, form(&call)),
        (Some(""), form(&call)),
        (Some("not base64!"), form(&call)),
        (Some(long.as_str()), form(&call)),
        (Some(other_token.as_str()), form(&call)),
        (Some(other_place.as_str()), form(&call)),
        (Some(right.as_str()), changed),
        (Some(right.as_str()), longer),
    ] {
        let mut request = app.stranger(Method::POST, PATH).form(&body);
        if let Some(header) = header {
            request = request.header("X-Twilio-Signature", header);
        }
        let response = request.send().await.unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["content-type"].to_str().ok()
            ),
            (403, Some("application/problem+json")),
            "{header:?}"
        );
    }
    let manager = app.sign_in("manager", Role::Manager).await;
    assert_eq!(
        manager.json("/api/calls").await["calls"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn what_the_host_and_forwarded_headers_say_changes_nothing() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let call = call_sid(1).to_string();
    let signature = sign(
        &Secret::new(AUTH_TOKEN),
        &format!("{PUBLIC_URL}{PATH}"),
        &form(&call),
    );
    let request = app
        .stranger(Method::POST, PATH)
        .form(&form(&call))
        .header("X-Twilio-Signature", signature);
    let request = request
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "http");
    assert_eq!(request.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn another_accounts_request_is_refused_though_it_is_signed() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let mut form = form(&call_sid(1).to_string());
    form[0].1 = ACCOUNT.replace('1', "2");
    let signature = sign(
        &Secret::new(AUTH_TOKEN),
        &format!("{PUBLIC_URL}{PATH}"),
        &form,
    );
    let response = app
        .stranger(Method::POST, PATH)
        .form(&form)
        .header("X-Twilio-Signature", signature)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn what_is_too_large_or_no_form_is_refused_before_it_is_looked_at() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    for (body, status) in [
        ("a".repeat(10 * 1024 * 1024).into_bytes(), 413),
        ("a&".repeat(20_000).into_bytes(), 413),
        (b"a=\xff".to_vec(), 400),
        (b"a=%zz".to_vec(), 400),
        (b"a=%00".to_vec(), 400),
    ] {
        let request = app
            .stranger(Method::POST, PATH)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        // A server may close the connection on a body that it will not read.
        if let Ok(response) = request.send().await {
            assert_eq!(response.status(), status);
        }
    }
}
