//! Who may ask for what: a table of every route there is. A route that is missing here fails, and so does one that lets a stranger in
//! without being named as one that may.

use crate::support::*;
use almasar::domain::user::Role;
use reqwest::{Method, StatusCode};
use std::collections::BTreeSet;

const ROUTER: &str = include_str!("../src/server/router.rs");

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    /// Twilio alone: signed.
    Twilio,
    /// Whoever is signed in; others get 401.
    SignedIn,
    /// As [`For::SignedIn`], but others sign in first and come back.
    Page,
    /// A page for administrators.
    AdminPage,
    /// As [`For::SignedIn`], for administrators alone.
    Admin,
}

const TABLE: [(&str, &str, For); 29] = [
    ("POST", "/api/calls/twiml/outbound", For::Twilio),
    ("POST", "/api/calls/twiml/bridge", For::Twilio),
    ("POST", "/api/calls/twiml/after-dial", For::Twilio),
    ("POST", "/api/calls/webhook/status", For::Twilio),
    ("POST", "/api/calls/webhook/recording", For::Twilio),
    ("POST", "/api/calls/webhook/echo", For::Twilio),
    ("GET", "/api/calls/events", For::SignedIn),
    ("POST", "/api/calls/recordings/fetch", For::SignedIn),
    ("GET", "/api/calls/{sid}/recording", For::SignedIn),
    ("POST", "/api/auth/login", For::Everybody),
    ("POST", "/api/auth/logout", For::Everybody),
    ("GET", "/api/calls", For::SignedIn),
    ("POST", "/api/calls", For::SignedIn),
    ("GET", "/api/calls/token", For::SignedIn),
    ("POST", "/api/calls/diagnostics", For::SignedIn),
    ("GET", "/api/calls/{sid}", For::SignedIn),
    ("GET", "/api/calls/{sid}/waveform", For::SignedIn),
    ("GET", "/app/calls", For::SignedIn),
    ("POST", "/app/locale", For::Everybody),
    ("POST", "/app/{*function}", For::SignedIn),
    ("GET", "/", For::Everybody),
    ("GET", "/login", For::Everybody),
    ("GET", "/mobile-call", For::Page),
    ("GET", "/history", For::Page),
    ("GET", "/setup", For::AdminPage),
    ("GET", "/setup/checklist", For::Admin),
    ("POST", "/api/setup/fix", For::Admin),
    ("POST", "/api/setup/test-again", For::Admin),
    ("GET", "/healthz", For::Everybody),
];

/// Not asked here: they say how the server is, and a test of theirs asks them.
const OF_OPERATORS: [&str; 2] = ["/readyz", "/metrics"];

/// Every method and path of `router.rs`, as written there.
fn routes() -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for route in ROUTER.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap().to_owned();
        let handlers = route.split_once(',').unwrap().1;
        let handlers = handlers.split([';', '\n']).next().unwrap();
        for (word, method) in [("get(", "GET"), ("post(", "POST"), ("any(", "POST")] {
            if handlers.contains(word) {
                routes.insert((method.to_owned(), path.clone()));
            }
        }
    }
    routes
}

#[test]
fn every_route_is_in_the_table() {
    let named: BTreeSet<_> = TABLE
        .iter()
        .map(|(method, path, _)| (method.to_string(), path.to_string()))
        .chain(OF_OPERATORS.map(|path| ("GET".to_owned(), path.to_owned())))
        .collect();
    let there = routes();
    assert!(there.len() > 20, "the router is read: {there:?}");
    assert_eq!(there, named);
}

#[tokio::test]
async fn a_stranger_is_let_in_nowhere_but_where_the_table_says_so() {
    let app = spawn_app().await;
    for (method, path, whom) in TABLE {
        let request = app.stranger(method.parse().unwrap(), &real(path));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let location = response.headers().get("location");
        let location = location.map(|to| to.to_str().unwrap().to_owned());
        let to_login = location.is_some_and(|to| to.starts_with("/login?next="));
        match whom {
            For::Everybody => assert!(
                !matches!(status, 401 | 403) && !to_login,
                "{path}: {status}"
            ),
            For::Twilio => assert_eq!(status, 403, "{path}"),
            For::SignedIn | For::Admin => assert_eq!(status, 401, "{path}"),
            For::Page | For::AdminPage => assert!(status == 303 && to_login, "{path}: {status}"),
        }
    }
}

#[tokio::test]
async fn each_role_gets_what_is_its_own_and_no_more() {
    let app = spawn_app().await;
    for (name, role) in [
        ("agent", Role::Agent),
        ("manager", Role::Manager),
        ("admin", Role::Admin),
    ] {
        let person = app.sign_in(name, role).await;
        // Signing out comes last.
        let tables = TABLE
            .iter()
            .filter(|(_, path, _)| !path.ends_with("logout"));
        for (method, path, whom) in tables.chain([&("POST", "/api/auth/logout", For::Everybody)]) {
            let method: Method = method.parse().unwrap();
            let response = person.request(method, &real(path)).send().await.unwrap();
            let status = response.status();
            let allowed = match whom {
                For::Twilio => false,
                For::AdminPage | For::Admin => role == Role::Admin,
                For::Everybody | For::SignedIn | For::Page => true,
            };
            let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert_eq!(!denied, allowed, "{name} {path}: {status}");
            if matches!(whom, For::Page | For::AdminPage) && allowed {
                assert_eq!(status, StatusCode::OK, "{name} {path}");
            }
        }
        let again = person.get("/api/calls").await;
        assert_eq!(again.status(), StatusCode::UNAUTHORIZED, "signed out");
    }
}

/// A path that this pattern matches.
fn real(pattern: &str) -> String {
    pattern
        .replace("{sid}", call_sid(9).as_str())
        .replace("{*function}", "number")
}
