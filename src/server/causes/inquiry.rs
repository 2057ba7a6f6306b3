//! Asks Twilio why a call ended: how the TwiML App stands, what became of the call, which alerts it left. Off the path that Twilio
//! waits on, only where our own record does not explain it, each question with a short limit. The answers go into the call's log.

use super::{
    cause::{cause, is_worth_asking},
    findings::{Findings, params},
};
use crate::{
    domain::{
        call::{Event, Fact},
        sid::CallSid,
        view::CallView,
    },
    server::{
        calls::record,
        clock,
        error::Result,
        state::AppState,
        twilio::{TwilioError, client::Service},
    },
};
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};
use url::Url;

/// How long a page that asks for the cause waits for Twilio: it shows the words within 3 s of the hang-up.
pub const PATIENCE: Duration = Duration::from_millis(1_500);
/// When Twilio is asked, and how long each answer may take: at once for whoever waits, and again when its alerts have come in.
const ATTEMPTS: [(Duration, Duration); 2] = [
    (Duration::ZERO, Duration::from_millis(1_200)),
    (Duration::from_secs(20), Duration::from_secs(8)),
];
/// A storm of failing calls does not become a storm of questions.
const MOST_AT_ONCE: usize = 16;
/// The path of the TwiML App's Voice URL under `PUBLIC_URL`.
const VOICE_PATH: &str = "/api/calls/twiml/outbound";

/// The calls that Twilio is being asked about.
#[derive(Debug, Clone, Default)]
pub struct Inquiries(Arc<Mutex<HashSet<CallSid>>>);

/// One of them, for as long as it lasts.
struct UnderWay {
    inquiries: Inquiries,
    sid: CallSid,
}

impl Inquiries {
    fn enter(&self, sid: &CallSid) -> Option<UnderWay> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (calls.len() < MOST_AT_ONCE && calls.insert(sid.clone())).then(|| UnderWay {
            inquiries: self.clone(),
            sid: sid.clone(),
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let calls = &self.inquiries.0;
        calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.sid);
    }
}

/// Where Twilio should ask for TwiML.
pub fn our_voice_url(state: &AppState) -> String {
    state.config.url(VOICE_PATH)
}

/// Asks in the background, if there is anything to ask. What is returned resolves when the first answers are in the log; `None` when
/// Twilio is being asked already.
pub fn begin(state: &AppState, sid: &CallSid) -> Option<oneshot::Receiver<()>> {
    let under_way = state.inquiries.enter(sid)?;
    let (tell, told) = oneshot::channel();
    let state = state.clone();
    state.tasks.clone().spawn(async move {
        let sid = under_way.sid.clone();
        let stopped = state.shutdown.clone();
        let asking = async {
            let mut tell = Some(tell);
            for (number, (pause, limit)) in (1..).zip(ATTEMPTS) {
                tokio::time::sleep(pause).await;
                let go_on = attempt(&state, &sid, number, limit).await;
                if let Some(tell) = tell.take() {
                    // Whoever waited may have gone.
                    let _ = tell.send(());
                }
                match go_on {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        return tracing::warn!(call.sid = %sid, %error, "why a call ended could not be stored");
                    }
                }
            }
        };
        tokio::select! {
            () = asking => {}
            () = stopped.cancelled() => {}
        }
        drop(under_way);
    });
    Some(told)
}

/// Whether it is worth asking again.
async fn attempt(state: &AppState, sid: &CallSid, number: u8, limit: Duration) -> Result<bool> {
    let Some((call, before)) = findings(state, sid).await? else {
        return Ok(false);
    };
    if !is_worth_asking(&before) || (number == 1 && before.inquired) {
        return Ok(false);
    }
    let answers = ask(state, &call, before.never_asked(), limit).await;
    if answers.is_empty() {
        return Ok(true);
    }
    tracing::info!(call.sid = %sid, ?answers, "asked Twilio why a call ended");
    let mut event = Event::ours(sid, Fact::Inquired, clock::now());
    event.key = format!("inquiry:{number}");
    event.params = answers;
    record(state, event).await?;
    let Some((_, after)) = findings(state, sid).await? else {
        return Ok(false);
    };
    if cause(&before) != cause(&after) {
        state.store.touch(sid).await?;
    }
    Ok(is_worth_asking(&after))
}

async fn findings(state: &AppState, sid: &CallSid) -> Result<Option<(CallView, Findings)>> {
    let Some(call) = state.store.call(sid).await? else {
        return Ok(None);
    };
    let log = state.store.events_of(sid).await?;
    let findings = Findings::of(&call, &log);
    Ok(Some((call, findings)))
}

type Answers = Vec<(String, String)>;

/// All questions at once. What Twilio does not answer in time is left out.
async fn ask(state: &AppState, call: &CallView, with_app: bool, limit: Duration) -> Answers {
    let app = async {
        if with_app {
            app(state, limit).await
        } else {
            Answers::new()
        }
    };
    let status = async {
        answered(limit, state.twilio.fetch_call(&call.sid))
            .await
            .map(|found| (params::STATUS.to_owned(), found.status))
    };
    let (app, status, alerts) = tokio::join!(app, status, alerts(state, call, limit));
    let alerts = (!alerts.is_empty()).then(|| (params::ALERTS.to_owned(), alerts.join(",")));
    app.into_iter().chain(status).chain(alerts).collect()
}

/// The App's settings, as far as they bear on a call from the page. The doctor compares every field, and mends them.
#[derive(Deserialize)]
struct Application {
    voice_url: Option<String>,
    voice_method: Option<String>,
}

/// How the App stands, where it points, and where it should.
async fn app(state: &AppState, limit: Duration) -> Answers {
    let Some(sid) = &state.config.twilio.twiml_app_sid else {
        return Answers::new();
    };
    let Ok(path) = state
        .twilio
        .resource(&format!("/Applications/{}.json", sid.as_str()))
    else {
        return Answers::new();
    };
    let ours = our_voice_url(state);
    let (stands, theirs) = match timeout(limit, state.twilio.get::<Application>(&path, &[])).await {
        Ok(Ok(app)) => {
            let url = app.voice_url.unwrap_or_default();
            let by_get = app
                .voice_method
                .is_some_and(|method| method.eq_ignore_ascii_case("GET"));
            (stands(&url, &ours, by_get), Some(shown(&url)))
        }
        Ok(Err(error)) if error.is_not_found() => ("missing", None),
        Ok(Err(error)) => {
            tracing::info!(%error, "the TwiML App could not be looked at");
            return Answers::new();
        }
        Err(_) => {
            tracing::info!("Twilio did not say in time how the TwiML App stands");
            return Answers::new();
        }
    };
    let theirs = theirs.map(|url| (params::APP_URL.to_owned(), url));
    [
        (params::APP.to_owned(), stands.to_owned()),
        (params::OURS.to_owned(), ours),
    ]
    .into_iter()
    .chain(theirs)
    .collect()
}

fn stands(theirs: &str, ours: &str, by_get: bool) -> &'static str {
    let place = |text: &str| {
        let url = Url::parse(text.trim()).ok()?;
        let host = url.host_str()?.to_owned();
        Some((
            url.scheme().to_owned(),
            host,
            url.port_or_known_default(),
            url.path().to_owned(),
        ))
    };
    match (theirs.trim(), place(theirs), place(ours)) {
        ("", ..) => "empty",
        (_, Some(theirs), Some(ours)) if theirs == ours && by_get => "get",
        (_, Some(theirs), Some(ours)) if theirs == ours => "ours",
        _ => "elsewhere",
    }
}

/// A URL as it may be shown: without the password, the query and the fragment that it may carry.
fn shown(text: &str) -> String {
    let Ok(url) = Url::parse(text.trim()) else {
        return "…".to_owned();
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let whole = format!("{}://{host}{port}{}", url.scheme(), url.path());
    whole.chars().take(200).collect()
}

#[derive(Deserialize)]
struct AlertPage {
    alerts: Vec<Alert>,
}

/// <https://www.twilio.com/docs/usage/monitor-alert>
#[derive(Deserialize)]
struct Alert {
    error_code: String,
    resource_sid: Option<String>,
}

/// The codes of the alerts about this call and its other leg. Twilio filters them by time alone.
async fn alerts(state: &AppState, call: &CallView, limit: Duration) -> Vec<String> {
    let started: Timestamp = call.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let since = Timestamp::from_second(started.as_second() - 60).unwrap_or(started);
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let query = [("StartDate", since.as_str()), ("PageSize", "200")];
    let page = state
        .twilio
        .get_from::<AlertPage>(Service::Monitor, "/v1/Alerts", &query);
    let Some(page) = answered(limit, page).await else {
        return Vec::new();
    };
    let legs = [Some(&call.sid), call.child_sid.as_ref()];
    let ours = |alert: &Alert| {
        let about = alert.resource_sid.as_deref();
        about.is_some() && legs.iter().any(|leg| leg.map(CallSid::as_str) == about)
    };
    let numeric = |code: &String| !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    page.alerts
        .into_iter()
        .filter(ours)
        .map(|alert| alert.error_code)
        .filter(numeric)
        .take(8)
        .collect()
}

async fn answered<T>(
    limit: Duration,
    asking: impl Future<Output = std::result::Result<T, TwilioError>>,
) -> Option<T> {
    match timeout(limit, asking).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) if error.is_not_found() => None,
        Ok(Err(error)) => {
            tracing::info!(%error, "Twilio did not say why a call ended");
            None
        }
        Err(_) => {
            tracing::info!("Twilio did not say in time why a call ended");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://calls.example.com/api/calls/twiml/outbound";

    #[test]
    fn the_app_is_ours_when_it_asks_our_address_and_nowhere_else() {
        for (theirs, by_get, expected) in [
            (OURS, false, "ours"),
            (
                "https://calls.example.com:443/api/calls/twiml/outbound",
                false,
                "ours",
            ),
            (
                "https://CALLS.example.com/api/calls/twiml/outbound#rc=1",
                false,
                "ours",
            ),
            (OURS, true, "get"),
            ("", false, "empty"),
            ("  ", true, "empty"),
            (
                "http://calls.example.com/api/calls/twiml/outbound",
                false,
                "elsewhere",
            ),
            (
                "https://calls.example.com/api/calls/twiml/outbound/",
                false,
                "elsewhere",
            ),
            (
                "https://calls.example.com:8443/api/calls/twiml/outbound",
                false,
                "elsewhere",
            ),
            (
                "https://other.example.com/api/calls/twiml/outbound",
                true,
                "elsewhere",
            ),
            ("nonsense", false, "elsewhere"),
        ] {
            assert_eq!(stands(theirs, OURS, by_get), expected, "{theirs:?}");
        }
    }

    #[test]
    fn a_url_is_shown_without_what_it_may_hide() {
        assert_eq!(
            shown("https://user:secret@other.example.com:8443/voice?token=secret#x"),
            "https://other.example.com:8443/voice"
        );
        assert_eq!(shown("secret"), "…");
        assert_eq!(
            shown(&format!("https://a.example/{}", "x".repeat(500))).len(),
            200
        );
    }
}
