//! Requests that another site makes a browser send in our user's name.

use crate::support::*;
use almasar::domain::user::Role;
use reqwest::{Method, RequestBuilder, StatusCode, header};

const CHANGING: [&str; 9] = [
    "/app/hangup",
    "/app/phone",
    "/app/number",
    "/app/locale",
    "/api/calls",
    "/api/calls/diagnostics",
    "/api/calls/recordings/fetch",
    "/api/auth/login",
    "/api/auth/logout",
];

/// With the cookie, which a browser would add, and with no origin yet.
fn post(person: &Person, path: &str) -> RequestBuilder {
    let mut request = person.request(Method::POST, path).build().unwrap();
    request.headers_mut().remove(header::ORIGIN);
    RequestBuilder::from_parts(reqwest::Client::new(), request)
}

#[tokio::test]
async fn a_post_from_another_site_changes_nothing_whatever_it_calls_itself() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let host = app.base.trim_start_matches("http://").to_owned();
    let from = |origin: &str| vec![("origin", origin.to_owned())];
    let evil = "https://evil.example";
    for path in CHANGING {
        for (sent, kind) in [
            (from(evil), "application/json"),
            (from(evil), "text/plain"),
            (from(evil), "application/x-www-form-urlencoded"),
            (from("null"), "application/x-www-form-urlencoded"),
            (from("null"), "text/plain"),
            (from(&format!("http://{host}.evil.example")), "text/plain"),
            (from(&format!("{}0", app.base)), "text/plain"),
            (vec![("sec-fetch-site", "cross-site".into())], "text/plain"),
            (vec![("sec-fetch-site", "same-site".into())], "text/plain"),
            (
                vec![
                    ("origin", "null".to_owned()),
                    ("sec-fetch-site", "cross-site".to_owned()),
                ],
                "text/plain",
            ),
        ] {
            let mut request = post(&agent, path).header(header::CONTENT_TYPE, kind);
            for (name, value) in &sent {
                request = request.header(*name, value);
            }
            let response = request.body("typed=0569705616").send().await.unwrap();
            assert_eq!(
                response.status(),
                StatusCode::FORBIDDEN,
                "{path} {sent:?} {kind}"
            );
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
            let allowed = response.headers().get("access-control-allow-origin");
            assert_eq!(allowed, None, "{path} {sent:?}");
        }
    }
    let still = agent.get("/api/calls").await;
    assert_eq!(still.status(), StatusCode::OK, "nobody was signed out");
}

#[tokio::test]
async fn our_own_pages_and_programs_without_a_browser_may_post() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for sent in [
        vec![("origin", app.base.clone())],
        vec![("sec-fetch-site", "same-origin".into())],
        vec![],
    ] {
        let mut request = post(&agent, "/app/number");
        for (name, value) in &sent {
            request = request.header(*name, value);
        }
        let response = request
            .form(&[("typed", "0569705616")])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{sent:?}");
        assert!(response.text().await.unwrap().contains("+966569705616"));
    }
}

#[tokio::test]
async fn a_page_that_frontend_url_names_may_use_the_api_and_no_other_may() {
    let app = spawn_app_with(&["--frontend-url", "http://127.0.0.1:5173"]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let ask = |origin: &str| {
        post(&agent, "/api/calls/diagnostics")
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", "same-site")
            .body(r#"{"sid":null,"to":"0569705616"}"#)
            .send()
    };
    let response = ask("http://127.0.0.1:5173").await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let headers = response.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "http://127.0.0.1:5173"
    );
    assert_eq!(headers["access-control-allow-credentials"], "true");
    let response = ask("http://127.0.0.1:5174").await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
