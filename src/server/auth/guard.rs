//! Guards: a handler that asks for one of these runs only for those whom it lets in.

use super::session;
use crate::{
    domain::user::User,
    server::{clock, error::Error, state::AppState},
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use axum_extra::extract::cookie::SignedCookieJar;
use leptos::prelude::{ServerFnError, expect_context};

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct SignedIn(pub User);

/// An administrator.
#[derive(Debug, Clone)]
pub struct Administrator(pub User);

impl OptionalFromRequestParts<AppState> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Option<Self>, Error> {
        // Looked up once per request, whoever asks again.
        if let Some(known) = parts.extensions.get::<Option<User>>() {
            return Ok(known.clone().map(SignedIn));
        }
        let jar = SignedCookieJar::from_headers(&parts.headers, state.cookie_key.clone());
        let user = session::user(state, &jar, clock::now()).await?;
        parts.extensions.insert(user.clone());
        Ok(user.map(SignedIn))
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        <Self as OptionalFromRequestParts<AppState>>::from_request_parts(parts, state)
            .await?
            .ok_or_else(|| {
                Error::unauthorized("Sign in first: there is no session, or it has ended")
            })
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Error> {
        let SignedIn(user) =
            <SignedIn as FromRequestParts<AppState>>::from_request_parts(parts, state).await?;
        match user.role.may_set_up() {
            true => Ok(Self(user)),
            false => Err(Error::forbidden("This is for administrators")),
        }
    }
}

/// The signed-in user, inside a server function.
pub async fn api_user() -> Result<User, ServerFnError> {
    let state = expect_context::<AppState>();
    let SignedIn(user) = leptos_axum::extract_with_state(&state).await?;
    Ok(user)
}
