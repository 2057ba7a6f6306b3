//! Server-Sent Events: every change of a call that the user may see, as it happens, resuming where a broken connection ended.

use crate::server::{
    auth::{guard::SignedIn, session},
    calls::{live::Update, said::Reader},
    causes, clock,
    error::Result,
    locale::Speaks,
    state::AppState,
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, header},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use axum_extra::extract::cookie::SignedCookieJar;
use futures::FutureExt;
use serde::Serialize;
use std::{convert::Infallible, time::Duration};

/// Further behind than this, reading the list anew is cheaper.
const FURTHEST_BEHIND: i64 = 500;
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Pages are told one after the other, in the order that chance gives, a thousand of them in a second: five hundred that all have something
/// to do in the same moment would make Twilio wait for its turn.
const EACH: Duration = Duration::from_millis(1);
const LONGEST_TURN: Duration = Duration::from_millis(500);
/// A stream does not outlive its session, nor a change of role, by more than this.
const SESSION_CHECK: Duration = Duration::from_secs(60);

/// Where the client left off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastSeen {
    /// It has seen nothing yet.
    None,
    Change(i64),
    /// It named something that was never a change.
    Unknown,
}

/// `GET /api/calls/events`
pub async fn stream(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    jar: SignedCookieJar,
    Speaks(locale): Speaks,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let place = state.room.stream()?;
    let reader = Reader::of(&user, locale);
    // First of all, so that nothing falls between what is read now and what is told later.
    let mut listener = state.live.listen(user.clone());
    let turn = state.room.turn().await;
    let newest = state.store.newest_change().await?;
    let mut missed = match last_seen(&headers, query.as_deref()) {
        LastSeen::None => Some(Vec::new()),
        LastSeen::Change(change) if change <= newest => {
            let missed = state
                .store
                .changes_since(change, FURTHEST_BEHIND + 1)
                .await?;
            (missed.len() as i64 <= FURTHEST_BEHIND).then_some(missed)
        }
        LastSeen::Change(_) | LastSeen::Unknown => None,
    };
    if let Some(missed) = &mut missed {
        let views = missed.iter_mut().map(|change| &mut change.view);
        causes::dress(&state, locale, &user, views).await;
    }
    drop(turn);
    let events = async_stream::stream! {
        let _place = place;
        let mut told = newest;
        match missed {
            None => yield reset(newest),
            Some(missed) => {
                for change in missed {
                    told = told.max(change.change);
                    if listener.may_see(&change) {
                        yield Ok(call(change.change, &json(&change.view)));
                    }
                }
                // No event, but from now on the browser knows where to resume.
                yield Ok(Event::default().id(told.to_string()).comment("here"));
            }
        }
        let mut still_signed_in = tokio::time::interval(SESSION_CHECK);
        still_signed_in.reset();
        loop {
            let update = match listener.next().now_or_never() {
                Some(update) => update,
                None => tokio::select! {
                    biased;
                    () = state.shutdown.cancelled() => break,
                    _ = still_signed_in.tick() => {
                        match session::user(&state, &jar, clock::now()).await {
                            Ok(Some(now)) if now == user => continue,
                            _ => break,
                        }
                    }
                    update = listener.next() => {
                        let turn = EACH.saturating_mul(state.room.open_streams()).min(LONGEST_TURN);
                        tokio::select! {
                            () = state.shutdown.cancelled() => break,
                            () = tokio::time::sleep(turn.mul_f64(rand::random())) => update,
                        }
                    }
                },
            };
            match update {
                Some(Update::Call(change)) if change.change > told => {
                    let work_out = || async {
                        let mut view = change.view.clone();
                        causes::dress(&state, locale, &user, [&mut view]).await;
                        json(&view)
                    };
                    let said = state.live.said.once(change.change, reader, work_out).await;
                    yield Ok(call(change.change, &said));
                }
                Some(Update::Call(_)) => {}
                Some(Update::Fetch(progress)) => yield data("fetch", &progress),
                Some(Update::Missed) => match state.store.newest_change().await {
                    Ok(newest) => {
                        told = newest;
                        yield reset(newest);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a stream of changes ended, since it could not be resumed");
                        break;
                    }
                },
                None => break,
            }
        }
    };
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((
        headers,
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)),
    )
        .into_response())
}

/// By the header that a reconnecting browser sends, or the query that a new `EventSource` may carry.
fn last_seen(headers: &HeaderMap, query: Option<&str>) -> LastSeen {
    let header = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or("?").to_owned());
    let given = header.or_else(|| {
        let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        pairs
            .find(|(name, _)| name == "last_event_id")
            .map(|(_, value)| value.into_owned())
    });
    match given.as_deref() {
        None | Some("") => LastSeen::None,
        Some(text) => text
            .parse()
            .ok()
            .filter(|change| *change >= 0)
            .map_or(LastSeen::Unknown, LastSeen::Change),
    }
}

fn call(change: i64, said: &str) -> Event {
    let event = Event::default().event("call").data(said);
    event.id(change.to_string())
}

fn reset(newest: i64) -> std::result::Result<Event, Infallible> {
    Ok(Event::default()
        .event("reset")
        .id(newest.to_string())
        .data("{}"))
}

fn data(name: &str, data: &impl Serialize) -> std::result::Result<Event, Infallible> {
    Ok(Event::default().event(name).data(json(data)))
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned())
}
