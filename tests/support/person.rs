//! Somebody who is signed in, at a browser of ours.

use super::{TestApp, parsed};
use almasar::domain::user::User;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;

pub struct Person {
    pub user: User,
    cookie: String,
    base: String,
    origin: String,
    http: Client,
}

impl Person {
    pub(super) fn new(user: User, cookie: String, app: &TestApp) -> Self {
        Self {
            user,
            cookie,
            base: app.base.clone(),
            origin: app.running.state.config.origin(),
            http: app.http.clone(),
        }
    }

    /// The same person at another server: the cookie goes along.
    pub fn at(&self, app: &TestApp) -> Self {
        Self::new(self.user.clone(), self.cookie.clone(), app)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        parsed(response).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        let request = self.request(Method::POST, path).json(&body);
        request.send().await.unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, &self.origin)
    }
}
