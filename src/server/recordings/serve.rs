//! A recording, to be played: from the archive, or through us from Twilio until it is there.

use super::range::{Asked, asked};
use crate::{
    domain::{
        recording::RecordingStatus,
        sid::{CallSid, RecordingSid},
        user::User,
    },
    server::{
        error::{Error, Result},
        state::AppState,
        store::StoredRecording,
        twilio::TwilioError,
    },
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use futures::TryStreamExt;

/// One who asks for a recording, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub headers: &'a HeaderMap,
    /// To be kept rather than played.
    pub download: bool,
}

/// The recording of that call, if this user may hear it. What is not there and what is another's look the same.
pub async fn find(state: &AppState, user: &User, call: &CallSid) -> Result<StoredRecording> {
    let found = state.store.recording_of_call(call).await?;
    let own = |recording: &StoredRecording| {
        user.role.sees_everybodys_calls()
            || recording.agent_identity.as_deref() == Some(user.identity().as_str())
    };
    found
        .filter(own)
        .ok_or_else(|| Error::not_found("There is no recording of this call"))
}

/// 200, 206, 304 or 416; 404 says why there is nothing to hear.
pub async fn play(
    state: &AppState,
    recording: &StoredRecording,
    request: Request<'_>,
) -> Result<Response<Body>> {
    match recording.status.parse() {
        Ok(RecordingStatus::Completed) => {}
        Ok(RecordingStatus::InProgress | RecordingStatus::Processing) => {
            return Err(Error::not_found(
                "This recording is not ready yet: Twilio is still working on it",
            ));
        }
        Ok(RecordingStatus::Deleted) => {
            return Err(Error::not_found("This recording has been deleted"));
        }
        Ok(RecordingStatus::Failed) => {
            return Err(Error::not_found("Twilio has no audio for this recording"));
        }
        Ok(RecordingStatus::Absent) | Err(_) => {
            return Err(Error::not_found("Nothing was recorded in this call"));
        }
    }
    let mut response = match archived(state, recording, request.headers).await? {
        Some(response) => response,
        None => from_twilio(state, recording, request.headers).await?,
    };
    let disposition = if request.download {
        "attachment"
    } else {
        "inline"
    };
    if let Ok(value) = HeaderValue::from_str(&format!(
        "{disposition}; filename=\"{}.wav\"",
        recording.call_sid
    )) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// `None` when it is not in the archive.
async fn archived(
    state: &AppState,
    recording: &StoredRecording,
    headers: &HeaderMap,
) -> Result<Option<Response<Body>>> {
    let (Some(key), Some(size), Some(sha256)) =
        (&recording.object_key, recording.size, &recording.sha256)
    else {
        return Ok(None);
    };
    let (size, etag) = (
        u64::try_from(size).unwrap_or_default(),
        format!("\"{sha256}\""),
    );
    let answer = |status, length| {
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "audio/wav")
            .header(header::CONTENT_LENGTH, length)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, &etag)
            .header(header::CACHE_CONTROL, "private, no-cache")
    };
    if text(headers, header::IF_NONE_MATCH).is_some_and(|tags| names(tags, &etag)) {
        let response = Response::builder()
            .status(StatusCode::NOT_MODIFIED)
            .header(header::ETAG, &etag);
        return Ok(Some(
            response
                .header(header::CACHE_CONTROL, "private, no-cache")
                .body(Body::empty())
                .map_err(anyhow::Error::from)?,
        ));
    }
    // A part of an older version is of no use to one who says which version they hold.
    let range = text(headers, header::RANGE)
        .filter(|_| text(headers, header::IF_RANGE).is_none_or(|tag| tag == etag));
    let (response, bytes) = match asked(range, size) {
        Asked::Whole => (answer(StatusCode::OK, size), 0..size),
        Asked::Part(part) => {
            let content_range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            (
                answer(StatusCode::PARTIAL_CONTENT, part.end - part.start)
                    .header(header::CONTENT_RANGE, content_range),
                part,
            )
        }
        Asked::Unsatisfiable => {
            let response = answer(StatusCode::RANGE_NOT_SATISFIABLE, 0)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(Some(
                response.body(Body::empty()).map_err(anyhow::Error::from)?,
            ));
        }
    };
    match state.recordings.archive.read(key, bytes).await {
        Ok(Some(stream)) => Ok(Some(
            response
                .body(Body::from_stream(stream))
                .map_err(anyhow::Error::from)?,
        )),
        Ok(None) => {
            tracing::error!(
                recording.sid = recording.sid,
                "an archived recording is not in the archive; playing Twilio's"
            );
            Ok(None)
        }
        // Twilio has it too, until its time is over.
        Err(error) => {
            tracing::warn!(
                recording.sid = recording.sid,
                %error,
                "the archive cannot be read; playing Twilio's"
            );
            Ok(None)
        }
    }
}

async fn from_twilio(
    state: &AppState,
    recording: &StoredRecording,
    headers: &HeaderMap,
) -> Result<Response<Body>> {
    let sid = RecordingSid::parse(&recording.sid).map_err(anyhow::Error::from)?;
    // Passed on only where it is one range: Twilio's own servers see nothing odder than a player's.
    // `If-Range` names what we have not: the whole is always right.
    let range = text(headers, header::RANGE).filter(|_| !headers.contains_key(header::IF_RANGE));
    if matches!(asked(range, u64::MAX), Asked::Unsatisfiable) {
        return Err(Error::range_not_satisfiable(
            "The recording has no such range",
        ));
    }
    let range = range.filter(|range| matches!(asked(Some(range), u64::MAX), Asked::Part(_)));
    let theirs = state.twilio.media(&sid, range).await.map_err(|error| match error {
        error if error.is_not_found() => {
            Error::not_found("Twilio does not have this recording's audio: it is not there yet, or was deleted there")
        }
        TwilioError::NotConfigured => Error::unavailable(error.to_string()),
        error => {
            tracing::warn!(recording.sid = recording.sid, %error, "a recording could not be played from Twilio");
            Error::bad_gateway("The recording could not be had from Twilio. Try again in a moment")
        }
    })?;
    let mut response = Response::builder()
        .status(theirs.status().as_u16())
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::CACHE_CONTROL, "private, no-store");
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::ACCEPT_RANGES,
        header::ETAG,
    ] {
        if let Some(value) = theirs.headers().get(&name) {
            response = response.header(name, value);
        }
    }
    let stream = theirs.bytes_stream().map_err(reqwest::Error::without_url);
    Ok(response
        .body(Body::from_stream(stream))
        .map_err(anyhow::Error::from)?)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Weakly, as `If-None-Match` is compared.
fn names(tags: &str, etag: &str) -> bool {
    tags.trim() == "*"
        || tags
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == etag)
}
