//! A whole server for a test: its own port, database and archive; and the two who talk to it, Twilio and a signed-in person.

use almasar::{
    domain::{
        sid::CallSid,
        user::{Role, User},
    },
    server::{
        auth, clock,
        config::{Config, Secret, Settings},
        serve::{self, Running},
        twilio::signature,
    },
};
use clap::Parser;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const CALLER_ID: &str = "+15005550006";
pub const AUTH_TOKEN: &str = "a token of the tests";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

pub struct TestApp {
    pub running: Running,
    pub base: String,
    /// Removed with the test.
    _dir: TempDir,
    http: reqwest::Client,
}

/// Somebody who is signed in.
pub struct Person {
    pub user: User,
    cookie: String,
    base: String,
    http: reqwest::Client,
}

pub async fn spawn_app() -> TestApp {
    spawn_app_with(&[]).await
}

/// With further flags of `almasar serve`.
pub async fn spawn_app_with(flags: &[&str]) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let database = format!("sqlite://{}", dir.path().join("data/almasar.db").display());
    let recordings = format!("file://{}", dir.path().join("recordings").display());
    let ours = [
        ("--public-url", base.as_str()),
        ("--database-url", &database),
        ("--recordings-url", &recordings),
        ("--twilio-account-sid", ACCOUNT),
        ("--twilio-api-key", "SK00000000000000000000000000000001"),
        (
            "--twilio-twiml-app-sid",
            "AP00000000000000000000000000000001",
        ),
        ("--twilio-caller-id", CALLER_ID),
        // Nobody listens there: what needs Twilio's REST API has to cope.
        ("--twilio-api-base-url", "http://127.0.0.1:9"),
    ];
    let line = std::iter::once("almasar")
        .chain(ours.into_iter().flat_map(|(name, value)| [name, value]))
        .chain(flags.iter().copied());
    let settings = Line::parse_from(line).settings;
    let secrets = |name: &str| {
        matches!(name, "TWILIO_AUTH_TOKEN" | "TWILIO_API_SECRET").then(|| AUTH_TOKEN.to_owned())
    };
    let config = Config::build(&settings, &secrets).unwrap();
    let running = serve::start(config, listener).await.unwrap();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    TestApp {
        running,
        base,
        _dir: dir,
        http,
    }
}

impl TestApp {
    /// A user of that role, signed in.
    pub async fn sign_in(&self, name: &str, role: Role) -> Person {
        let email = format!("{name}@example.com");
        let (user, password) =
            auth::add_user(&self.running.state.store, &email, role, None, clock::now())
                .await
                .unwrap();
        let body = serde_json::json!({ "email": email, "password": password }).to_string();
        let login = self
            .http
            .post(format!("{}/api/auth/login", self.base))
            .header(header::CONTENT_TYPE, "application/json");
        let response = login
            .header(header::ORIGIN, &self.base)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let cookie = response.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        Person {
            user,
            cookie,
            base: self.base.clone(),
            http: self.http.clone(),
        }
    }

    /// A request of Twilio's, rightly signed.
    pub async fn twilio(&self, path: &str, params: &[(&str, &str)]) -> Response {
        let params = of_our_account(params);
        let signature = signature::sign(
            &Secret::new(AUTH_TOKEN),
            &format!("{}{path}", self.base),
            &params,
        );
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
        let mut request = self.http.post(format!("{}{path}", self.base)).form(params);
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
        assert!(
            response.headers()[header::CONTENT_TYPE]
                .to_str()
                .unwrap()
                .starts_with("text/xml")
        );
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
        let sid = call.as_str().replace("CA", "RE");
        let params = [
            ("CallSid", call.as_str()),
            ("RecordingSid", &sid),
            ("RecordingStatus", status),
            ("RecordingChannels", "2"),
            ("RecordingDuration", "7"),
        ];
        let response = self.twilio("/api/calls/webhook/recording", &params).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }

    /// Somebody of whom nothing is known: no cookie, no origin.
    pub fn stranger(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// How many calls are stored.
    pub async fn count_calls(&self) -> usize {
        self.running
            .state
            .store
            .changes_since(0, 1000)
            .await
            .unwrap()
            .len()
    }
}

impl Person {
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        parsed(response).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, &self.base)
    }
}

pub async fn parsed(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn of_our_account(params: &[(&str, &str)]) -> Vec<(String, String)> {
    let ours = ("AccountSid".to_owned(), ACCOUNT.to_owned());
    std::iter::once(ours)
        .chain(
            params
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        )
        .collect()
}

/// The `n`th call of a test.
pub fn call_sid(n: u32) -> CallSid {
    CallSid::parse(&format!("CA{n:032x}")).unwrap()
}

/// The SID of its customer's leg.
pub fn child_of(call: &CallSid) -> CallSid {
    CallSid::parse(&call.as_str().replacen("CA0", "CAc", 1)).unwrap()
}
