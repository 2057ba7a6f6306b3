//! Calls as JSON.

use crate::{
    domain::{sid::CallSid, view::CallView},
    server::{
        auth::guard::SignedIn,
        calls::{
            diagnostics, history,
            history::{CallDetail, Filter, Page},
            make,
        },
        error::{Error, Result},
        state::AppState,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// `GET /api/calls`
pub async fn list(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Json<Page>> {
    let filter = Filter::parse(
        query.as_deref().unwrap_or_default(),
        &state.config.time_zone,
    )?;
    history::list(&state, &user, &filter).await.map(Json)
}

/// `GET /api/calls/{sid}`
pub async fn one(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Path(sid): Path<String>,
) -> Result<Json<CallDetail>> {
    let sid = CallSid::parse(&sid).map_err(|error| Error::bad_request(error.to_string()))?;
    history::one(&state, &user, &sid)
        .await?
        .map(Json)
        .ok_or_else(|| Error::not_found("You have no such call"))
}

#[derive(Deserialize)]
struct Wanted {
    to: String,
}

/// `POST /api/calls`: `makeCall`
pub async fn make(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    body: Bytes,
) -> Result<(StatusCode, Json<CallView>)> {
    let Wanted { to } = read(&body)?;
    Ok((
        StatusCode::CREATED,
        Json(make::make(&state, &user, &to).await?),
    ))
}

/// `POST /api/calls/diagnostics`: 204, or 201 with the SID of the record that was made.
pub async fn diagnostics(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    body: Bytes,
) -> Result<Response> {
    Ok(
        match diagnostics::keep(&state, &user, read(&body)?).await? {
            Some(sid) => (StatusCode::CREATED, Json(json!({ "sid": sid }))).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
    )
}

/// JSON, whatever the request calls it.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::bad_request(format!(
            "The body is not the JSON that is asked for: {error}"
        ))
    })
}
