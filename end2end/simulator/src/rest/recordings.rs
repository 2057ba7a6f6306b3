//! Recordings and their audio.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Answer, Ask, Refused, base, calls::within, no_content, ok, page::page};
use crate::account::Recording;
use crate::dates::rfc2822;
use crate::faults::take_one;
use crate::recording::to_mono;
use crate::recordings::url;
use crate::simulator::Shared;

fn show(simulator: &Shared, recording: &Recording, base: &str) -> Value {
    let account_sid = base.rsplit('/').next().unwrap_or_default();
    json!({
        "sid": recording.sid,
        "account_sid": account_sid,
        "call_sid": recording.call,
        "conference_sid": null,
        "api_version": "2010-04-01",
        "channels": recording.channels,
        "status": recording.status,
        "source": recording.source,
        "track": "both",
        "duration": recording.duration_secs.map_or("-1".to_owned(), |secs| secs.to_string()),
        "start_time": rfc2822(recording.started),
        "date_created": rfc2822(recording.started),
        "date_updated": rfc2822(recording.updated),
        "price": null,
        "price_unit": "USD",
        "error_code": null,
        "encryption_details": null,
        "media_url": url(simulator, &recording.sid),
        "uri": format!("{base}/Recordings/{}.json", recording.sid),
        "subresource_uris": {},
    })
}

pub(super) fn list(simulator: &Shared, ask: &Ask, call: Option<&str>) -> Answer {
    let base = base(simulator);
    let call = call.or_else(|| ask.filter("CallSid"));
    let found: Vec<Recording> = {
        let account = simulator.account();
        let matches = |recording: &&Recording| {
            call.is_none_or(|call| recording.call.as_str() == call)
                && within(ask, "DateCreated", recording.started)
        };
        account
            .recordings
            .iter()
            .rev()
            .filter(matches)
            .cloned()
            .collect()
    };
    let items = found
        .iter()
        .map(|recording| show(simulator, recording, &base))
        .collect();
    ok(page(ask, "recordings", items))
}

/// `RE….json` is the resource, `RE…`, `RE….wav` and `RE….mp3` the audio.
pub(super) fn fetch(simulator: &Shared, ask: &Ask, name: &str) -> Answer {
    let not_found = || Refused::not_found(&ask.path);
    let (sid, extension) = name.split_once('.').unwrap_or((name, ""));
    let recording = simulator
        .account()
        .recording(sid)
        .cloned()
        .ok_or_else(not_found)?;
    if ask.path.ends_with(".json") {
        return ok(show(simulator, &recording, &base(simulator)));
    }
    // There is no MP3 encoder here: asking for one is answered honestly.
    if !matches!(extension, "" | "wav") {
        return Err(not_found());
    }
    let wav = recording.wav.ok_or_else(not_found)?;
    let truncated = {
        let mut faults = simulator.faults();
        if take_one(&mut faults.recordings.media_not_found) {
            return Err(not_found());
        }
        take_one(&mut faults.recordings.media_truncated)
    };
    // As Twilio: two channels only when asked for.
    let wav = match ask.filter("RequestedChannels") {
        Some("2") => wav,
        _ if recording.channels == 1 => wav,
        _ => to_mono(&wav).map(Bytes::from).map_err(|_| not_found())?,
    };
    Ok(if truncated {
        cut_short(wav)
    } else {
        media(ask, wav)
    })
}

fn media(ask: &Ask, wav: Bytes) -> Response {
    let total = wav.len();
    let range = ask
        .headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse_range(text, total));
    let (status, body) = match range {
        Some(Ok((start, end))) => (StatusCode::PARTIAL_CONTENT, wav.slice(start..end)),
        Some(Err(())) => (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new()),
        None => (StatusCode::OK, wav),
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("audio/x-wav"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let content_range = match range {
        Some(Ok((start, end))) => Some(format!("bytes {start}-{}/{total}", end - 1)),
        Some(Err(())) => Some(format!("bytes */{total}")),
        None => None,
    };
    if let Some(value) = content_range.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    response
}

/// `bytes=a-b`, `bytes=a-`, `bytes=-n` as a half-open range; `None` when it is to be ignored (RFC 9110, 14.2).
fn parse_range(text: &str, total: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    if last.contains(',') {
        return None;
    }
    let (start, end) = match (first, last) {
        ("", last) => (total.saturating_sub(last.parse().ok()?), total),
        (first, "") => (first.parse().ok()?, total),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<usize>().ok()?.saturating_add(1).min(total),
        ),
    };
    Some(if start < end {
        Ok((start, end))
    } else {
        Err(())
    })
}

/// The full length announced, half of it sent, the connection broken.
fn cut_short(wav: Bytes) -> Response {
    let total = wav.len();
    let half = wav.slice(..total / 2);
    let stream =
        futures::stream::iter([Ok(half), Err(std::io::Error::other("cut short by a fault"))]);
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("audio/x-wav"),
    );
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(total));
    response
}

pub(super) fn delete(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let mut account = simulator.account();
    let before = account.recordings.len();
    account
        .recordings
        .retain(|recording| recording.sid.as_str() != sid);
    if account.recordings.len() == before {
        return Err(Refused::not_found(&ask.path));
    }
    no_content()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_has_them() {
        assert_eq!(parse_range("bytes=0-9", 100), Some(Ok((0, 10))));
        assert_eq!(parse_range("bytes=90-", 100), Some(Ok((90, 100))));
        assert_eq!(parse_range("bytes=-10", 100), Some(Ok((90, 100))));
        assert_eq!(parse_range("bytes=50-1000", 100), Some(Ok((50, 100))));
        assert_eq!(parse_range("bytes=100-", 100), Some(Err(())));
        assert_eq!(parse_range("items=0-1", 100), None);
    }
}
