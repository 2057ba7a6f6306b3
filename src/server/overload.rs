//! What there is room for. People's requests are turned away, politely and soon, before Twilio's ever wait for them: a page can be loaded again, a
//! call cannot.

use super::{
    config::Config,
    error::{Error, IsBusy, Result},
    locale, site,
    state::AppState,
};
use crate::pages;
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use std::{fs, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// So many of people's requests are worked on at once: four for each connection to the database that reads. (Twilio's have their own.)
const PEOPLE: usize = 32;
/// So many more wait, …
const WAITING: usize = 256;
/// … and for so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many event streams read at once what they missed: after a restart every page comes.
const CATCHING_UP: usize = 4;
/// A person's request is a form or a little JSON.
const LARGEST_BODY: usize = 64 * 1024;
const LONGEST_READ: Duration = Duration::from_secs(10);
/// Files that we may hold open beside connections: the database, the archive, what we ask of Twilio.
const FILES: usize = 256;
const FEWEST_CONNECTIONS: usize = 128;
const MOST_CONNECTIONS: usize = 16_384;
/// What a process may open where its limit cannot be read.
const USUAL_LIMIT: usize = 1024;

/// How much room there is; cheap to clone.
#[derive(Clone)]
pub struct Room {
    /// People's requests that are worked on.
    pub people: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Event streams, which last. They leave a quarter of the connections to everybody else.
    pub streams: Arc<Semaphore>,
    catching_up: Arc<Semaphore>,
    pub connections: Arc<Semaphore>,
    pub most: Most,
}

/// How many places there are in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    pub people: usize,
    pub connections: usize,
}

impl Most {
    fn streams(self) -> usize {
        self.connections / 4 * 3
    }
}

impl Room {
    /// For a process that may open so many files.
    pub fn for_files(files: usize) -> Self {
        let connections = files
            .saturating_sub(FILES)
            .clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS);
        let most = Most {
            people: PEOPLE,
            connections,
        };
        let of = |places| Arc::new(Semaphore::new(places));
        Self {
            people: of(PEOPLE),
            waiting: of(WAITING),
            streams: of(most.streams()),
            catching_up: of(CATCHING_UP),
            connections: of(connections),
            most,
        }
    }

    pub fn of_this_process() -> Self {
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Self::for_files(open_files(&limits).unwrap_or(USUAL_LIMIT))
    }

    /// A place for one of people's requests, which may take a moment to come free.
    async fn person(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(place) = self.people.clone().try_acquire_owned() {
            return Ok(place);
        }
        let waits = self.waiting.try_acquire();
        let waited = async {
            let _waiting = waits.ok()?;
            let place = timeout(PATIENCE, self.people.clone().acquire_owned()).await;
            place.ok()?.ok()
        };
        waited.await.ok_or_else(|| refused("overload"))
    }

    /// How many event streams there are.
    pub fn open_streams(&self) -> u32 {
        let free = self.streams.available_permits();
        self.most.streams().saturating_sub(free) as u32
    }

    /// An event stream's turn to read what it missed. They wait for each other; there are never more of them than places.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.catching_up.clone().acquire_owned().await.ok()
    }

    /// A place for one event stream, for as long as it lasts.
    pub fn stream(&self) -> Result<Stream> {
        let place = self.streams.clone().try_acquire_owned();
        let place = place.map_err(|_| refused("streams"))?;
        metrics::gauge!("almasar_sse_clients").increment(1.0);
        Ok(Stream { _place: place })
    }
}

/// One event stream's place.
#[derive(Debug)]
pub struct Stream {
    _place: OwnedSemaphorePermit,
}

impl Drop for Stream {
    fn drop(&mut self) {
        metrics::gauge!("almasar_sse_clients").decrement(1.0);
    }
}

/// Lets a person's request in when there is room, or answers 503 with `Retry-After`.
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.room.person().await {
        Ok(_place) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// For a browser that opens a page, or sends a form: that there is no room, or that it took too long, becomes a page that comes back by itself.
pub async fn come_back(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let again = navigates(request.headers()).then(|| {
        let locale = locale::of(request.headers());
        (locale, again(&state.config, &request))
    });
    let response = next.run(request).await;
    match again {
        Some((locale, again)) if is_busy(&response) => {
            let stylesheet = site::stylesheet(&state.leptos_options);
            // Not all of them at the same moment.
            let seconds = rand::random_range(2..=5);
            let page = Html(pages::busy(locale, stylesheet, again, seconds));
            let mut response = (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, seconds.into());
            headers.insert(header::CONTENT_SECURITY_POLICY, ITS_POLICY);
            response
        }
        _ => response,
    }
}

const ITS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Refused for want of room, or by the time-out, which says nothing of its own.
fn is_busy(response: &Response) -> bool {
    response.extensions().get::<IsBusy>().is_some()
        || response.status() == StatusCode::SERVICE_UNAVAILABLE
            && !response.headers().contains_key(header::CONTENT_TYPE)
}

/// Does a browser ask that shows the answer as a page?
fn navigates(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    text(header::ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html"))
        && text("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Where to come back to: what was asked for; after a form, the page that it stood on.
fn again(config: &Config, request: &Request) -> String {
    let asked = request.uri().path_and_query();
    let path = if request.method() == Method::GET {
        asked.map(|path| path.as_str())
    } else {
        let referer = request.headers().get(header::REFERER);
        let referer = referer.and_then(|referer| referer.to_str().ok());
        referer.and_then(|referer| referer.strip_prefix(&config.origin()))
    };
    // A path of ours, which `//elsewhere` is not.
    path.filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or("/mobile-call")
        .to_owned()
}

/// Reads a person's body before anything else is done for it, so that who sends slowly takes nobody's place. 408 after ten seconds.
pub async fn read_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(LONGEST_READ, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(bytes)) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Ok(Err(error)) if is_limit(&error) => {
            Error::too_large("The request is larger than 64 kB").into_response()
        }
        Ok(Err(_)) => Error::bad_request("The request ended before its body did").into_response(),
        Err(_) => {
            note("slow");
            Error::timed_out("The request was not sent within 10 seconds").into_response()
        }
    }
}

/// Is this about a body that is larger than it may be?
pub fn is_limit(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn refused(reason: &'static str) -> Error {
    note(reason);
    Error::Busy("Too many people are at it at this moment. Try again in a moment")
}

fn note(reason: &'static str) {
    metrics::counter!("almasar_refusals_total", "reason" => reason).increment(1);
}

/// From `Max open files            1024                 524288               files`: the first number, which is the one that holds.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_process_may_open_bound_its_connections() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files("Max open files unlimited unlimited files"), None);
        for (files, connections) in [(1024, 768), (100, 128), (1_000_000, 16_384)] {
            let room = Room::for_files(files);
            assert_eq!(room.connections.available_permits(), connections);
            assert!(room.streams.available_permits() < connections);
        }
    }

    #[tokio::test]
    async fn whoever_finds_no_place_within_a_second_is_refused() {
        let room = Room::for_files(1024);
        let taken = room
            .people
            .clone()
            .acquire_many_owned(PEOPLE as u32)
            .await
            .expect("places");
        assert!(
            room.person()
                .await
                .is_err_and(|error| error.status() == 503)
        );
        drop(taken);
        assert!(room.person().await.is_ok());
    }

    #[tokio::test]
    async fn a_stream_gives_its_place_back() {
        let room = Room::for_files(1024);
        let _others = room
            .streams
            .clone()
            .try_acquire_many_owned(575)
            .expect("places");
        let last = room.stream().expect("a place");
        assert!(room.stream().is_err_and(|error| error.status() == 503));
        drop(last);
        assert!(room.stream().is_ok());
    }
}
