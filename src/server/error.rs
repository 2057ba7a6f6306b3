//! One error for every route: the person gets a sentence they can act on and a reference, the log gets everything, once.

use super::store::StoreError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
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
        unavailable => SERVICE_UNAVAILABLE,
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Problem { status, .. } => *status,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::unavailable("The system is busy. Try again in a moment"),
            error => Self::Internal(error.into()),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = match self {
            Self::Problem { title, .. } => {
                json!({ "type": "about:blank", "title": title, "status": status.as_u16() })
            }
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
