//! Calls as JSON.

use crate::{
    domain::{sid::CallSid, view::CallView},
    server::{
        auth::guard::SignedIn,
        calls::{
            diagnostics::{self, Kept},
            history,
            history::{CallDetail, Filter, Page},
            make,
        },
        error::{Error, Result},
        locale::Speaks,
        state::AppState,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use serde::{Deserialize, de::DeserializeOwned};

/// `GET /api/calls`
pub async fn list(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Speaks(locale): Speaks,
    RawQuery(query): RawQuery,
) -> Result<Json<Page>> {
    let filter = Filter::parse(
        query.as_deref().unwrap_or_default(),
        &state.config.time_zone,
    )?;
    history::list(&state, &user, locale, &filter)
        .await
        .map(Json)
}

/// `GET /api/calls/{sid}`
pub async fn one(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Speaks(locale): Speaks,
    Path(sid): Path<String>,
) -> Result<Json<CallDetail>> {
    let sid = CallSid::parse(&sid).map_err(|error| Error::bad_request(error.to_string()))?;
    history::one(&state, &user, locale, &sid)
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

/// `POST /api/calls/diagnostics`: 200, or 201 when it made a record; the call's SID, and why it ended.
pub async fn diagnostics(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Speaks(locale): Speaks,
    body: Bytes,
) -> Result<(StatusCode, Json<Kept>)> {
    let kept = diagnostics::keep(&state, &user, locale, read(&body)?).await?;
    let status = match kept.made {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, Json(kept)))
}

/// JSON, whatever the request calls it.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::bad_request(format!(
            "The body is not the JSON that is asked for: {error}"
        ))
    })
}
