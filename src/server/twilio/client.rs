//! Twilio's REST API, of 2010. Every URL is built from `TWILIO_API_BASE_URL`, our account and parsed SIDs: nothing that a request or a
//! callback carries becomes part of one.

use super::{
    error::TwilioError,
    patience::{ATTEMPTS, Patience, announced, repeated_within},
    resources::{Call, CallPage, NewCall, Recording, RecordingPage},
};
use crate::{
    domain::sid::{AccountSid, CallSid, RecordingSid},
    server::config::{Secret, TwilioConfig},
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use url::Url;

pub(super) type Result<T, E = TwilioError> = std::result::Result<T, E>;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(10);
/// How long a media stream may fall silent.
const SILENCE: Duration = Duration::from_secs(20);
/// However long `Retry-After` asks for, where nobody waits.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);
/// A page of 200 recordings is about 200 kB.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;
const PAGE_SIZE: &str = "200";

/// A handle on the API; cheap to clone.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// How often one request is sent at most.
    attempts: u32,
}

pub(super) struct Inner {
    /// For answers of a known, small size: bounded in time as a whole.
    http: reqwest::Client,
    /// For audio: bounded in silence only.
    pub(super) media: reqwest::Client,
    /// Without a trailing slash.
    pub(super) base: Url,
    account: Option<AccountSid>,
    /// In the order to try: an API key can be revoked alone, so it goes first; the auth token is the way back when it has been.
    credentials: Vec<Credentials>,
    /// Until when Twilio has asked to be left alone.
    resting_until: Mutex<Option<Instant>>,
}

/// Which of Twilio's hosts has a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Monitor,
    Voice,
}

/// Basic authentication.
pub(super) struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    pub(super) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.password.expose()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.inner.base.as_str())
            .field("account", &self.inner.account)
            .finish()
    }
}

impl Client {
    /// Fails only when there are no root certificates to be had.
    pub fn new(config: &TwilioConfig) -> Result<Self> {
        let builder = || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("almasar/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .redirect(Policy::none());
            // A proxy that the environment names has no way to what listens here.
            if is_loopback(&config.api_base_url) {
                builder.no_proxy()
            } else {
                builder
            }
        };
        let key = config
            .api_key
            .as_ref()
            .zip(config.api_secret.as_ref())
            .map(|(key, secret)| (key.to_string(), secret));
        let token = config
            .account_sid
            .as_ref()
            .zip(config.auth_token.as_ref())
            .map(|(account, token)| (account.to_string(), token));
        let credentials = [key, token]
            .into_iter()
            .flatten()
            .map(|(user, password)| Credentials {
                user,
                password: password.clone(),
            });
        Ok(Self {
            inner: Arc::new(Inner {
                http: builder().timeout(TOTAL).build()?,
                media: builder().read_timeout(SILENCE).build()?,
                base: config.api_base_url.clone(),
                account: config.account_sid.clone(),
                credentials: credentials.collect(),
                resting_until: Mutex::default(),
            }),
            attempts: ATTEMPTS,
        })
    }

    /// Sends each request once: for those who keep count of the attempts themselves.
    pub fn without_repeats(&self) -> Self {
        Self {
            attempts: 1,
            ..self.clone()
        }
    }

    /// How much longer Twilio wants to be left alone, by the `Retry-After` of a 429 or 503, an hour at most. For those in no hurry: what people
    /// wait for is asked all the same.
    pub fn rest(&self) -> Option<Duration> {
        let until = *self
            .inner
            .resting_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now())
    }

    /// Rings `call.to`. Never repeated unless Twilio says that it did nothing (429), and then only while somebody waits for it, until
    /// `awaited`: nobody is to be rung twice, nor after they have been given up.
    pub async fn create_call(&self, call: &NewCall, awaited: Instant) -> Result<Call> {
        let url = self.inner.url(&self.resource("/Calls.json")?);
        let form = call.form();
        let patience = Patience {
            attempts: self.attempts,
            until: Some(awaited),
        };
        let sent = self
            .send_within(patience, Method::POST, &url, &|request| request.form(&form))
            .await?;
        read(sent).await
    }

    pub async fn fetch_call(&self, sid: &CallSid) -> Result<Call> {
        self.get(&self.resource(&format!("/Calls/{sid}.json"))?, &[])
            .await
    }

    /// The legs that this one dialled, of which one page has more than enough.
    pub async fn children_of(&self, sid: &CallSid) -> Result<Vec<Call>> {
        let query = [("ParentCallSid", sid.as_str()), ("PageSize", PAGE_SIZE)];
        let page: CallPage = self.get(&self.resource("/Calls.json")?, &query).await?;
        // A server that does not know the filter lists everybody's.
        let mut children = page.calls;
        children.retain(|leg| leg.parent_call_sid.as_ref() == Some(sid));
        Ok(children)
    }

    /// Every recording of that leg.
    pub async fn recordings_of(&self, sid: &CallSid) -> Result<Vec<Recording>> {
        let mut recordings = Vec::new();
        let mut page = self
            .recordings_page(
                &self.resource(&format!("/Calls/{sid}/Recordings.json"))?,
                &[("PageSize", PAGE_SIZE)],
            )
            .await?;
        loop {
            recordings.append(&mut page.recordings);
            match page.next {
                Some(next) => page = self.recordings_page(&next, &[]).await?,
                None => return Ok(recordings),
            }
        }
    }

    /// The account's recordings since then, the newest first, a page at a time: go on with [`Client::recordings_after`].
    pub async fn recordings_since(&self, since: Timestamp) -> Result<Page> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.recordings_page(
            &self.resource("/Recordings.json")?,
            &[("DateCreated>", since.as_str()), ("PageSize", PAGE_SIZE)],
        )
        .await
    }

    /// The page after this one.
    pub async fn recordings_after(&self, page: &Page) -> Result<Option<Page>> {
        match &page.next {
            Some(next) => self.recordings_page(next, &[]).await.map(Some),
            None => Ok(None),
        }
    }

    /// Deletes the audio at Twilio. That it was not there is as good.
    pub async fn delete_recording(&self, sid: &RecordingSid) -> Result<()> {
        let path = self.resource(&format!("/Recordings/{sid}.json"))?;
        let url = self.inner.url(&path);
        match self.send(Method::DELETE, &url, &|request| request).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Any resource under the base, by its path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        let url = self.inner.url(path);
        let fill = |request: RequestBuilder| request.query(query);
        read(self.send(Method::GET, &url, &fill).await?).await
    }

    /// As [`Client::get`], from another of Twilio's hosts.
    pub async fn get_from<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let url = self.inner.url_at(service, path);
        let fill = |request: RequestBuilder| request.query(query);
        read(self.send(Method::GET, &url, &fill).await?).await
    }

    /// Asked once, with these credentials and no others; any status is an answer.
    pub(super) async fn once(&self, user: &str, password: &Secret, path: &str) -> Result<Response> {
        let credentials = Credentials {
            user: user.to_owned(),
            password: password.clone(),
        };
        let request = self.inner.http.get(self.inner.url(path));
        Ok(credentials.on(request).send().await?)
    }

    /// Creates or changes a resource, by its path.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&'static str, String)],
    ) -> Result<T> {
        let url = self.inner.url(path);
        let fill = |request: RequestBuilder| request.form(form);
        read(self.send(Method::POST, &url, &fill).await?).await
    }

    /// Is it Twilio itself that is asked, rather than a stand-in for it?
    pub fn is_twilios_own(&self) -> bool {
        is_twilios_own(&self.inner.base)
    }

    /// The path of one of our account's resources: `rest` begins with `/`.
    pub fn resource(&self, rest: &str) -> Result<String> {
        let account = self
            .inner
            .account
            .as_ref()
            .ok_or(TwilioError::NotConfigured)?;
        Ok(format!("/2010-04-01/Accounts/{account}{rest}"))
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    async fn recordings_page(&self, path: &str, query: &[(&str, &str)]) -> Result<Page> {
        let page: RecordingPage = self.get(path, query).await?;
        let recordings = page.recordings.into_iter().filter_map(readable).collect();
        let ours = self.resource("/")?;
        // Twilio names the next page by its path; any other place is not asked.
        let next = page
            .next_page_uri
            .filter(|uri| uri.starts_with(&ours) && !uri.contains(".."));
        Ok(Page { recordings, next })
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        fill: &(dyn Fn(RequestBuilder) -> RequestBuilder + Sync),
    ) -> Result<Response> {
        let patience = Patience {
            attempts: self.attempts,
            until: None,
        };
        self.send_within(patience, method, url, fill).await
    }

    async fn send_within(
        &self,
        patience: Patience,
        method: Method,
        url: &str,
        fill: &(dyn Fn(RequestBuilder) -> RequestBuilder + Sync),
    ) -> Result<Response> {
        let repeatable = method != Method::POST;
        let request = || fill(self.inner.http.request(method.clone(), url));
        let sent = repeated_within(patience, repeatable, || self.inner.authorised(&request));
        accept(sent.await?).await
    }
}

impl Inner {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    /// Twilio's other hosts belong to its own API; with any other base they are asked there, under the same paths.
    fn url_at(&self, service: Service, path: &str) -> String {
        match service {
            _ if !is_twilios_own(&self.base) => self.url(path),
            Service::Monitor => format!("https://monitor.twilio.com{path}"),
            Service::Voice => format!("https://voice.twilio.com{path}"),
        }
    }

    /// Sends with the first credentials that Twilio does not answer 401, or 403 as it does to a restricted key.
    pub(super) async fn authorised(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let mut refused = None;
        for credentials in &self.credentials {
            let response = credentials.on(request()).send().await?;
            self.note_rest(&response);
            if !matches!(
                response.status(),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            ) {
                return Ok(response);
            }
            refused = Some(response);
        }
        refused.ok_or(TwilioError::NotConfigured)
    }

    fn note_rest(&self, response: &Response) {
        let asked_for = match response.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => announced(response),
            _ => None,
        };
        if let Some(rest) = asked_for {
            let until = Instant::now() + rest.min(LONGEST_REST);
            let mut resting_until = self
                .resting_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *resting_until = resting_until.max(Some(until));
        }
    }
}

/// Some of a list, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub recordings: Vec<Recording>,
    next: Option<String>,
}

/// One item that we cannot read does not spoil the page.
fn readable(item: Value) -> Option<Recording> {
    serde_json::from_value(item)
        .inspect_err(|error| tracing::warn!(%error, "Twilio lists a recording that makes no sense"))
        .ok()
}

/// A success as it is; anything else as the error it tells of.
pub(super) async fn accept(response: Response) -> Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = body(response).await.unwrap_or_default();
    Err(TwilioError::refused(status, &body))
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    serde_json::from_slice(&body(response).await?)
        .map_err(|error| TwilioError::Unreadable(error.to_string()))
}

pub(super) async fn body(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(TwilioError::Unreadable(format!(
                "it is larger than {LARGEST_ANSWER} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(crate) fn is_twilios_own(base: &Url) -> bool {
    base.host_str() == Some("api.twilio.com")
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
