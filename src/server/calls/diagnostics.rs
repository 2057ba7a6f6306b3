//! What the browser saw when a call ended badly, and what that comes to. A call that never reached us is recorded by it.

use super::{attempt, callbacks, history, record_event::record};
use crate::{
    domain::{
        call::{
            Direct, Event, Fact,
            attempt::{LONGEST_MS, NEAR_MS},
        },
        sid::CallSid,
        user::User,
        view::CauseView,
    },
    i18n::Locale,
    server::{
        causes::{self, inquiry, params},
        clock,
        error::{Error, Result},
        state::AppState,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is kept of one finding.
const LONGEST: usize = 4000;

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
    /// Nothing of that call had reached us, and this report made a record of it.
    #[serde(skip)]
    pub made: bool,
    /// Why it ended, where that is known by now.
    pub cause: Option<CauseView>,
}

/// When it was, by our clock; milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    began_at: i64,
    ended_at: i64,
}

/// Keeps the report in the log of its call, or as a failed call where there is none (yet: which it is, is decided as it is written, see
/// `store::attempts`); asks Twilio where that may help, and says why the call ended. An agent looks at the page meanwhile: Twilio gets a
/// second and a half.
pub async fn keep(state: &AppState, user: &User, locale: Locale, report: Report) -> Result<Kept> {
    let now = clock::now();
    let span = span(&report, now);
    let given = report
        .sid
        .as_deref()
        .map(CallSid::parse)
        .transpose()
        .map_err(|error| Error::bad_request(error.to_string()))?;
    if let Some(sid) = &given
        && state.store.call(sid).await?.is_some()
        && history::visible(state, user, sid).await?.is_none()
    {
        return Err(Error::not_found("You have no such call"));
    }
    let identity = user.identity();
    let name = report.findings.get("attempt").and_then(Value::as_str);
    let attempt = name
        .and_then(|name| attempt::sid(&identity, name))
        .or_else(|| attempt::nameless(&identity));
    let Some(leg) = given.or_else(|| attempt.clone()) else {
        return Err(Error::Internal(anyhow::anyhow!("an attempt got no SID")));
    };
    let mut params = reported(&report);
    let key = callbacks::hash(&format!("{params:?}"));
    params.extend(ours(state, user, span));
    let event = Event {
        key,
        params,
        received_at: now,
        ..Event::ours(
            &leg,
            Fact::Unreached {
                direct: direct(state, user, &report.to, attempt),
                began_at: span.began_at,
            },
            span.ended_at,
        )
    };
    let recorded = record(state, event).await?;
    let call = recorded.call;
    let unreached = call.evidence.unreached_at.is_some();
    let sid = call.sid;
    tracing::warn!(call.sid = %sid, user = user.id, known = !unreached, "a browser saw a call end badly");
    if let Some(told) = inquiry::begin(state, &sid) {
        // Late answers come to the page by the stream.
        let _ = tokio::time::timeout(inquiry::PATIENCE, told).await;
    }
    let cause = causes::of(state, &sid, locale, user).await?;
    if !unreached && cause.is_some() {
        state.store.touch(&sid).await?;
    }
    Ok(Kept {
        sid,
        made: unreached && recorded.new,
        cause,
    })
}

/// The report says how long the call lasted and how long ago that was; its own clock may be wrong by hours.
fn span(report: &Report, now: i64) -> Span {
    let millis = |name: &str| {
        let given = report.findings.get(name).and_then(Value::as_f64);
        (given.unwrap_or_default() as i64).clamp(0, LONGEST_MS)
    };
    let ended_at = now - millis("ended_ms_ago");
    Span {
        began_at: ended_at - millis("time_to_hangup_ms"),
        ended_at,
    }
}

/// What we know beside it: where Twilio should have asked, and whether a request of this caller's was turned away meanwhile.
fn ours(state: &AppState, user: &User, span: Span) -> Vec<(String, String)> {
    let from = format!("client:{}", user.identity());
    let refused = state.refusals.call_of(&from, span.began_at - NEAR_MS);
    let refused = refused.map(|signed| {
        let signed = signed.unwrap_or_else(|| "unknown".to_owned());
        (params::REFUSED.to_owned(), signed)
    });
    let url = (params::OURS.to_owned(), inquiry::our_voice_url(state));
    std::iter::once(url).chain(refused).collect()
}

fn direct(state: &AppState, user: &User, to: &str, attempt: Option<CallSid>) -> Direct {
    Direct {
        attempt,
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
