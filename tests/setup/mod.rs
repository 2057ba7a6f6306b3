//! `/setup`: the checks as they are made, the mend, the test with which an installation ends.

mod checklist;
mod mend;
mod page;
mod stuck;

use crate::doctor::World;
use almasar::{
    domain::user::{Role, User},
    server::{auth, clock, config::Secret, state::AppState, twilio::signature},
};
use axum::response::IntoResponse;
use axum_extra::extract::cookie::SignedCookieJar;
use reqwest::{RequestBuilder, StatusCode, header};

/// Somebody signed in, with a browser that reads English.
pub struct Visitor {
    pub user: User,
    pub base: String,
    client: reqwest::Client,
    cookie: String,
}

impl Visitor {
    pub async fn to(world: &World, role: Role) -> Self {
        Self::signed_in(world.state(), &world.env["PUBLIC_URL"], role).await
    }

    async fn signed_in(state: &AppState, base: &str, role: Role) -> Self {
        let id = auth::session::random_hex(8);
        let user = User {
            email: format!("{role}-{id}@example.com"),
            name: role.to_string(),
            id,
            role,
        };
        let now = clock::now();
        let stored = state.store.insert_user(&user, "no password", now).await;
        stored.expect("a new user");
        let jar = SignedCookieJar::new(state.cookie_key.clone());
        let jar = auth::session::begin(state, &user, jar, now).await;
        let response = (jar.expect("a session"), ()).into_response();
        let cookie = response.headers()[header::SET_COOKIE]
            .to_str()
            .expect("text");
        let client = reqwest::Client::builder().no_proxy();
        Self {
            user,
            base: base.to_owned(),
            client: client
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client"),
            cookie: cookie.split(';').next().expect("a cookie").to_owned(),
        }
    }

    fn with_cookie(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT_LANGUAGE, "en")
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.with_cookie(self.client.get(format!("{}{path}", self.base)))
    }

    /// A form, as the browser sends it from our own page.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.base)).form(form);
        self.with_cookie(request)
            .header(header::ORIGIN, &self.base)
            .header("sec-fetch-site", "same-origin")
    }

    pub async fn text(&self, path: &str) -> String {
        let response = self.get(path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.expect("text")
    }

    /// Calls a customer, who answers; told as Twilio tells it.
    pub async fn talks(&self, world: &World, call: &str) {
        let (from, child) = (
            format!("client:{}", self.user.identity()),
            call.replace("CA0", "CAc"),
        );
        let outbound = "/api/calls/twiml/outbound";
        let placed = vec![("CallSid", call), ("From", &from), ("To", "0569705616")];
        self.twilio_posts(world, outbound, &placed).await;
        for (number, status) in [("1", "ringing"), ("2", "in-progress"), ("3", "completed")] {
            let params = vec![
                ("CallSid", child.as_str()),
                ("ParentCallSid", call),
                ("CallStatus", status),
                ("SequenceNumber", number),
                ("CallDuration", "7"),
            ];
            self.twilio_posts(world, "/api/calls/webhook/status", &params)
                .await;
        }
    }

    async fn twilio_posts(&self, world: &World, path: &str, params: &[(&str, &str)]) {
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let account = ("AccountSid", world.env["TWILIO_ACCOUNT_SID"].as_str());
        let form: Vec<(String, String)> =
            std::iter::once(&account).chain(params).map(own).collect();
        let token = Secret::new(world.env["TWILIO_AUTH_TOKEN"].as_str());
        let url = format!("{}{path}", self.base);
        let signature = signature::sign(&token, &url, &form);
        let request = self.client.post(url).form(&form);
        let answer = request.header("X-Twilio-Signature", signature).send().await;
        assert!(answer.expect("an answer").status().is_success(), "{path}");
    }

    pub async fn status(&self, path: &str) -> StatusCode {
        self.get(path).send().await.expect("an answer").status()
    }
}

/// The value of the first attribute `name` after `mark` in the page.
pub fn attribute<'a>(page: &'a str, mark: &str, name: &str) -> Option<&'a str> {
    let rest = &page[page.find(mark)?..];
    let opening = format!("{name}=\"");
    let value = &rest[rest.find(&opening)? + opening.len()..];
    value.split('"').next()
}

/// Elements that carry this text, each with what follows to the next one.
pub fn parts<'a>(page: &'a str, mark: &str) -> Vec<&'a str> {
    page.split(mark).skip(1).collect()
}
