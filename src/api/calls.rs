//! The history, as a page shows it first; the stream of changes goes on from there.

use crate::{
    components::call_list::PAGE,
    domain::{user::User, view::CallView},
    i18n::Locale,
    server::{
        calls::history::{self, Filter},
        error::Result,
        state::AppState,
    },
};
use leptos::prelude::{expect_context, use_context};

/// What the call list needs. `calls` is `None` when they could not be read: the page says so and offers again.
pub struct Loaded {
    pub calls: Option<Vec<CallView>>,
    pub next_cursor: Option<String>,
    /// Every change up to this one is in `calls`; those after it come by the stream.
    pub change: Option<i64>,
}

/// A page of the signed-in user's history, from `cursor` on, or the newest.
pub async fn load(cursor: Option<String>) -> Loaded {
    let state = expect_context::<AppState>();
    let locale = expect_context::<Locale>();
    let read = match use_context::<User>() {
        Some(user) => read(&state, &user, locale, cursor)
            .await
            .map_err(|error| tracing::error!(%error, "the history could not be read"))
            .ok(),
        None => None,
    };
    match read {
        Some((change, page)) => Loaded {
            calls: Some(page.calls),
            next_cursor: page.next_cursor,
            change: Some(change),
        },
        None => Loaded {
            calls: None,
            next_cursor: None,
            change: None,
        },
    }
}

/// The change is read first: what happens between the two is then told twice rather than never.
async fn read(
    state: &AppState,
    user: &User,
    locale: Locale,
    cursor: Option<String>,
) -> Result<(i64, history::Page)> {
    let change = state.store.newest_change().await?;
    let filter = Filter {
        cursor,
        limit: PAGE.into(),
        ..Filter::default()
    };
    Ok((change, history::list(state, user, locale, &filter).await?))
}
