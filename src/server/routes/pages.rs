//! The pages: who may open which, and the server functions that they call.

use crate::{
    app::{Asked, Page, shell},
    server::{auth::guard::SignedIn, error::Result, locale, state::AppState},
};
use axum::{
    body::Body,
    extract::{Query, State},
    http::{Request, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;
use std::collections::HashMap;
use url::form_urlencoded;

pub async fn home() -> Redirect {
    Redirect::to("/mobile-call")
}

pub async fn mobile_call(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    guarded(Page::MobileCall, state, user, query, request).await
}

pub async fn history(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    guarded(Page::History, state, user, query, request).await
}

pub async fn setup(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    match &user {
        Some(SignedIn(person)) if !person.role.may_set_up() => with_status(
            StatusCode::FORBIDDEN,
            render(Page::NotFound, state, user, query, request).await,
        ),
        _ => guarded(Page::Setup, state, user, query, request).await,
    }
}

pub async fn login(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    match user {
        Some(_) => Redirect::to("/mobile-call").into_response(),
        None => render(Page::Login, state, None, query, request).await,
    }
}

pub async fn not_found(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    if request.uri().path().starts_with("/api/") {
        return crate::server::error::Error::not_found("There is nothing under this address")
            .into_response();
    }
    with_status(
        StatusCode::NOT_FOUND,
        render(Page::NotFound, state, user, query, request).await,
    )
}

/// The page for somebody signed in; everybody else signs in first and comes back.
async fn guarded(
    page: Page,
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    if user.is_some() {
        return render(page, state, user, query, request).await;
    }
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    Redirect::to(&format!("/login?next={next}")).into_response()
}

async fn render(
    page: Page,
    State(state): State<AppState>,
    user: Option<SignedIn>,
    Query(query): Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    let locale = locale::of(request.headers());
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(|| "/".into(), ToString::to_string);
    let asked = Asked {
        page,
        user: user.map(|SignedIn(user)| user),
        query,
        path,
    };
    let context = move || {
        provide_context(state.clone());
        provide_context(locale);
        provide_context(asked.clone());
        if let Some(user) = asked.user.clone() {
            provide_context(user);
        }
    };
    leptos_axum::render_app_async_with_context(context, shell)(request).await
}

fn with_status(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}

/// Server functions. All are for people signed in: whoever is not is turned away here, whatever the function forgets.
pub async fn server_functions(
    State(state): State<AppState>,
    SignedIn(user): SignedIn,
    request: Request<Body>,
) -> Result<Response> {
    let locale = locale::of(request.headers());
    let context = move || {
        provide_context(state.clone());
        provide_context(locale);
        provide_context(user.clone());
    };
    Ok(
        leptos_axum::handle_server_fns_with_context(context, request)
            .await
            .into_response(),
    )
}
