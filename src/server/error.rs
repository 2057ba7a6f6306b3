//! One error for every route: the person gets a sentence they can act on and a reference, the log gets everything, once.

use super::store::StoreError;
use axum::{
    Json,
    extract::{
        Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a route may fail with. Becomes `application/problem+json` (RFC 9457).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request's own fault, in words that say what to change.
    #[error("{title}")]
    Problem { status: StatusCode, title: String },
    /// There is no room at this moment: 503, and worth another try.
    #[error("{0}")]
    Busy(&'static str),
    /// Ours, or that of something we depend on. The person sees only a reference to the log.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

macro_rules! problems {
    ($($name:ident => $status:ident),* $(,)?) => {
        $(pub fn $name(title: impl Into<String>) -> Self {
            Self::Problem { status: StatusCode::$status, title: title.into() }
        })*
    };
}

impl Error {
    problems! {
        bad_request => BAD_REQUEST,
        unauthorized => UNAUTHORIZED,
        forbidden => FORBIDDEN,
        not_found => NOT_FOUND,
        timed_out => REQUEST_TIMEOUT,
        conflict => CONFLICT,
        too_large => PAYLOAD_TOO_LARGE,
        range_not_satisfiable => RANGE_NOT_SATISFIABLE,
        too_many_requests => TOO_MANY_REQUESTS,
        bad_gateway => BAD_GATEWAY,
        gateway_timed_out => GATEWAY_TIMEOUT,
        unavailable => SERVICE_UNAVAILABLE,
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Problem { status, .. } => *status,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy("The system is busy. Try again in a moment"),
            error => Self::Internal(error.into()),
        }
    }
}

/// What an extractor refuses: the status where it says more than that the request is wrong.
macro_rules! rejections {
    ($($rejection:ty),* $(,)?) => {
        $(impl From<$rejection> for Error {
            fn from(rejection: $rejection) -> Self {
                match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(words(StatusCode::PAYLOAD_TOO_LARGE)),
                    status @ StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::Problem { status, title: words(status) },
                    _ => Self::bad_request(rejection.body_text()),
                }
            }
        })*
    };
}

rejections!(JsonRejection, FormRejection);

/// For the API: answers that no handler of ours made (the router's 404 and 405, what extractors and layers refuse, the time-out, a panic)
/// become problems like all the others. What has a body of its own kind stays as it is.
pub async fn problems(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let is_bare = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_api || !is_bare || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let problem = match status {
        StatusCode::INTERNAL_SERVER_ERROR => {
            Error::Internal(anyhow::anyhow!("a handler panicked, or answered nothing"))
        }
        status => Error::Problem {
            status,
            title: words(status),
        },
    };
    let mut response = problem.into_response();
    // `Allow` of a 405, say.
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn words(status: StatusCode) -> String {
    let words = match status {
        StatusCode::BAD_REQUEST => {
            "The request cannot be read: check its address and its parameters"
        }
        StatusCode::NOT_FOUND => "There is nothing under this address",
        StatusCode::METHOD_NOT_ALLOWED => "This address knows no such method: see Allow",
        StatusCode::REQUEST_TIMEOUT => "The request was not sent in time",
        StatusCode::PAYLOAD_TOO_LARGE => "The request is larger than 64 kB",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Send the body as application/json",
        StatusCode::SERVICE_UNAVAILABLE => "The answer took too long. Try again in a moment",
        other => return format!("The request was refused: {other}"),
    };
    words.to_owned()
}

/// Goes with the response to an [`Error::Busy`], for whoever has a better way to say it.
#[derive(Debug, Clone, Copy)]
pub struct IsBusy;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let is_busy = matches!(self, Self::Busy(_));
        let told = |title: &str| json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
        let body = match self {
            Self::Problem { title, .. } => told(&title),
            Self::Busy(title) => told(title),
            Self::Internal(error) => {
                let reference = format!("{:08x}", rand::random::<u32>());
                tracing::error!(error = format!("{error:#}"), reference, "a request failed");
                json!({
                    "type": "about:blank",
                    "title": format!("Something failed on the server. Try again; if it stays, give the administrator this reference: {reference}"),
                    "status": status.as_u16(),
                    "reference": reference,
                })
            }
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if is_busy {
            response.extensions_mut().insert(IsBusy);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
