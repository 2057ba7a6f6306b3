//! Who has heard which recording, kept in the log of its call.

use crate::{
    domain::{
        call::{Event, Fact},
        sid::CallSid,
        user::User,
    },
    server::{calls::record, clock, state::AppState},
};
use axum::http::{HeaderMap, StatusCode, header};

/// Notes that somebody has begun to listen, once for each person and call. In the background: the sound does not wait for it.
pub fn note(state: &AppState, user: &User, call: &CallSid) {
    let event = Event {
        key: user.id.clone(),
        ..Event::ours(call, Fact::Played, clock::now())
    };
    let (state, call) = (state.clone(), call.clone());
    state.tasks.clone().spawn(async move {
        if let Err(error) = record(&state, event).await {
            tracing::warn!(call.sid = %call, %error, "that a recording was heard could not be stored");
        }
    });
}

/// Does this answer give a recording from its first byte? A player that seeks asks for many parts.
pub fn begins(asked: &HeaderMap, answered: StatusCode) -> bool {
    let range = asked.get(header::RANGE).map(|range| range.as_bytes());
    answered.is_success() && range.is_none_or(|range| range.starts_with(b"bytes=0-"))
}
