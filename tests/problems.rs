//! What the API answers where no handler of ours speaks: RFC 9457 all the same.

use crate::support::*;
use almasar::domain::user::Role;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};

async fn is_a_problem(response: Response, status: u16, what: &str) -> serde_json::Value {
    assert_eq!(response.status(), status, "{what}");
    let content_type = &response.headers()[header::CONTENT_TYPE];
    assert_eq!(content_type, "application/problem+json", "{what}");
    let problem = parsed(response).await;
    assert_eq!(problem["status"], status, "{what}");
    assert!(
        problem["title"]
            .as_str()
            .is_some_and(|title| title.len() > 10),
        "{what}: {problem}"
    );
    problem
}

#[tokio::test]
async fn what_the_router_or_an_extractor_refuses_is_a_problem_too() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let sid = call_sid(1);
    let json = |request: RequestBuilder, body: &str| {
        request
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_owned())
    };
    let login = || agent.request(Method::POST, "/api/auth/login");
    let large = format!(r#"{{"email":"{}","password":"x"}}"#, "a".repeat(100_000));
    let twice = format!("/api/calls/{sid}/recording?download=1&download=1");
    for (request, status) in [
        (agent.request(Method::DELETE, "/api/calls"), 405),
        (agent.request(Method::GET, "/api/auth/login"), 405),
        (agent.request(Method::GET, "/api/nothing"), 404),
        (agent.request(Method::GET, "/api/calls/%ff"), 400),
        (agent.request(Method::GET, &twice), 400),
        (json(login(), &large), 413),
        (json(agent.request(Method::POST, "/api/calls"), &large), 413),
        (json(login(), "{"), 400),
        (json(login(), r#"{"email":"a@example.com"}"#), 400),
        (
            login().header(header::CONTENT_TYPE, "text/plain").body("x"),
            415,
        ),
        (
            login()
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body("email=a"),
            400,
        ),
    ] {
        let asked = request.try_clone().unwrap().build().unwrap();
        let what = format!("{} {}", asked.method(), asked.url().path());
        is_a_problem(request.send().await.unwrap(), status, &what).await;
    }
}

#[tokio::test]
async fn a_body_whose_length_nobody_announced_is_too_large_all_the_same() {
    let app = spawn_app().await;
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>("a".repeat(1000)));
    let request = app
        .stranger(Method::POST, "/api/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .body(reqwest::Body::wrap_stream(futures::stream::iter(chunks)));
    is_a_problem(request.send().await.unwrap(), 413, "chunks").await;
}

#[tokio::test]
async fn a_method_that_is_not_allowed_still_says_which_are() {
    let app = spawn_app().await;
    let response = app
        .stranger(Method::DELETE, "/api/auth/login")
        .header(header::ORIGIN, &app.base)
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()[header::ALLOW], "POST");
}

#[tokio::test]
async fn people_get_pages_and_not_problems() {
    let app = spawn_app().await;
    let response = app.stranger(Method::GET, "/nothing").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    assert!(content_type.starts_with("text/html"), "{content_type}");
}
