//! The history, as a page shows it first; the stream of changes goes on from there.

use crate::{
    components::call_list::PAGE,
    domain::{user::User, view::CallView},
    server::{
        calls::history::{self, Filter},
        state::AppState,
    },
};
use leptos::prelude::{expect_context, use_context};

/// What the call list needs. `calls` is `None` when they could not be read: the page says so and offers again.
pub struct Loaded {
    pub calls: Option<Vec<CallView>>,
    pub next_cursor: Option<String>,
    /// IANA name of `TIME_ZONE`.
    pub zone: String,
    /// `RECORD_CALLS`
    pub recorded: bool,
}

/// A page of the signed-in user's history, from `cursor` on, or the newest.
pub async fn load(cursor: Option<String>) -> Loaded {
    let state = expect_context::<AppState>();
    let user = use_context::<User>();
    let filter = Filter { cursor, limit: PAGE.into(), ..Filter::default() };
    let page = match user {
        Some(user) => history::list(&state, &user, &filter).await.map_err(|error| tracing::error!(%error, "the history could not be read")).ok(),
        None => None,
    };
    let (calls, next_cursor) = page.map_or((None, None), |page| (Some(page.calls), page.next_cursor));
    let zone = state.config.time_zone.iana_name().unwrap_or("UTC").to_owned();
    Loaded { calls, next_cursor, zone, recorded: state.config.record_calls }
}
