//! Recordings for people: played, drawn, looked for.

use super::auth::{is_form, own_path};
use crate::{
    domain::{sid::CallSid, view::FetchProgress},
    server::{
        auth::guard::SignedIn,
        error::{Error, Result},
        recordings::{heard, serve, sync},
        state::AppState,
        twilio::TwilioError,
    },
};
use axum::{
    Json, RequestExt,
    body::Body,
    extract::{Form, Path, Query, Request, State},
    http::{HeaderMap, Response, header},
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub struct Play {
    download: Option<String>,
}

/// `GET /api/calls/{sid}/recording`: the audio, with Range; `?download=1` to keep it.
pub async fn play(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Path(sid): Path<String>,
    Query(play): Query<Play>,
    headers: HeaderMap,
) -> Result<Response<Body>> {
    let call = call_sid(&sid)?;
    let recording = serve::find(&state, &user, &call).await?;
    let download = play.download.is_some_and(|value| value == "1");
    let response = serve::play(
        &state,
        &recording,
        serve::Request {
            headers: &headers,
            download,
        },
    )
    .await?;
    tracing::info!(
        user = user.id,
        call.sid = recording.call_sid,
        download,
        status = response.status().as_u16(),
        "recording played"
    );
    if heard::begins(&headers, response.status()) {
        heard::note(&state, &user, &call);
    }
    Ok(response)
}

/// `GET /api/calls/{sid}/waveform`: `{channels: [[0–255, …], …], agent_channel}`.
pub async fn waveform(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    Path(sid): Path<String>,
) -> Result<impl IntoResponse> {
    let recording = serve::find(&state, &user, &call_sid(&sid)?).await?;
    let waveform = recording
        .waveform
        .ok_or_else(|| Error::not_found("There is no picture of this recording yet"))?;
    let channels: Vec<Vec<u8>> = serde_json::from_str(&waveform).map_err(anyhow::Error::from)?;
    let body =
        json!({ "channels": channels, "agent_channel": recording.agent_channel.unwrap_or(1) });
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Json(body)))
}

#[derive(Deserialize)]
struct Back {
    next: Option<String>,
}

/// `POST /api/calls/recordings/fetch`: `{checked, added}`, or for a form 303 to `next` with both in its query, or with `fetch=failed`. What was begun goes
/// on when whoever asked is gone: pressed again, it would begin anew.
pub async fn fetch(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    request: Request,
) -> Result<axum::response::Response> {
    let next = match is_form(request.headers()) {
        true => Some(request.extract::<Form<Back>, _>().await?.0.next),
        false => None,
    };
    let begun = {
        let state = state.clone();
        state
            .tasks
            .clone()
            .spawn(async move { sync::fetch_missing(&state, Some(&user)).await })
    };
    let fetched = begun.await.map_err(anyhow::Error::from)?.map_err(explained);
    let Some(next) = next else {
        return Ok(Json(fetched?).into_response());
    };
    let said = match fetched {
        Ok(FetchProgress { checked, added, .. }) => format!("checked={checked}&added={added}"),
        Err(_) => "fetch=failed".into(),
    };
    let path = own_path(next.as_deref());
    let sign = if path.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{path}{sign}{said}")).into_response())
}

/// Twilio's own fault is told as such.
fn explained(error: anyhow::Error) -> Error {
    match error.downcast_ref::<TwilioError>() {
        Some(TwilioError::NotConfigured) => {
            Error::unavailable("Twilio is not set up yet, so it cannot be asked for recordings")
        }
        Some(twilio) => {
            tracing::warn!(error = %twilio, "Fetch Recordings failed");
            Error::bad_gateway(twilio.to_string())
        }
        None => Error::Internal(error),
    }
}

fn call_sid(text: &str) -> Result<CallSid> {
    CallSid::parse(text).map_err(|_| Error::bad_request("That is no call's SID"))
}
