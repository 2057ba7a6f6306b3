//! What is turned away is explained: in the log, in the counts, and on `/setup`; and it stays turned away.

use crate::support::{
    PUBLIC_URL, TestApp, client, of_our_account, sid, signature_of, spawn_app_with,
};
use almasar::{
    domain::user::Role, server::refusals::Reason, server::twilio::signature::Difference,
};
use reqwest::Method;

const PATH: &str = "/api/calls/webhook/status";

async fn setup(app: &TestApp, language: &str) -> String {
    let admin = app.sign_in(&format!("admin-{language}"), Role::Admin).await;
    let request = admin
        .request(Method::GET, "/setup")
        .header("Accept-Language", language);
    request
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("text")
}

#[tokio::test]
async fn the_variant_that_was_signed_is_named_and_never_accepted() {
    for (base, path, headers, difference) in [
        (
            "http://calls.example.com",
            PATH.to_owned(),
            vec![],
            Difference::Scheme,
        ),
        (
            "https://calls.example.com:8443",
            PATH.to_owned(),
            vec![("x-forwarded-port", "8443")],
            Difference::Port,
        ),
        (
            "https://calls.example.com",
            format!("{PATH}/"),
            vec![],
            Difference::Slash,
        ),
        (
            "https://calls.example.com/pbx",
            PATH.to_owned(),
            vec![("x-forwarded-prefix", "/pbx")],
            Difference::Path,
        ),
        (
            "https://calls.example.com/pbx",
            PATH.to_owned(),
            vec![("x-original-uri", "/pbx/api/calls/webhook/status")],
            Difference::Path,
        ),
        (
            "https://tunnel.example.net",
            PATH.to_owned(),
            vec![("x-forwarded-host", "tunnel.example.net")],
            Difference::Host,
        ),
        (
            "https://tunnel.example.net",
            PATH.to_owned(),
            vec![("host", "tunnel.example.net")],
            Difference::Host,
        ),
    ] {
        let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
        let form = of_our_account(&[("CallSid", &sid("CA", 1)), ("CallStatus", "ringing")]);
        let signed = format!("{base}{path}");
        let mut request = client()
            .post(format!("{}{}", app.base, PATH))
            .header("X-Twilio-Signature", signature_of(&signed, &form))
            .form(&form);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{signed}");
        assert!(
            !answer
                .text()
                .await
                .expect("text")
                .contains(base.trim_start_matches("https://calls")),
            "the sender learns nothing"
        );
        let latest = app.running.state.refusals.summary().latest;
        assert_eq!(latest.len(), 1);
        assert_eq!(
            (
                latest[0].reason,
                latest[0].difference(),
                latest[0].signed.as_ref().map(|one| one.url.as_str())
            ),
            (Reason::Wrong, Some(difference), Some(signed.as_str()))
        );
        for language in ["en", "ar"] {
            let page = setup(&app, language).await;
            assert!(
                page.contains(&signed) && page.contains("data-reason=\"wrong\""),
                "{language}: {signed}"
            );
        }
        assert_eq!(
            app.running
                .state
                .store
                .newest_change()
                .await
                .expect("a number"),
            0,
            "nothing was stored"
        );
    }
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let call = sid("CA", 1);
    let form = of_our_account(&[("CallSid", &call), ("CallStatus", "ringing")]);
    let other_account = {
        let mut form = form.clone();
        form[0].1 = sid("AC", 99);
        form
    };
    let signed = |form: &[(String, String)]| signature_of(&format!("{PUBLIC_URL}{PATH}"), form);
    for (header, form) in [
        (None, &form),
        (None, &form),
        (Some("not base64!".to_owned()), &form),
        (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()), &form),
        (Some(signed(&other_account)), &other_account),
    ] {
        let mut request = client().post(format!("{}{}", app.base, PATH)).form(form);
        if let Some(header) = header {
            request = request.header("X-Twilio-Signature", header);
        }
        assert_eq!(request.send().await.expect("an answer").status(), 403);
    }
    let summary = app.running.state.refusals.summary();
    let counted: Vec<_> = summary
        .counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(
        counted,
        [
            (Reason::Missing, 2),
            (Reason::Malformed, 1),
            (Reason::Wrong, 1),
            (Reason::OtherAccount, 1)
        ]
    );
    let metrics = client()
        .get(format!("{}{}", app.base, "/metrics"))
        .send()
        .await
        .expect("metrics");
    let metrics = metrics.text().await.expect("text");
    assert!(
        metrics.contains("almasar_refused_requests_total{reason=\"malformed\"}"),
        "{metrics}"
    );
    let page = setup(&app, "en").await;
    assert!(page.contains("2×, last on 2"), "{page}");
}

#[tokio::test]
async fn a_page_of_another_origin_is_named_with_the_setting_to_change() {
    let app = spawn_app_with(&[
        "--public-url",
        PUBLIC_URL,
        "--frontend-url",
        "https://app.example.com",
    ])
    .await;
    let ask = |method: reqwest::Method, origin: &'static str| {
        client()
            .request(method, format!("{}{}", app.base, "/api/calls"))
            .header("Origin", origin)
    };
    // A preflight, which never comes to a handler; a read; a change.
    let preflight = ask(reqwest::Method::OPTIONS, "https://other.example.com")
        .header("Access-Control-Request-Method", "POST");
    let answer = preflight.send().await.expect("an answer");
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    ask(reqwest::Method::GET, "https://other.example.com")
        .send()
        .await
        .expect("an answer");
    let answer = ask(reqwest::Method::POST, "https://other.example.com")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 403);
    let latest = app.running.state.refusals.summary().latest;
    assert_eq!(latest.len(), 1);
    assert_eq!((latest[0].reason, latest[0].count), (Reason::Origin, 3));
    for (language, words) in [
        ("en", "add it to FRONTEND_URL"),
        ("ar", "فأضفه إلى FRONTEND_URL"),
    ] {
        let page = setup(&app, language).await;
        assert!(
            page.contains("https://other.example.com") && page.contains(words),
            "{language}"
        );
    }
    // Ours, and the one that is allowed, are not complained of.
    for origin in ["https://calls.example.com", "https://app.example.com"] {
        ask(reqwest::Method::GET, origin)
            .send()
            .await
            .expect("an answer");
    }
    assert_eq!(app.running.state.refusals.summary().latest.len(), 1);
}

#[tokio::test]
async fn what_a_sender_writes_is_shown_as_text() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let origin = "https://evil.example\"><script>alert(1)</script>";
    client()
        .get(format!("{}{}", app.base, "/api/calls"))
        .header("Origin", origin)
        .send()
        .await
        .expect("an answer");
    let page = setup(&app, "en").await;
    assert!(
        page.contains("evil.example") && !page.contains("<script>alert"),
        "{page}"
    );
}

#[tokio::test]
async fn agents_do_not_see_what_was_refused() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    client()
        .post(format!("{}{}", app.base, PATH))
        .send()
        .await
        .expect("an answer");
    let agent = app.sign_in("agent", Role::Agent).await;
    let answer = agent
        .request(Method::GET, "/setup")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 403);
    assert!(
        !answer
            .text()
            .await
            .expect("text")
            .contains("data-testid=\"refusal\"")
    );
}
