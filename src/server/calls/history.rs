//! The call history: lists, newest first, in pages; and one call with all that was reported of it.

use super::callbacks::hash;
use crate::{
    domain::{call::Status, phone, sid::CallSid, user::User, view::CallView},
    i18n::Locale,
    server::{
        causes,
        clock::rfc3339,
        error::{Error, Result},
        state::AppState,
        store::{CallQuery, LoggedEvent},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{collections::HashSet, ops::RangeInclusive};

const LIMITS: RangeInclusive<i64> = 1..=200;

/// What to list.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// A user's id.
    pub agent: Option<String>,
    pub statuses: Vec<Status>,
    /// Digits that the number contains.
    pub number: Option<String>,
    /// Milliseconds; started then or later.
    pub since: Option<i64>,
    /// Milliseconds; started before.
    pub until: Option<i64>,
    /// Where the page before this one ended, as it said.
    pub cursor: Option<String>,
    pub limit: i64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            agent: None,
            statuses: Vec::new(),
            number: None,
            since: None,
            until: None,
            cursor: None,
            limit: 50,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    pub calls: Vec<CallView>,
    pub next_cursor: Option<String>,
}

/// A call and its log.
#[derive(Debug, Serialize)]
pub struct CallDetail {
    #[serde(flatten)]
    pub call: CallView,
    pub events: Vec<EventView>,
}

/// What was reported, as it was.
#[derive(Debug, Serialize)]
pub struct EventView {
    pub at: String,
    pub received_at: String,
    pub kind: String,
    pub leg_sid: String,
    pub key: String,
    pub params: Box<RawValue>,
}

impl Filter {
    /// Reads a query string. An unknown name, a name twice (`status` may repeat) or an unknown value is the request's fault; an empty value narrows nothing.
    pub fn parse(query: &str, time_zone: &TimeZone) -> Result<Self> {
        let mut filter = Self::default();
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name != "status" && !seen.insert(name.clone().into_owned()) {
                return Err(Error::bad_request(
                    "a filter other than status was given twice",
                ));
            }
            let value = value.trim();
            let known = matches!(
                &*name,
                "agent" | "status" | "number" | "since" | "until" | "cursor" | "limit"
            );
            if !known {
                return Err(Error::bad_request(
                    "an unknown filter: there are agent, status, number, since, until, cursor and limit",
                ));
            }
            if value.is_empty() {
                continue;
            }
            match &*name {
                "agent" => filter.agent = Some(agent(value)?),
                "status" => filter.statuses.push(status(value)?),
                "number" => filter.number = Some(digits(value)?),
                "since" => filter.since = Some(instant(value, time_zone, "since")?.0),
                "until" => filter.until = Some(instant(value, time_zone, "until")?.1),
                "cursor" => filter.cursor = Some(value.to_owned()),
                _ => filter.limit = limit(value)?,
            }
        }
        Ok(filter)
    }
}

fn agent(text: &str) -> Result<String> {
    let legal = text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if legal {
        Ok(text.to_owned())
    } else {
        Err(Error::bad_request("agent is no user's id"))
    }
}

fn status(text: &str) -> Result<Status> {
    let found = Status::ALL
        .into_iter()
        .find(|status| status.as_str() == text);
    found.ok_or_else(|| Error::bad_request("status is one of initiated, ringing, in-progress, completed, busy, no-answer, failed, canceled"))
}

/// The digits to look for, without the zeros of a local or international prefix, which E.164 lacks.
fn digits(text: &str) -> Result<String> {
    let wrong = || Error::bad_request("number is made of digits");
    let typed = phone::dialled(text).map_err(|_| wrong())?;
    let digits = typed.trim_start_matches('+');
    let significant = digits.trim_start_matches('0');
    match (digits.len(), significant) {
        (0, _) | (33.., _) => Err(wrong()),
        (_, "") => Ok(digits.to_owned()),
        (_, significant) => Ok(significant.to_owned()),
    }
}

/// The first millisecond of what was named, a second or a day, and the first one after it.
fn instant(text: &str, time_zone: &TimeZone, name: &str) -> Result<(i64, i64)> {
    let wrong = || {
        Error::bad_request(format!(
            "{name} is an RFC 3339 time, e.g. 2026-11-22T09:00:00Z, or a date, e.g. 2026-11-22"
        ))
    };
    if text.len() == 10 {
        let date: Date = text.parse().map_err(|_| wrong())?;
        let start = |date: Date| {
            date.to_zoned(time_zone.clone())
                .map(|zoned| zoned.timestamp().as_millisecond())
                .map_err(|_| wrong())
        };
        return Ok((start(date)?, start(date.tomorrow().map_err(|_| wrong())?)?));
    }
    let second = text.parse::<Timestamp>().map_err(|_| wrong())?.as_second();
    Ok((second * 1000, second * 1000 + 1000))
}

fn limit(text: &str) -> Result<i64> {
    let limit = text.parse().ok().filter(|limit| LIMITS.contains(limit));
    limit.ok_or_else(|| Error::bad_request("limit is a whole number from 1 to 200"))
}

/// A page of the calls that this user may see and that match.
pub async fn list(state: &AppState, user: &User, locale: Locale, filter: &Filter) -> Result<Page> {
    let nothing = Ok(Page {
        calls: Vec::new(),
        next_cursor: None,
    });
    let only_own = !user.role.sees_everybodys_calls();
    let agent_identity = match &filter.agent {
        Some(id) if only_own && *id != user.id => return nothing,
        _ if only_own => Some(user.identity()),
        None => None,
        Some(id) => match state.store.user_by_id(id).await? {
            Some(agent) => Some(agent.identity()),
            None => return nothing,
        },
    };
    let after = filter
        .cursor
        .as_deref()
        .map(|cursor| read_cursor(state, cursor))
        .transpose()?;
    let limit = filter.limit.clamp(*LIMITS.start(), *LIMITS.end());
    let query = CallQuery {
        agent_identity,
        statuses: filter.statuses.clone(),
        digits: filter.number.clone(),
        since: filter.since,
        until: filter.until,
        after,
        // One more than is shown tells whether there is a next page.
        limit: limit + 1,
    };
    let mut found = state.store.call_views(&query).await?;
    let more = found.len() as i64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found
        .last()
        .filter(|_| more)
        .map(|(started_at, call)| cursor(state, *started_at, &call.sid));
    let mut calls: Vec<CallView> = found.into_iter().map(|(_, call)| call).collect();
    causes::dress(state, locale, user, &mut calls).await;
    Ok(Page { calls, next_cursor })
}

/// A call with its log; `None` when there is none that this user may see.
pub async fn one(
    state: &AppState,
    user: &User,
    locale: Locale,
    sid: &CallSid,
) -> Result<Option<CallDetail>> {
    let Some(mut call) = visible(state, user, sid).await? else {
        return Ok(None);
    };
    let log = state.store.events_of(sid).await?;
    call.cause = causes::explain(&call, &log, locale, user);
    let events = log
        .into_iter()
        .map(EventView::try_from)
        .collect::<Result<_>>()?;
    Ok(Some(CallDetail { call, events }))
}

/// Of these calls the ones that this user may see, newest first.
pub async fn some(
    state: &AppState,
    user: &User,
    locale: Locale,
    sids: &[CallSid],
) -> Result<Vec<CallView>> {
    let mut calls = Vec::with_capacity(sids.len());
    for sid in sids {
        calls.extend(visible(state, user, sid).await?);
    }
    calls.sort_by(|one, other| other.started_at.cmp(&one.started_at));
    causes::dress(state, locale, user, &mut calls).await;
    Ok(calls)
}

/// A call, if this user may see it.
pub async fn visible(state: &AppState, user: &User, sid: &CallSid) -> Result<Option<CallView>> {
    let call = state.store.call(sid).await?;
    Ok(
        call.filter(|call| {
            user.may_see_call_of(call.agent.as_ref().map(|agent| agent.id.as_str()))
        }),
    )
}

impl TryFrom<LoggedEvent> for EventView {
    type Error = Error;
    fn try_from(event: LoggedEvent) -> Result<Self> {
        Ok(Self {
            at: rfc3339(event.at),
            received_at: rfc3339(event.received_at),
            kind: event.kind,
            leg_sid: event.leg_sid,
            key: event.key,
            params: RawValue::from_string(event.params).map_err(anyhow::Error::from)?,
        })
    }
}

/// The place in the list where a page ended, with a seal: only what we gave out comes back.
fn cursor(state: &AppState, started_at: i64, sid: &CallSid) -> String {
    let place = format!("{started_at}.{sid}");
    URL_SAFE_NO_PAD.encode(format!("{place}.{}", seal(state, &place)))
}

fn read_cursor(state: &AppState, cursor: &str) -> Result<(i64, String)> {
    let wrong = || {
        Error::bad_request("this cursor was not given out by this server: begin at the first page")
    };
    let text = URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(wrong)?;
    let (place, given) = text.rsplit_once('.').ok_or_else(wrong)?;
    if given != seal(state, place) {
        return Err(wrong());
    }
    let (started_at, sid) = place.split_once('.').ok_or_else(wrong)?;
    Ok((started_at.parse().map_err(|_| wrong())?, sid.to_owned()))
}

/// A keyed hash over both ends; the cursor protects nothing, so a plain comparison will do.
fn seal(state: &AppState, place: &str) -> String {
    let key = hash(&format!("cursor {:?}", state.cookie_key.signing()));
    hash(&format!("{key}{place}{key}"))[..16].to_owned()
}
