//! What `/setup` asks for: for administrators only.

use crate::{
    pages::setup_rows,
    server::{auth::guard::Administrator, clock, error::Result, locale, setup, state::AppState},
};
use axum::{
    extract::{Form, State},
    http::HeaderMap,
    response::{Html, Redirect},
};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Agreed {
    /// Which plan was shown.
    plan: String,
    /// On which page: the one that comes whole has it.
    wait: Option<String>,
}

/// `POST /api/setup/fix`: changes the TwiML App as it was shown, and goes back to where the result is told.
pub async fn fix(
    State(state): State<AppState>,
    Administrator(user): Administrator,
    headers: HeaderMap,
    Form(agreed): Form<Agreed>,
) -> Result<Redirect> {
    setup::mend::accept(&state, &user, &agreed.plan, locale::of(&headers)).await?;
    Ok(Redirect::to(match agreed.wait {
        Some(_) => "/setup?wait",
        None => "/setup",
    }))
}

/// `POST /api/setup/test-again`: the checklist from its beginning.
pub async fn test_again(
    State(state): State<AppState>,
    Administrator(user): Administrator,
) -> Result<Redirect> {
    setup::test_again(&state, clock::now()).await?;
    tracing::info!(user = user.id, "the test checklist begins anew");
    Ok(Redirect::to("/setup#test"))
}

/// `GET /setup/checklist`: its rows alone, for the page to follow them.
pub async fn checklist(
    State(state): State<AppState>,
    Administrator(_): Administrator,
    headers: HeaderMap,
) -> Result<Html<String>> {
    let checklist = setup::checklist(&state, clock::now()).await?;
    Ok(Html(setup_rows(locale::of(&headers), &state, &checklist)))
}
