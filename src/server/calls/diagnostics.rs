//! What the browser saw when a call ended badly. A call that never reached us is recorded by it.

use super::{callbacks, history, record_event::record};
use crate::{
    domain::{
        call::{Direct, Event, Fact},
        sid::CallSid,
        user::User,
    },
    server::{
        auth::session::random_hex,
        clock,
        error::{Error, Result},
        state::AppState,
    },
};
use serde::Deserialize;
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

/// Keeps the report in the log of its call, or as a failed call where there is none: then returns its SID.
pub async fn keep(state: &AppState, user: &User, report: Report) -> Result<Option<CallSid>> {
    let now = clock::now();
    let given = report
        .sid
        .as_deref()
        .map(CallSid::parse)
        .transpose()
        .map_err(|error| Error::bad_request(error.to_string()))?;
    let known = match &given {
        Some(sid) => state.store.call(sid).await?.is_some(),
        None => false,
    };
    if let Some(sid) = given.as_ref().filter(|_| known)
        && history::visible(state, user, sid).await?.is_none()
    {
        return Err(Error::not_found("You have no such call"));
    }
    let sid = match given {
        Some(sid) => sid,
        None => CallSid::parse(&format!("{}{}", CallSid::PREFIX, random_hex(16)))
            .map_err(anyhow::Error::from)?,
    };
    let fact = if known {
        Fact::Noted
    } else {
        Fact::Unreached(direct(state, user, &report.to))
    };
    let params = params(&report);
    let event = Event {
        key: callbacks::hash(&format!("{params:?}")),
        params,
        ..Event::ours(&sid, fact, now)
    };
    record(state, event).await?;
    tracing::warn!(call.sid = %sid, user = user.id, known, "a browser saw a call end badly");
    Ok((!known).then_some(sid))
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

fn params(report: &Report) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short = |text: String| callbacks::clean(&text).chars().take(LONGEST).collect();
    let findings = report
        .findings
        .iter()
        .map(|(name, value)| (short(name.clone()), short(text(value))));
    std::iter::once(("to".to_owned(), short(report.to.clone())))
        .chain(findings)
        .collect()
}
