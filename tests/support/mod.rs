//! A whole server for a test, with its own port, database and archive; and those who talk to it: Twilio, and people signed in.

mod audio;
mod database;
pub mod legs;
mod person;
pub mod stand_in;
mod stream;

pub use audio::{archived, media, play};
pub use database::{Rows, TestDatabase, on_postgres};
pub use person::Person;
#[allow(unused_imports)]
pub use stream::{Stream, listen};

use almasar::{
    domain::{
        call::{Direct, Event, Fact},
        sid::CallSid,
        user::{Role, User},
    },
    server::{
        auth, clock,
        config::{Config, Secret, Settings},
        serve::{self, Running},
        state::AppState,
        twilio::signature,
    },
};
use axum_extra::extract::cookie::SignedCookieJar;
use clap::Parser;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;
use stand_in::StandIn;
use std::{future::Future, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const KEY: &str = "SK00000000000000000000000000000001";
pub const APP: &str = "AP00000000000000000000000000000001";
pub const CALLER_ID: &str = "+15005550006";
/// An address behind a proxy, for `--public-url`: what is signed for it is not what the request names.
pub const PUBLIC_URL: &str = "https://calls.example.com";
pub const AUTH_TOKEN: &str = "a token of the tests";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// A running server and all that is its own. Its files and its database go with it.
pub struct TestApp {
    pub running: Running,
    /// Where it listens, which is its `PUBLIC_URL` too where a test says nothing else.
    pub base: String,
    /// Twilio's REST API, as the server sees it.
    pub rest: StandIn,
    database: TestDatabase,
    dir: TempDir,
    http: Client,
}

pub async fn spawn_app() -> TestApp {
    spawn_app_with(&[]).await
}

/// With further flags of `almasar serve`, in pairs; they replace the usual ones.
pub async fn spawn_app_with(flags: &[&str]) -> TestApp {
    spawn_app_with_env(flags, &[]).await
}

/// As [`spawn_app_with`], with further variables of its environment.
pub async fn spawn_app_with_env(flags: &[&str], env: &[(&str, &str)]) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path()).await;
    TestApp::start(dir, database, StandIn::spawn().await, flags, env).await
}

/// On a database that was there before: give back what [`TestApp::stop`] returned.
pub async fn spawn_app_in(dir: TempDir, database: TestDatabase, flags: &[&str]) -> TestApp {
    TestApp::start(dir, database, StandIn::spawn().await, flags, &[]).await
}

/// The configuration of a server in that folder, with that database, whose `PUBLIC_URL` is `base` and whose Twilio is at `rest`.
pub fn config(dir: &Path, database: &str, base: &str, rest: &str, flags: &[&str]) -> Config {
    config_with_env(dir, database, base, rest, flags, &[])
}

/// As [`config`], with further variables of its environment.
pub fn config_with_env(
    dir: &Path,
    database: &str,
    base: &str,
    rest: &str,
    flags: &[&str],
    env: &[(&str, &str)],
) -> Config {
    let recordings = format!("file://{}", dir.join("recordings").display());
    let usual = [
        ("--public-url", base),
        ("--database-url", database),
        ("--recordings-url", &recordings),
        ("--twilio-account-sid", ACCOUNT),
        ("--twilio-api-key", KEY),
        ("--twilio-twiml-app-sid", APP),
        ("--twilio-caller-id", CALLER_ID),
        ("--twilio-api-base-url", rest),
    ];
    let usual = usual
        .into_iter()
        .filter(|(name, _)| !flags.contains(name))
        .flat_map(|(name, value)| [name, value]);
    let line = ["almasar"].into_iter().chain(usual);
    let settings = Line::parse_from(line.chain(flags.iter().copied())).settings;
    let secrets = |name: &str| match name {
        "TWILIO_AUTH_TOKEN" => Some(AUTH_TOKEN.to_owned()),
        "TWILIO_API_SECRET" => Some("the API secret".to_owned()),
        name => {
            let found = env.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    };
    Config::build(&settings, &secrets).unwrap()
}

/// Follows no redirect, and keeps no cookie.
pub fn client() -> Client {
    let client = Client::builder().no_proxy();
    client
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl TestApp {
    async fn start(
        dir: TempDir,
        database: TestDatabase,
        rest: StandIn,
        flags: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let config = config_with_env(dir.path(), database.url(), &base, rest.url(), flags, env);
        Self {
            running: serve::start(config, listener).await.unwrap(),
            base,
            rest,
            database,
            dir,
            http: client(),
        }
    }

    /// Stops it, and starts it again on what it has kept, at another port and perhaps otherwise configured.
    #[allow(dead_code)] // Not every target that includes this file restarts.
    pub async fn restart(self, flags: &[&str], env: &[(&str, &str)]) -> Self {
        self.running.stop().await.unwrap();
        Self::start(self.dir, self.database, self.rest, flags, env).await
    }

    /// A user of that role, signed in.
    pub async fn sign_in(&self, name: &str, role: Role) -> Person {
        let (user, cookie) = signed_in(&self.running.state, name, role).await;
        Person::new(user, cookie, self)
    }

    /// Another server on the same database and archive, with the same Twilio.
    pub async fn another_server(&self) -> TestApp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = self.running.state.config.as_ref().clone();
        config.public_url = base.parse().unwrap();
        TestApp {
            running: serve::start(config, listener).await.unwrap(),
            base,
            rest: self.rest.clone(),
            database: self.database.shared(),
            dir: tempfile::tempdir().unwrap(),
            http: client(),
        }
    }

    /// Somebody of whom nothing is known: no cookie, no origin.
    pub fn stranger(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// The folder of its database and its archive.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// A request of Twilio's, rightly signed.
    pub async fn twilio(&self, path: &str, params: &[(&str, &str)]) -> Response {
        let params = of_our_account(params);
        let signature = signature_of(&self.running.state.config.url(path), &params);
        self.post_form(path, &params, Some(&signature)).await
    }

    /// A request that says that it is Twilio's.
    pub async fn forged(
        &self,
        path: &str,
        params: &[(&str, &str)],
        signature: Option<&str>,
    ) -> Response {
        self.post_form(path, &of_our_account(params), signature)
            .await
    }

    async fn post_form(
        &self,
        path: &str,
        params: &[(String, String)],
        signature: Option<&str>,
    ) -> Response {
        let mut request = self.stranger(Method::POST, path).form(params);
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        request.send().await.unwrap()
    }

    /// The agent's browser calls `to`; what Twilio is told to do.
    pub async fn dial(&self, sid: &CallSid, agent: &User, to: &str) -> String {
        let from = format!("client:{}", agent.identity());
        let params = [
            ("CallSid", sid.as_str()),
            ("From", &from),
            ("To", to),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
        ];
        let response = self.twilio("/api/calls/twiml/outbound", &params).await;
        assert_eq!(response.status(), StatusCode::OK);
        let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
        assert!(content_type.starts_with("text/xml"), "{content_type}");
        response.text().await.unwrap()
    }

    /// A status callback of the customer's leg; 204.
    pub async fn customer_is(&self, call: &CallSid, number: u32, status: &str) {
        let (child, number) = (child_of(call), number.to_string());
        let mut params = vec![
            ("CallSid", child.as_str()),
            ("ParentCallSid", call.as_str()),
            ("CallStatus", status),
            ("SequenceNumber", &number),
            ("Direction", "outbound-dial"),
            ("From", CALLER_ID),
            ("To", "+966569705616"),
        ];
        if status == "completed" {
            params.push(("CallDuration", "7"));
        }
        let response = self.twilio("/api/calls/webhook/status", &params).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    pub async fn recording_is(&self, call: &CallSid, status: &str) {
        let params = [
            ("CallSid", call.as_str()),
            ("RecordingSid", &recording_of(call)),
            ("RecordingStatus", status),
            ("RecordingChannels", "2"),
            ("RecordingDuration", "7"),
        ];
        let response = self.twilio("/api/calls/webhook/recording", &params).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// A call from that agent's page, answered and over.
    pub async fn answered_call(&self, call: &CallSid, agent: &User) {
        self.dial(call, agent, "0569705616").await;
        self.customer_is(call, 2, "in-progress").await;
        self.customer_is(call, 3, "completed").await;
    }

    /// As [`TestApp::answered_call`]; its recording is completed.
    pub async fn recorded_call(&self, call: &CallSid, agent: &User) {
        self.answered_call(call, agent).await;
        self.recording_is(call, "completed").await;
    }

    /// Stops the server. What it kept is there for another.
    pub async fn stop(self) -> (TempDir, TestDatabase) {
        self.running.stop().await.unwrap();
        (self.dir, self.database)
    }

    /// What is stored, seen past the server.
    pub async fn rows(&self) -> Rows {
        Rows::of(&self.running.state.config.database).await
    }

    /// How many calls are stored.
    pub async fn count_calls(&self) -> usize {
        let store = &self.running.state.store;
        store.changes_since(0, 1000).await.unwrap().len()
    }
}

/// A new user and the cookie of a session of theirs. The session is made directly: what log-in does is tested in `logins`, and hashing
/// takes its time.
pub async fn signed_in(state: &AppState, name: &str, role: Role) -> (User, String) {
    let user = User {
        id: auth::session::random_hex(8),
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        role,
    };
    let (store, now) = (&state.store, clock::now());
    store.insert_user(&user, "no password", now).await.unwrap();
    let jar = SignedCookieJar::new(state.cookie_key.clone());
    let jar = auth::session::begin(state, &user, jar, now).await.unwrap();
    let response = axum::response::IntoResponse::into_response((jar, ()));
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    (user, cookie.split(';').next().unwrap().to_owned())
}

pub async fn parsed(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
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

/// Twilio's parameters: our account's SID, and these.
pub fn of_our_account(params: &[(&str, &str)]) -> Vec<(String, String)> {
    [("AccountSid", ACCOUNT)]
        .iter()
        .chain(params)
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// Twilio's signature of that, with our account's token.
pub fn signature_of(url: &str, form: &[(String, String)]) -> String {
    signature::sign(&Secret::new(AUTH_TOKEN), url, form)
}

/// The `n`th SID of its kind: `CA`, `AC`.
pub fn sid(prefix: &str, n: u32) -> String {
    format!("{prefix}{n:032x}")
}

/// The `n`th call of a test.
pub fn call_sid(n: u32) -> CallSid {
    CallSid::parse(&sid("CA", n)).unwrap()
}

/// The event that begins the `n`th call, where no server is asked for its TwiML.
pub fn placed(n: u32, agent: &User) -> Event {
    let direct = Direct {
        agent: Some(agent.identity()),
        from: CALLER_ID.into(),
        to: "+966569705616".into(),
        attempt: None,
    };
    Event::ours(&call_sid(n), Fact::Placed(direct), clock::now())
}

/// The SID of its customer's leg.
pub fn child_of(call: &CallSid) -> CallSid {
    CallSid::parse(&call.as_str().replacen("CA0", "CAc", 1)).unwrap()
}

/// The SID of its recording.
pub fn recording_of(call: &CallSid) -> String {
    call.as_str().replacen("CA", "RE", 1)
}
