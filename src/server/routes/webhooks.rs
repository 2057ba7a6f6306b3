//! Twilio's callbacks: 204 only when what they say is durable.

use super::signed::SignedForm;
use crate::{
    domain::call::Event,
    server::{
        calls::{callbacks, record},
        clock,
        error::{Error, Result},
        state::AppState,
        vitals,
    },
};
use axum::{extract::State, http::StatusCode};

/// The status of a leg.
pub async fn status(
    State(state): State<AppState>,
    SignedForm(params): SignedForm,
) -> Result<StatusCode> {
    keep(&state, callbacks::status(params, clock::now())?).await
}

/// Where a recording stands.
pub async fn recording(
    State(state): State<AppState>,
    SignedForm(params): SignedForm,
) -> Result<StatusCode> {
    keep(&state, callbacks::recording(params, clock::now())?).await
}

async fn keep(state: &AppState, event: Event) -> Result<StatusCode> {
    let heard = vitals::Heard::of(&event);
    record(state, event).await?;
    heard.count();
    Ok(StatusCode::NO_CONTENT)
}

/// From ourselves, by way of `PUBLIC_URL`: proves that it leads to this installation.
pub async fn echo(
    State(state): State<AppState>,
    SignedForm(params): SignedForm,
) -> Result<StatusCode> {
    let legal = |nonce: &&str| {
        (8..=64).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let nonce = params
        .get("Nonce")
        .filter(legal)
        .ok_or_else(|| Error::bad_request("Nonce is 8 to 64 letters and digits"))?;
    state.store.insert_echo(nonce, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
