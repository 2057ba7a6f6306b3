//! The pages: who may open which, and the server functions that they call.

use crate::{
    app::{Asked, Page, shell},
    server::{
        auth::guard::SignedIn,
        clock,
        error::Result,
        locale,
        setup::{self, Examination},
        state::AppState,
    },
};
use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderName, HeaderValue, Request, StatusCode},
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

/// Streamed, each check as soon as it is made; with `?wait` whole, when the last is. Neither is compressed: that would gather it again.
pub async fn setup(
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Result<Response> {
    let person = match &user {
        Some(SignedIn(person)) if person.role.may_set_up() => person.clone(),
        Some(_) => {
            let page = render(Page::NotFound, state, user, query, request).await;
            return Ok(with_status(StatusCode::FORBIDDEN, page));
        }
        None => return Ok(guarded(Page::Setup, state, user, query, request).await),
    };
    let sheet = setup::sheet(&state, &person, clock::now()).await?;
    let examination = Examination::begin(&state);
    let (context, asked) = context(Page::Setup, state, user, query, &request);
    let context = move || {
        context();
        provide_context(sheet.clone());
        provide_context(examination.clone());
    };
    let mut response = match asked.finishes_by_script() {
        true => leptos_axum::render_app_to_stream_with_context(context, shell)(request).await,
        false => leptos_axum::render_app_async_with_context(context, shell)(request).await,
    };
    let unbuffered = HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), unbuffered);
    Ok(response)
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
    state: State<AppState>,
    user: Option<SignedIn>,
    query: Query<HashMap<String, String>>,
    request: Request<Body>,
) -> Response {
    let (context, _) = context(page, state, user, query, &request);
    leptos_axum::render_app_async_with_context(context, shell)(request).await
}

/// What every page may ask its context for.
fn context(
    page: Page,
    State(state): State<AppState>,
    user: Option<SignedIn>,
    Query(query): Query<HashMap<String, String>>,
    request: &Request<Body>,
) -> (impl Fn() + Clone + Send + Sync + 'static, Asked) {
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
    let told = asked.clone();
    let context = move || {
        provide_context(state.clone());
        provide_context(locale);
        provide_context(told.clone());
        if let Some(user) = told.user.clone() {
            provide_context(user);
        }
    };
    (context, asked)
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
