//! `GET /api/calls/token`: what the phone in the browser registers with.

use crate::server::{
    auth::guard::SignedIn,
    clock,
    error::{Error, Result},
    state::AppState,
    twilio::token::{AccessToken, TTL_SECS},
};
use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde_json::json;

/// A Voice access token for the signed-in user's own identity. 503 names the variables that are not set.
pub async fn token(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
) -> Result<impl IntoResponse> {
    let missing = state.config.twilio.missing();
    if !missing.is_empty() {
        return Err(Error::unavailable(format!(
            "Calling is not set up: set {}",
            missing.join(", ")
        )));
    }
    let identity = user.identity();
    let token = AccessToken::new(&state.config.twilio, &identity)
        .ok_or_else(|| Error::unavailable("Calling is not set up"))?;
    let now = clock::now();
    let jwt = token
        .to_jwt(now.div_euclid(1000))
        .map_err(anyhow::Error::from)?;
    let expires_at = clock::rfc3339(now + TTL_SECS * 1000);
    Ok((
        [(header::CACHE_CONTROL, "no-store")],
        Json(json!({ "token": jwt, "identity": identity, "expires_at": expires_at })),
    ))
}
