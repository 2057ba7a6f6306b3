//! Sign-in against those who guess.

use crate::support::*;
use almasar::{domain::user::Role, server::auth, server::clock};
use reqwest::{Method, Response, header};
use serde_json::json;

async fn login(app: &TestApp, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password }).to_string();
    let request = app
        .stranger(Method::POST, "/api/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body);
    request.send().await.unwrap()
}

async fn statuses(app: &TestApp, emails: impl Iterator<Item = String>, password: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for email in emails {
        statuses.push(login(app, &email, password).await.status().as_u16());
    }
    statuses
}

/// Wrong without being hashed, which takes its time.
fn too_long() -> String {
    "x".repeat(2000)
}

#[tokio::test]
async fn a_thousand_wrong_passwords_are_refused_and_soon_not_even_tried() {
    let app = spawn_app().await;
    let store = &app.running.state.store;
    let (user, password) = auth::add_user(store, "a@example.com", Role::Agent, None, clock::now())
        .await
        .unwrap();
    let tried = statuses(&app, (0..1000).map(|_| user.email.clone()), "wrong").await;
    let count = |status| tried.iter().filter(|tried| **tried == status).count();
    let (refused, not_tried) = (count(401), count(429));
    assert_eq!(refused + not_tried, 1000);
    assert!((5..=20).contains(&refused), "{refused}");
    assert_eq!((tried[0], tried[999]), (401, 429));
    let even_so = login(&app, &user.email, &password).await;
    assert_eq!(even_so.status(), 429, "the right one is not told apart");
    let wait = even_so.headers()[header::RETRY_AFTER].to_str().unwrap();
    assert!((1..=60).contains(&wait.parse::<u32>().unwrap()), "{wait}");

    let (other, password) = auth::add_user(store, "b@example.com", Role::Agent, None, clock::now())
        .await
        .unwrap();
    let response = login(&app, &other.email, &password).await;
    assert_eq!(response.status(), 204, "others are not concerned");
}

#[tokio::test]
async fn one_password_tried_on_many_accounts_is_stopped_by_the_address() {
    let app = spawn_app().await;
    let emails = (0..120).map(|n| format!("user{n}@example.com"));
    let tried = statuses(&app, emails, &too_long()).await;
    let refused = tried.iter().take_while(|status| **status == 401).count();
    assert!((20..=100).contains(&refused), "{refused}");
    assert!(tried[refused..].contains(&429));
}

#[tokio::test]
async fn who_signs_in_rightly_may_do_so_often() {
    let app = spawn_app().await;
    let store = &app.running.state.store;
    let (user, password) = auth::add_user(store, "a@example.com", Role::Agent, None, clock::now())
        .await
        .unwrap();
    for _ in 0..15 {
        assert_eq!(login(&app, &user.email, &password).await.status(), 204);
    }
}

#[tokio::test]
async fn a_form_that_is_throttled_comes_back_with_the_words() {
    let app = spawn_app().await;
    let password = too_long();
    let post = || {
        app.stranger(Method::POST, "/api/auth/login")
            .form(&[("email", "a@example.com"), ("password", &password)])
            .send()
    };
    for _ in 0..20 {
        let response = post().await.unwrap();
        assert_eq!(response.status(), 303);
    }
    let response = post().await.unwrap();
    let back = response.headers()[header::LOCATION].to_str().unwrap();
    assert!(back.starts_with("/login?error=throttled&"), "{back}");
    let page = app
        .stranger(Method::GET, back)
        .header("Cookie", "locale=en");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Too many attempts."), "{page}");
}

#[tokio::test]
async fn a_password_of_a_megabyte_is_refused_unread() {
    let app = spawn_app().await;
    let response = login(&app, "a@example.com", &"x".repeat(1 << 20)).await;
    assert_eq!(response.status(), 413);
}
