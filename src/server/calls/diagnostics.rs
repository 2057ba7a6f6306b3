//! What the browser saw when a call ended badly, and what that comes to. A call that never reached us is recorded by it.

use super::{callbacks, history, record_event::record};
use crate::{
    domain::{
        call::{Direct, Direction, Event, Fact},
        phone::PhoneNumber,
        sid::CallSid,
        user::User,
        view::CauseView,
    },
    i18n::Locale,
    server::{
        auth::session::random_hex,
        causes::{self, inquiry, params},
        clock,
        error::{Error, Result},
        state::AppState,
        store::{CallQuery, LoggedEvent},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is kept of one finding.
const LONGEST: usize = 4000;
/// A call whose end is reported without a SID was cut off early.
const LONGEST_CALL_MS: f64 = 10.0 * 60.0 * 1000.0;
/// From the hang-up until the report is here.
const ON_ITS_WAY_MS: i64 = 2_000;

#[derive(Debug, Deserialize)]
pub struct Report {
    /// `None`: the call had none yet.
    sid: Option<String>,
    #[serde(default)]
    to: String,
    #[serde(flatten)]
    findings: Map<String, Value>,
}

/// What became of a report.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// The call that it is about.
    pub sid: CallSid,
    /// Nothing of that call had reached us.
    #[serde(skip)]
    pub made: bool,
    /// Why it ended, where that is known by now.
    pub cause: Option<CauseView>,
}

/// Keeps the report in the log of its call, or as a failed call where there is none; asks Twilio where that may help, and says why the
/// call ended. An agent looks at the page meanwhile: Twilio gets a second and a half.
pub async fn keep(state: &AppState, user: &User, locale: Locale, report: Report) -> Result<Kept> {
    let now = clock::now();
    let given = report
        .sid
        .as_deref()
        .map(CallSid::parse)
        .transpose()
        .map_err(|error| Error::bad_request(error.to_string()))?;
    let (sid, known) = match given {
        Some(sid) => {
            let known = state.store.call(&sid).await?.is_some();
            if known && history::visible(state, user, &sid).await?.is_none() {
                return Err(Error::not_found("You have no such call"));
            }
            (sid, known)
        }
        None => match unnamed(state, user, &report, now).await? {
            Some(sid) => (sid, true),
            None => (made_up()?, false),
        },
    };
    let fact = if known {
        Fact::Noted
    } else {
        Fact::Unreached(direct(state, user, &report.to))
    };
    let mut params = reported(&report);
    let key = callbacks::hash(&format!("{params:?}"));
    params.extend(ours(state, user, &report, now));
    let event = Event {
        key,
        params,
        ..Event::ours(&sid, fact, now)
    };
    record(state, event).await?;
    tracing::warn!(call.sid = %sid, user = user.id, known, "a browser saw a call end badly");
    if let Some(told) = inquiry::begin(state, &sid) {
        // Late answers come to the page by the stream.
        let _ = tokio::time::timeout(inquiry::PATIENCE, told).await;
    }
    let cause = causes::of(state, &sid, locale, user).await?;
    if known && cause.is_some() {
        state.store.touch(&sid).await?;
    }
    Ok(Kept {
        sid,
        made: !known,
        cause,
    })
}

/// A call that the SDK had no SID for, and that reached us all the same: this user's, of the time that the report is about, and not
/// yet reported on.
async fn unnamed(
    state: &AppState,
    user: &User,
    report: &Report,
    now: i64,
) -> Result<Option<CallSid>> {
    let query = CallQuery {
        agent_identity: Some(user.identity()),
        since: Some(began(report, now)),
        limit: 4,
        ..CallQuery::default()
    };
    let to = direct(state, user, &report.to).to;
    for (_, call) in state.store.call_views(&query).await? {
        // Twilio's callbacks name no number when it was never told one.
        let same = call.direction == Direction::Outbound
            && (call.to == to || PhoneNumber::parse_e164(&call.to).is_err());
        let log = state.store.events_of(&call.sid).await?;
        let fresh = |event: &LoggedEvent| !matches!(&*event.kind, "diagnostics" | "made");
        if same && log.iter().all(fresh) {
            return Ok(Some(call.sid));
        }
    }
    Ok(None)
}

/// When the call that the report is about can have begun, at the earliest; milliseconds since 1970.
fn began(report: &Report, now: i64) -> i64 {
    let lasted = report
        .findings
        .get("time_to_hangup_ms")
        .and_then(Value::as_f64)
        .unwrap_or_default();
    now - (lasted.clamp(0.0, LONGEST_CALL_MS) as i64) - ON_ITS_WAY_MS
}

/// What we know beside it: where Twilio should have asked, and whether a request of this caller's was turned away meanwhile.
fn ours(state: &AppState, user: &User, report: &Report, now: i64) -> Vec<(String, String)> {
    let from = format!("client:{}", user.identity());
    let refused = state.refusals.call_of(&from, began(report, now));
    let refused = refused.map(|signed| {
        let signed = signed.unwrap_or_else(|| "unknown".to_owned());
        (params::REFUSED.to_owned(), signed)
    });
    let url = (params::OURS.to_owned(), inquiry::our_voice_url(state));
    std::iter::once(url).chain(refused).collect()
}

fn made_up() -> Result<CallSid> {
    Ok(
        CallSid::parse(&format!("{}{}", CallSid::PREFIX, random_hex(16)))
            .map_err(anyhow::Error::from)?,
    )
}

fn direct(state: &AppState, user: &User, to: &str) -> Direct {
    Direct {
        agent: Some(user.identity()),
        from: state
            .config
            .twilio
            .caller_id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        to: state
            .numbers
            .identify(to)
            .map_or_else(|_| callbacks::party(to), |checked| checked.e164.to_string()),
    }
}

fn reported(report: &Report) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short = |text: String| callbacks::clean(&text).chars().take(LONGEST).collect();
    let findings = report
        .findings
        .iter()
        .filter(|(name, _)| !name.starts_with(params::PREFIX))
        .map(|(name, value)| (short(name.clone()), short(text(value))));
    std::iter::once(("to".to_owned(), short(report.to.clone())))
        .chain(findings)
        .collect()
}
