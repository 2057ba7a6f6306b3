//! Requests to the application: signed, timed out and retried as Twilio does it.
//! Source for `#ct=…&rt=…&tt=…&rc=…&rp=…`: Twilio's "Webhooks connection overrides" page.

mod overrides;

use std::time::{Duration, Instant};

use reqwest::Client;
use serde::Serialize;

use crate::sid::Sid;
use crate::signature::sign;
use overrides::Overrides;

/// What a webhook is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A request for TwiML.
    Voice,
    /// Progress of a dialled leg, or of a call made by REST.
    Status,
    /// `<Dial action>`.
    Dial,
    /// A recording's events.
    Recording,
    /// The TwiML App's status callback.
    AppStatus,
}

impl Kind {
    /// As the control API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Status => "status",
            Self::Dial => "dial",
            Self::Recording => "recording",
            Self::AppStatus => "app-status",
        }
    }
}

/// A request to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What it is about.
    pub kind: Kind,
    /// Which leg it is about.
    pub call: Sid,
    /// Where to, connection overrides in the fragment.
    pub url: String,
    /// GET instead of POST.
    pub get: bool,
    /// The parameters.
    pub params: Vec<(String, String)>,
}

/// What the application answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, or empty.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReply {
    /// The URL is none.
    BadUrl,
    /// Nobody there.
    Connect(String),
    /// Nothing came in time.
    Timeout,
    /// It came to nothing otherwise.
    Broken(String),
}

impl NoReply {
    /// Twilio's error code.
    pub fn code(&self) -> u32 {
        match self {
            Self::BadUrl => 11100,
            Self::Connect(_) | Self::Timeout => 11205,
            Self::Broken(_) => 11200,
        }
    }
}

impl std::fmt::Display for NoReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadUrl => f.write_str("Invalid URL format"),
            Self::Connect(why) => write!(f, "HTTP connection failure: {why}"),
            Self::Timeout => f.write_str("HTTP connection failure: no response in time"),
            Self::Broken(why) => write!(f, "HTTP retrieval failure: {why}"),
        }
    }
}

/// One attempt, as the control API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Its number in order of sending, over all webhooks.
    pub n: usize,
    /// When it was sent, RFC 3339.
    pub at: String,
    /// What it was about.
    pub kind: Kind,
    /// Which leg.
    pub call_sid: Sid,
    /// `POST` or `GET`.
    pub method: &'static str,
    /// Where to, without the fragment.
    pub url: String,
    /// What was sent.
    pub params: std::collections::BTreeMap<String, String>,
    /// Its signature.
    pub signature: String,
    /// 1, 2 … for retries.
    pub attempt: u32,
    /// A fault's doing: it was not sent at all.
    pub dropped: bool,
    /// What was answered.
    pub status: Option<u16>,
    /// The first 4,000 characters of the answer.
    pub body: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// Sends webhooks.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
}

impl Sender {
    /// A sender that goes straight to where it is told, past any proxy.
    pub fn new() -> reqwest::Result<Self> {
        let client = Self::client(overrides::CONNECT)?;
        Ok(Self { client })
    }

    fn client(connect: Duration) -> reqwest::Result<Client> {
        Client::builder()
            .no_proxy()
            .user_agent("TwilioProxy/1.1")
            .connect_timeout(connect)
            .build()
    }

    /// Sends, retries as the URL asks, and reports every attempt.
    pub async fn send(
        &self,
        webhook: &Webhook,
        auth_token: &str,
        mut report: impl FnMut(Attempt),
    ) -> Result<Reply, NoReply> {
        let overrides = Overrides::parse(&webhook.url);
        // The connect time-out belongs to a client; the usual one is at hand.
        let client = if overrides.connect == overrides::CONNECT {
            self.client.clone()
        } else {
            Self::client(overrides.connect).unwrap_or_else(|_| self.client.clone())
        };
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let left = overrides.total.saturating_sub(started.elapsed());
            let (mut seen, outcome) =
                attempt_once(&client, webhook, auth_token, &overrides, left).await;
            seen.attempt = attempt;
            report(seen);
            let again = attempt <= overrides.retries
                && overrides.retries(&outcome)
                && started.elapsed() < overrides.total;
            if !again {
                return outcome;
            }
            attempt += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn attempt_once(
    client: &Client,
    webhook: &Webhook,
    auth_token: &str,
    overrides: &Overrides,
    left: Duration,
) -> (Attempt, Result<Reply, NoReply>) {
    let mut seen = Attempt::unsent(webhook);
    let started = Instant::now();
    let outcome = match target(webhook) {
        None => Err(NoReply::BadUrl),
        Some(url) => {
            let params: &[(String, String)] = if webhook.get { &[] } else { &webhook.params };
            seen.signature = sign(auth_token, &url, params);
            seen.url.clone_from(&url);
            let request = match webhook.get {
                true => client.get(&url),
                false => client
                    .post(&url)
                    .header(
                        "content-type",
                        "application/x-www-form-urlencoded; charset=UTF-8",
                    )
                    .body(encode(params)),
            };
            let request = request
                .header("x-twilio-signature", &seen.signature)
                .header("accept", "*/*")
                .timeout(overrides.read.min(left));
            read(request).await
        }
    };
    seen.duration_ms = started.elapsed().as_millis() as u64;
    match &outcome {
        Ok(reply) => {
            seen.status = Some(reply.status);
            seen.body = Some(reply.body.chars().take(4_000).collect());
        }
        Err(error) => seen.error = Some(error.to_string()),
    }
    (seen, outcome)
}

impl Attempt {
    /// What is known before it is sent.
    pub fn unsent(webhook: &Webhook) -> Self {
        Self {
            n: 0,
            at: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
                .to_string(),
            kind: webhook.kind,
            call_sid: webhook.call.clone(),
            method: if webhook.get { "GET" } else { "POST" },
            url: webhook.url.split('#').next().unwrap_or_default().to_owned(),
            params: webhook.params.iter().cloned().collect(),
            signature: String::new(),
            attempt: 1,
            dropped: false,
            status: None,
            body: None,
            error: None,
            duration_ms: 0,
        }
    }
}

/// Form encoding, in the order given.
pub fn encode(params: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

/// The URL that is asked, and signed: without its fragment; a GET's parameters are in its query.
fn target(webhook: &Webhook) -> Option<String> {
    let base = webhook.url.split('#').next()?;
    let parsed = url::Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    if !webhook.get {
        return Some(base.to_owned());
    }
    let joint = if parsed.query().is_some() { '&' } else { '?' };
    Some(format!("{base}{joint}{}", encode(&webhook.params)))
}

async fn read(request: reqwest::RequestBuilder) -> Result<Reply, NoReply> {
    let response = request.send().await.map_err(no_reply)?;
    let status = response.status().as_u16();
    let content_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = response.text().await.map_err(no_reply)?;
    Ok(Reply {
        status,
        content_type,
        body,
    })
}

fn no_reply(error: reqwest::Error) -> NoReply {
    if error.is_timeout() {
        NoReply::Timeout
    } else if error.is_connect() {
        NoReply::Connect(root_cause(&error))
    } else if error.is_builder() {
        NoReply::BadUrl
    } else {
        NoReply::Broken(root_cause(&error))
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_is_neither_asked_nor_signed() {
        let webhook = Webhook {
            kind: Kind::Voice,
            call: Sid::from("CA1"),
            url: "http://a.example/x?y=1#rc=2".into(),
            get: false,
            params: vec![],
        };
        assert_eq!(target(&webhook).as_deref(), Some("http://a.example/x?y=1"));
        let get = Webhook {
            get: true,
            params: vec![("A".into(), "b c&d".into())],
            ..webhook.clone()
        };
        assert_eq!(
            target(&get).as_deref(),
            Some("http://a.example/x?y=1&A=b+c%26d")
        );
        assert_eq!(
            target(&Webhook {
                url: "/relative".into(),
                ..webhook
            }),
            None
        );
    }
}
