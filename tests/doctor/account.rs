//! A stand-in for Twilio that is right in every way until a test sets it wrong: it knows its credentials, and notes what is written.

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::net::TcpListener;

pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";
pub const KEY: &str = "SK0123456789abcdef0123456789abcdef";
pub const SECRET: &str = "Qm8ZtYw2RkVx5NcHs7PdLf3GjBa9TeUo";
pub const APP: &str = "AP0123456789abcdef0123456789abcdef";
pub const NUMBER: &str = "+15005550006";

/// How the whole API misbehaves.
#[derive(Clone)]
pub enum Mood {
    Well,
    Hangs,
    Answers(u16, &'static str),
}

pub struct Twilio {
    pub mood: Mood,
    /// Paths (by a part of them) that never answer.
    pub silent: Option<&'static str>,
    pub account_sid: &'static str,
    pub token: &'static str,
    pub key: &'static str,
    pub secret: &'static str,
    /// The key belongs to another account.
    pub foreign_key: bool,
    /// The key may not read numbers.
    pub restricted_key: bool,
    pub status: &'static str,
    /// By SID.
    pub apps: BTreeMap<String, Value>,
    pub numbers: Vec<Value>,
    pub verified: Vec<&'static str>,
    pub permitted: Vec<&'static str>,
    pub alerts: Vec<Value>,
    /// No `/v1` at all, as many stand-ins have none.
    pub only_2010: bool,
    /// How far its clock is from ours, in seconds.
    pub ahead_secs: i64,
    /// What was written: method, path and form.
    pub writes: Vec<(String, String, BTreeMap<String, String>)>,
}

#[derive(Clone)]
pub struct Account {
    twilio: Arc<Mutex<Twilio>>,
    url: String,
}

impl Account {
    /// Everything as it should be for a server at `public_url`.
    pub async fn healthy(public_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let twilio = Twilio {
            mood: Mood::Well,
            silent: None,
            account_sid: ACCOUNT,
            token: TOKEN,
            key: KEY,
            secret: SECRET,
            foreign_key: false,
            restricted_key: false,
            status: "active",
            apps: BTreeMap::new(),
            numbers: vec![
                json!({ "phone_number": NUMBER, "capabilities": { "voice": true, "sms": false } }),
            ],
            verified: Vec::new(),
            permitted: vec!["SA"],
            alerts: Vec::new(),
            only_2010: false,
            ahead_secs: 0,
            writes: Vec::new(),
        };
        let account = Self {
            twilio: Arc::new(Mutex::new(twilio)),
            url,
        };
        account.point_app_at(public_url);
        let app = Router::new().fallback(answer).with_state(account.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        account
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn twilio(&self) -> MutexGuard<'_, Twilio> {
        self.twilio.lock().expect("no test failed meanwhile")
    }

    /// The App as the server at this address needs it.
    pub fn point_app_at(&self, public_url: &str) {
        let public_url = public_url.trim_end_matches('/');
        let app = json!({
            "sid": APP,
            "account_sid": ACCOUNT,
            "friendly_name": "Calls",
            "voice_url": format!("{public_url}/api/calls/twiml/outbound"),
            "voice_method": "POST",
            "voice_fallback_url": null,
            "voice_fallback_method": "POST",
            "status_callback": format!("{public_url}/api/calls/webhook/status"),
            "status_callback_method": "POST",
            "sms_url": "https://other.example/sms",
        });
        self.twilio().apps.insert(APP.to_owned(), app);
    }

    pub fn set_app(&self, field: &str, value: &str) {
        self.twilio().apps.get_mut(APP).expect("an App")[field] = json!(value);
    }
}

async fn answer(State(account): State<Account>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 16).await.unwrap_or_default();
    let (method, path) = (parts.method.as_str(), parts.uri.path().to_owned());
    let (mood, silent) = {
        let twilio = account.twilio();
        (twilio.mood.clone(), twilio.silent)
    };
    match mood {
        Mood::Hangs => std::future::pending::<()>().await,
        Mood::Answers(status, text) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, [(header::CONTENT_TYPE, "text/html")], text).into_response();
        }
        Mood::Well => {}
    }
    if silent.is_some_and(|silent| path.contains(silent)) {
        std::future::pending::<()>().await;
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut twilio = account.twilio();
    if method != "GET" {
        twilio
            .writes
            .push((method.into(), path.clone(), form.clone()));
    }
    let (status, body) = twilio.route(method, &path, &form, &parts.headers);
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(twilio.ahead_secs);
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    (status, [(header::DATE, date)], Json(body)).into_response()
}

impl Twilio {
    fn route(
        &mut self,
        method: &str,
        path: &str,
        form: &BTreeMap<String, String>,
        headers: &HeaderMap,
    ) -> (StatusCode, Value) {
        let is = |user: &str, password: &str| {
            let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            headers
                .get(header::AUTHORIZATION)
                .is_some_and(|given| *given == *basic)
        };
        let (by_token, by_key) = (is(self.account_sid, self.token), is(self.key, self.secret));
        let refused = |status: StatusCode, code: u32| {
            (
                status,
                json!({ "code": code, "message": "no", "status": status.as_u16() }),
            )
        };
        let not_found = || refused(StatusCode::NOT_FOUND, 20404);
        if !by_token && !by_key {
            return refused(StatusCode::UNAUTHORIZED, 20003);
        }
        if let Some(rest) = path.strip_prefix("/v1/").filter(|_| !self.only_2010) {
            return match rest.strip_prefix("DialingPermissions/Countries/") {
                Some(country) => ok(
                    json!({ "iso_code": country, "low_risk_numbers_enabled": self.permitted.contains(&country) }),
                ),
                None if rest == "Alerts" => ok(json!({ "alerts": self.alerts, "meta": {} })),
                None => not_found(),
            };
        }
        let Some(rest) = path.strip_prefix(&format!("/2010-04-01/Accounts/{}", self.account_sid))
        else {
            return not_found();
        };
        if by_key && self.foreign_key {
            return not_found();
        }
        if by_key && self.restricted_key {
            return refused(StatusCode::FORBIDDEN, 70051);
        }
        match (method, rest) {
            ("GET", ".json") if by_key => refused(StatusCode::UNAUTHORIZED, 20003),
            ("GET", ".json") => ok(json!({
                "sid": self.account_sid, "friendly_name": "Almasar", "status": self.status, "type": "Full", "auth_token": self.token,
            })),
            ("GET", "/IncomingPhoneNumbers.json") => {
                ok(json!({ "incoming_phone_numbers": self.numbers }))
            }
            ("GET", "/OutgoingCallerIds.json") => {
                let verified: Vec<Value> = self
                    .verified
                    .iter()
                    .map(|number| json!({ "phone_number": number }))
                    .collect();
                ok(json!({ "outgoing_caller_ids": verified }))
            }
            ("GET", "/Applications.json") => {
                ok(json!({ "applications": self.apps.values().collect::<Vec<_>>() }))
            }
            ("POST", "/Applications.json") => {
                let sid = format!("AP{:032x}", self.apps.len() + 0xf00);
                self.apps.insert(sid.clone(), json!({ "sid": sid }));
                (StatusCode::CREATED, self.write(&sid, form))
            }
            (method, rest) => {
                let sid = rest
                    .strip_prefix("/Applications/")
                    .and_then(|rest| rest.strip_suffix(".json"))
                    .unwrap_or_default()
                    .to_owned();
                match (method, self.apps.get(&sid)) {
                    ("GET", Some(app)) => ok(app.clone()),
                    ("POST", Some(_)) => ok(self.write(&sid, form)),
                    _ => not_found(),
                }
            }
        }
    }

    fn write(&mut self, sid: &str, form: &BTreeMap<String, String>) -> Value {
        let app = self.apps.get_mut(sid).expect("an App");
        for (parameter, value) in form {
            let mut field = String::new();
            for c in parameter.chars() {
                if c.is_ascii_uppercase() && !field.is_empty() {
                    field.push('_');
                }
                field.push(c.to_ascii_lowercase());
            }
            app[field] = json!(value);
        }
        app.clone()
    }
}

fn ok(body: Value) -> (StatusCode, Value) {
    (StatusCode::OK, body)
}
