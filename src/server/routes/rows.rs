//! Rows of the call history as HTML, for the list that a page has open: the browser asks for those that changed and puts them in.

use crate::{
    components::call_list::{self, Manner, PAGE},
    domain::sid::CallSid,
    server::{
        auth::guard::SignedIn,
        calls::history::{self, Filter},
        error::{Error, Result},
        locale,
        state::AppState,
    },
};
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::Html,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Wanted {
    /// Of the headings above the days.
    level: u8,
    /// SIDs with commas between them; without it, the newest page.
    sids: Option<String>,
}

/// `GET /app/calls?level=2&sids=CA…,CA…`. Of a call that this user may not see there is no row.
pub async fn rows(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>> {
    let locale = locale::of(&headers);
    let calls = match &wanted.sids {
        Some(sids) => history::some(&state, &user, locale, &parse(sids)?).await?,
        None => {
            let newest = Filter {
                limit: PAGE.into(),
                ..Filter::default()
            };
            history::list(&state, &user, locale, &newest).await?.calls
        }
    };
    let manner = Manner::of(&state.config, Some(&user), locale, wanted.level);
    Ok(Html(call_list::rows(manner, calls)))
}

fn parse(sids: &str) -> Result<Vec<CallSid>> {
    sids.split(',')
        .take(PAGE as usize)
        .map(|sid| CallSid::parse(sid).map_err(|error| Error::bad_request(error.to_string())))
        .collect()
}
