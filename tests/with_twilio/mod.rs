//! A server of one's own on a port that the system chooses, people who are signed in, and Twilio's side of the conversation.

pub mod stand_in;

use almasar::{
    domain::user::{Role, User},
    server::{
        auth, clock,
        config::{Config, Secret, Settings},
        serve::{self, Running},
        state::AppState,
        twilio::signature,
    },
};
use clap::Parser;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use stand_in::StandIn;
use std::{future::Future, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "the auth token";
pub const PUBLIC_URL: &str = "https://calls.example.com";
pub const KEY: &str = "SK00000000000000000000000000000001";
pub const APP: &str = "AP00000000000000000000000000000001";

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// A running server and all that is its own. Its files go with it.
pub struct TestApp {
    pub running: Running,
    pub twilio: StandIn,
    folder: TempDir,
}

/// Somebody signed in.
pub struct Person {
    pub user: User,
    client: Client,
    cookie: String,
    base: String,
}

impl TestApp {
    pub async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// With flags beside the usual ones.
    pub async fn spawn_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let twilio = StandIn::spawn().await;
        let running = serve::start(config(folder.path(), twilio.url(), flags), listener().await)
            .await
            .expect("a server");
        Self {
            running,
            twilio,
            folder,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    /// Adds a user and signs them in.
    pub async fn person(&self, name: &str, role: Role) -> Person {
        let (user, cookie) = signed_in(&self.running.state, name, role).await;
        Person {
            user,
            client: client(),
            cookie,
            base: self.url(""),
        }
    }

    /// A form as Twilio sends it: with our account's SID, and signed.
    pub async fn twilio_posts(&self, path: &str, params: &[(&str, &str)]) -> Response {
        let mut form: Vec<(String, String)> = vec![("AccountSid".into(), ACCOUNT.into())];
        form.extend(
            params
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        );
        let signature = signature::sign(&Secret::new(TOKEN), &format!("{PUBLIC_URL}{path}"), &form);
        let request = client()
            .post(self.url(path))
            .header("X-Twilio-Signature", signature);
        request.form(&form).send().await.expect("an answer")
    }

    /// A call from that user's page, answered and over, whose recording is completed.
    pub async fn recorded_call(&self, person: &Person, call: &str, recording: &str) {
        self.answered_call(person, call).await;
        let params = [
            ("CallSid", call),
            ("RecordingSid", recording),
            ("RecordingStatus", "completed"),
            ("RecordingDuration", "1"),
        ];
        assert_eq!(
            self.twilio_posts("/api/calls/webhook/recording", &params)
                .await
                .status(),
            204
        );
    }

    /// A call from that user's page, answered and over.
    pub async fn answered_call(&self, person: &Person, call: &str) {
        let from = format!("client:{}", person.user.identity());
        let placed = self
            .twilio_posts(
                "/api/calls/twiml/outbound",
                &[("CallSid", call), ("From", &from), ("To", "0569705616")],
            )
            .await;
        assert_eq!(placed.status(), 200);
        let child = call.replace("CA0", "CAc");
        for (number, status) in [("2", "in-progress"), ("3", "completed")] {
            let params = [
                ("CallSid", child.as_str()),
                ("ParentCallSid", call),
                ("CallStatus", status),
                ("SequenceNumber", number),
            ];
            assert_eq!(
                self.twilio_posts("/api/calls/webhook/status", &params)
                    .await
                    .status(),
                204
            );
        }
    }
}

impl Person {
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}{path}", self.base))
            .header("Cookie", &self.cookie)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .header("Cookie", &self.cookie)
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }
}

/// A new user and the cookie of a session of theirs. The session is made directly: what log-in does is tested elsewhere, and hashing takes
/// its time.
pub async fn signed_in(state: &AppState, name: &str, role: Role) -> (User, String) {
    let user = User {
        id: auth::session::random_hex(8),
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        role,
    };
    state
        .store
        .insert_user(&user, "no password", clock::now())
        .await
        .expect("a new user");
    let jar = axum_extra::extract::cookie::SignedCookieJar::new(state.cookie_key.clone());
    let jar = auth::session::begin(state, &user, jar, clock::now())
        .await
        .expect("a session");
    let response = axum::response::IntoResponse::into_response((jar, ()));
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a cookie")
        .to_owned();
    (user, cookie)
}

pub fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

/// `CA0…0N`
pub fn sid(prefix: &str, number: u32) -> String {
    format!("{prefix}{number:032}")
}

/// Asks until the answer is yes. Waits for a condition, and fails when it does not come about in half a minute.
pub async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .unwrap_or_else(|_| panic!("it never came about: {what}"));
}

pub fn config(folder: &Path, twilio: &str, flags: &[&str]) -> Config {
    let database = format!("sqlite://{}", folder.join("almasar.db").display());
    let recordings = format!("file://{}", folder.join("recordings").display());
    let usual = [
        ("--listen-addr", "127.0.0.1:0"),
        ("--public-url", PUBLIC_URL),
        ("--database-url", &database),
        ("--recordings-url", &recordings),
        ("--twilio-account-sid", ACCOUNT),
        ("--twilio-api-key", KEY),
        ("--twilio-twiml-app-sid", APP),
        ("--twilio-caller-id", "+15005550006"),
        ("--twilio-api-base-url", twilio),
    ];
    let usual = usual
        .into_iter()
        .filter(|(flag, _)| !flags.contains(flag))
        .flat_map(|(flag, value)| [flag, value]);
    let flags = ["almasar"]
        .into_iter()
        .chain(usual)
        .chain(flags.iter().copied());
    let settings = Flags::try_parse_from(flags).expect("flags").settings;
    let secrets = |name: &str| match name {
        "TWILIO_AUTH_TOKEN" => Some(TOKEN.to_owned()),
        "TWILIO_API_SECRET" => Some("the API secret".to_owned()),
        _ => None,
    };
    Config::build(&settings, &secrets).expect("a configuration")
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}
