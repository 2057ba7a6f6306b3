//! Twilio's REST API, as much of it as calling needs. One table of routes; who may ask is checked here.

mod applications;
mod calls;
mod monitor;
mod numbers;
mod page;
mod recordings;

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::faults::RestFault;
use crate::simulator::{RestRequest, Shared};

/// A request, taken apart.
pub(crate) struct Ask {
    /// `GET` …
    method: String,
    /// The path as it came.
    path: String,
    /// The query's pairs.
    query: Vec<(String, String)>,
    /// The form's pairs.
    form: Vec<(String, String)>,
    headers: HeaderMap,
}

impl Ask {
    /// The first value of a form field; empty counts as given.
    fn field(&self, name: &str) -> Option<&str> {
        self.form
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a repeated form field. A value with spaces is one value, as with Twilio.
    fn fields(&self, name: &str) -> Vec<String> {
        self.form
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    fn filter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// A refusal in Twilio's own shape.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    code: u32,
    message: String,
}

impl Refused {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            message: message.into(),
        }
    }

    fn not_found(path: &str) -> Self {
        Self::new(
            404,
            20404,
            format!("The requested resource {path} was not found"),
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        let mut response = (self.status, axum::Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Twilio API\""),
            );
        }
        response
    }
}

type Answer = Result<Response, Refused>;

fn ok(body: Value) -> Answer {
    Ok(axum::Json(body).into_response())
}

fn created(body: Value) -> Answer {
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Who is asking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Account,
    ApiKey,
}

/// Every REST request comes through here.
pub async fn serve(State(simulator): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .unwrap_or_else(|_| Bytes::new());
    let query = parts.uri.query().unwrap_or_default();
    let ask = Ask {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        form: url::form_urlencoded::parse(&body).into_owned().collect(),
        headers: parts.headers,
    };
    let index = {
        let mut log = simulator.log();
        let url = if query.is_empty() {
            ask.path.clone()
        } else {
            format!("{}?{query}", ask.path)
        };
        let at = crate::dates::rfc3339(Timestamp::now());
        log.requests.push(RestRequest {
            at,
            method: ask.method.clone(),
            url,
            form: ask.form.clone(),
            status: None,
        });
        log.requests.len() - 1
    };
    let fault = simulator.faults().rest(&ask.method, relative(&ask.path));
    let response = match fault {
        Some(fault) => match misbehave(fault).await {
            Some(response) => response,
            None => answer(&simulator, &ask).await,
        },
        None => answer(&simulator, &ask).await,
    };
    tracing::info!(method = %ask.method, path = %ask.path, "REST: {}", response.status().as_u16());
    if let Some(seen) = simulator.log().requests.get_mut(index) {
        seen.status = Some(response.status().as_u16());
    }
    response
}

async fn answer(simulator: &Shared, ask: &Ask) -> Response {
    match who(simulator, &ask.headers) {
        None => Refused::new(401, 20003, "Authenticate").into_response(),
        Some(who) => route(simulator, ask, who)
            .await
            .unwrap_or_else(IntoResponse::into_response),
    }
}

/// The path within the account, as faults name it.
fn relative(path: &str) -> &str {
    path.strip_prefix("/2010-04-01/Accounts/")
        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
        .unwrap_or(path)
}

async fn misbehave(fault: RestFault) -> Option<Response> {
    tokio::time::sleep(Duration::from_millis(fault.hang_ms)).await;
    let status = StatusCode::from_u16(fault.status).ok()?;
    let code = if status == StatusCode::TOO_MANY_REQUESTS {
        20429
    } else {
        20500
    };
    let mut response = Refused {
        status,
        code,
        message: "a fault that was asked for".to_owned(),
    }
    .into_response();
    if let Some(value) = fault
        .retry_after
        .and_then(|secs| HeaderValue::from_str(&secs.to_string()).ok())
    {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    Some(response)
}

fn who(simulator: &Shared, headers: &HeaderMap) -> Option<Who> {
    let basic = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let given = STANDARD.decode(basic.trim()).ok()?;
    let credentials = simulator.account().credentials.clone();
    let is = |user: &str, password: &str| {
        bool::from(format!("{user}:{password}").as_bytes().ct_eq(&given))
    };
    if is(&credentials.account_sid, &credentials.auth_token) {
        return Some(Who::Account);
    }
    is(&credentials.api_key, &credentials.api_secret).then_some(Who::ApiKey)
}

async fn route(simulator: &Shared, ask: &Ask, who: Who) -> Answer {
    let account_sid = simulator.account().credentials.account_sid.clone();
    let segments: Vec<&str> = ask.path.trim_matches('/').split('/').collect();
    let not_found = || Refused::not_found(&ask.path);
    if segments.first() == Some(&"v1") {
        return monitor::route(simulator, ask, &segments[1..]);
    }
    let ["2010-04-01", rest @ ..] = segments.as_slice() else {
        return Err(not_found());
    };
    // `.json` is part of the last segment's name; without it Twilio would answer XML.
    let mut rest: Vec<&str> = rest.to_vec();
    if let Some(last) = rest.last_mut() {
        *last = last.strip_suffix(".json").unwrap_or(last);
    }
    let ["Accounts", account, rest @ ..] = rest.as_slice() else {
        return Err(not_found());
    };
    if *account != account_sid {
        return Err(not_found());
    }
    match (ask.method.as_str(), rest) {
        // Twilio lets standard API keys at everything but the account itself.
        ("GET", []) if who == Who::ApiKey => Err(Refused::new(401, 20003, "Authenticate")),
        ("GET", []) => ok(numbers::account(simulator)),
        ("GET", ["Calls"]) => calls::list(simulator, ask),
        ("POST", ["Calls"]) => calls::create(simulator, ask),
        ("GET", ["Calls", sid]) => calls::fetch(simulator, ask, sid),
        ("POST", ["Calls", sid]) => calls::update(simulator, ask, sid),
        ("GET", ["Calls", sid, "Recordings"]) => recordings::list(simulator, ask, Some(sid)),
        ("GET", ["Recordings"]) => recordings::list(simulator, ask, None),
        ("GET" | "HEAD", ["Recordings", sid]) => recordings::fetch(simulator, ask, sid),
        ("GET", ["Calls", _, "Recordings", sid]) => recordings::fetch(simulator, ask, sid),
        ("DELETE", ["Recordings", sid] | ["Calls", _, "Recordings", sid]) => {
            recordings::delete(simulator, ask, sid)
        }
        ("GET", ["Applications"]) => applications::list(simulator, ask),
        ("POST", ["Applications"]) => applications::create(simulator, ask),
        ("GET", ["Applications", sid]) => applications::fetch(simulator, ask, sid),
        ("POST", ["Applications", sid]) => applications::update(simulator, ask, sid),
        ("DELETE", ["Applications", sid]) => applications::delete(simulator, ask, sid),
        ("GET", ["IncomingPhoneNumbers"]) => numbers::incoming(simulator, ask),
        ("GET", ["IncomingPhoneNumbers", sid]) => numbers::incoming_one(simulator, ask, sid),
        ("GET", ["OutgoingCallerIds"]) => numbers::caller_ids(simulator, ask),
        _ => Err(not_found()),
    }
}

/// `/2010-04-01/Accounts/AC…`.
fn base(simulator: &Shared) -> String {
    format!(
        "/2010-04-01/Accounts/{}",
        simulator.account().credentials.account_sid
    )
}
