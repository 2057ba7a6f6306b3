//! What may stand at `PUBLIC_URL` instead of this server, or before it.

use super::{World, environment, everything_said, names_only, settings, start};
use crate::support::TestDatabase;
use almasar::server::doctor::Status;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use tokio::net::TcpListener;

type Page = (u16, &'static [(&'static str, &'static str)], &'static str);

/// Something that answers everything with one page.
pub async fn answering(page: Page) -> String {
    async fn answer(State((status, headers, body)): State<Page>) -> Response {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Body::from(body)).expect("a response")
    }
    serving(Router::new().fallback(answer).with_state(page)).await
}

/// A proxy: takes `strip` from the path, and hands the rest on.
async fn proxying(to: String, strip: &'static str) -> String {
    #[derive(Clone)]
    struct Proxy(String, &'static str);
    async fn forward(
        State(Proxy(to, strip)): State<Proxy>,
        headers: HeaderMap,
        request: Request,
    ) -> Response {
        let path = request.uri().path().to_owned();
        let path = path.strip_prefix(strip).unwrap_or(&path).to_owned();
        let body = axum::body::to_bytes(request.into_body(), 1 << 16)
            .await
            .expect("a body");
        let mut onward = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .post(format!("{to}{path}"))
            .body(body.to_vec());
        for (name, value) in &headers {
            if name != "host" {
                onward = onward.header(name, value);
            }
        }
        let answer = onward.send().await.expect("an answer");
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if name != "transfer-encoding" {
                response = response.header(name, value);
            }
        }
        response
            .body(Body::from(answer.bytes().await.expect("a body")))
            .expect("a response")
    }
    serving(Router::new().fallback(forward).with_state(Proxy(to, strip))).await
}

async fn serving(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn whoever_answers_instead_is_named_and_only_that() {
    let pages: [(&str, Page, &str); 10] = [
        (
            "ngrok's page",
            (
                200,
                &[
                    ("content-type", "text/html"),
                    ("ngrok-error-code", "ERR_NGROK_6024"),
                ],
                "<html>",
            ),
            "interstitial",
        ),
        (
            "ngrok, closed",
            (
                404,
                &[("ngrok-error-code", "ERR_NGROK_3200")],
                "The endpoint is offline",
            ),
            "tunnel-closed",
        ),
        (
            "ngrok, nothing behind",
            (502, &[("ngrok-error-code", "ERR_NGROK_8012")], ""),
            "nothing-behind",
        ),
        (
            "cloudflared, closed",
            (
                530,
                &[("cf-ray", "1"), ("server", "cloudflare")],
                "error code: 1033",
            ),
            "tunnel-closed",
        ),
        (
            "a proxy alone",
            (502, &[("server", "nginx")], "<h1>502 Bad Gateway</h1>"),
            "nothing-behind",
        ),
        (
            "a redirect",
            (301, &[("location", "https://www.example.com/api")], ""),
            "redirects",
        ),
        (
            "a password",
            (401, &[("www-authenticate", "Basic")], ""),
            "guarded",
        ),
        (
            "another program",
            (404, &[("server", "nginx/1.29")], "<h1>404 Not Found</h1>"),
            "other-program",
        ),
        (
            "a static site",
            (200, &[("content-type", "text/html")], "<h1>Welcome</h1>"),
            "other-program",
        ),
        (
            "whoever says yes to all",
            (204, &[], ""),
            "other-installation",
        ),
    ];
    for (name, page, found) in pages {
        let front = answering(page).await;
        let mut world = World::with(|w| w.move_to(&front)).await;
        names_only(
            name,
            &world.examined().await,
            Status::Problem,
            "public-url",
            found,
        );
        world.stop().await;
    }
}

#[tokio::test]
async fn a_proxy_may_take_a_path_away_and_must_if_there_is_one() {
    for (strip, wrong) in [("/phone", None), ("", Some("path-prefix"))] {
        let mut world = World::healthy().await;
        let behind = world.env["PUBLIC_URL"].clone();
        let address = behind.trim_start_matches("http://").to_owned();
        let front = proxying(behind, strip).await;
        world.stop().await;
        world.move_to(&format!("{front}/phone"));
        world.restart(&address).await;
        let reports = world.examined().await;
        match wrong {
            Some(found) => names_only(
                "a path kept",
                &reports,
                Status::Problem,
                "public-url",
                found,
            ),
            None => assert!(
                reports.iter().all(|report| report.status() == Status::Ok),
                "{}",
                everything_said(&reports)
            ),
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_run_is_named() {
    let mut world = World::healthy().await;
    world.stop().await;
    names_only(
        "not running",
        &world.examined().await,
        Status::Problem,
        "public-url",
        "nobody-listens",
    );
}

#[tokio::test]
async fn a_server_with_other_settings_and_one_with_another_database_are_told_apart() {
    for (name, variable, value, found) in [
        (
            "another token",
            "TWILIO_AUTH_TOKEN",
            "00000000000000000000000000000000",
            "signature-refused",
        ),
        ("another database", "DATABASE_URL", "", "other-installation"),
    ] {
        let mut world = World::healthy().await;
        let other = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let database = TestDatabase::new(other.path()).await;
        let mut env = environment(&other, &database, &url, world.account.url());
        if !value.is_empty() {
            env.insert(variable, value.to_owned());
        }
        let running = start(&env, listener).await.expect("a server");
        world.move_to(&url);
        names_only(
            name,
            &world.examined().await,
            Status::Problem,
            "public-url",
            found,
        );
        running.stop().await.expect("stopped");
    }
}

#[tokio::test]
async fn https_where_nobody_speaks_tls_is_named() {
    let mut world = World::healthy().await;
    let front = world.env["PUBLIC_URL"].replace("http://", "https://");
    world.move_to(&front);
    names_only(
        "no TLS",
        &world.examined().await,
        Status::Problem,
        "public-url",
        "no-tls",
    );
    assert!(settings(&world.env).public_url.starts_with("https"));
}
