//! The pages: who may open which, and the server functions that they call.

use super::auth::own_path;
use crate::{
    app::{Asked, Page, shell},
    domain::user::User,
    server::{
        auth::guard::SignedIn,
        clock,
        error::{Error, Result},
        locale,
        setup::{self, Examination},
        state::AppState,
    },
};
use axum::{
    RequestExt,
    body::Body,
    extract::{FromRequest, Query, State},
    http::{HeaderValue, Request, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;
use std::collections::HashMap;
use url::form_urlencoded;

/// Somebody asks for a page.
pub struct Visit {
    state: AppState,
    user: Option<User>,
    request: Request<Body>,
}

impl FromRequest<AppState> for Visit {
    type Rejection = Error;

    async fn from_request(mut request: Request<Body>, state: &AppState) -> Result<Self> {
        let user = request
            .extract_parts_with_state::<Option<SignedIn>, _>(state)
            .await?;
        Ok(Self {
            state: state.clone(),
            user: user.map(|SignedIn(user)| user),
            request,
        })
    }
}

pub async fn home() -> Redirect {
    Redirect::to("/mobile-call")
}

pub async fn mobile_call(visit: Visit) -> Response {
    visit.guarded(Page::MobileCall).await
}

pub async fn history(visit: Visit) -> Response {
    visit.guarded(Page::History).await
}

pub async fn setup(visit: Visit) -> Result<Response> {
    match visit.user.clone() {
        Some(user) if user.role.may_set_up() => visit.examined(&user).await,
        Some(_) => Ok(visit.refused(StatusCode::FORBIDDEN).await),
        None => Ok(visit.guarded(Page::Setup).await),
    }
}

pub async fn login(visit: Visit) -> Response {
    match visit.user {
        Some(_) => {
            let query = query_of(&visit.request);
            Redirect::to(own_path(query.get("next").map(String::as_str))).into_response()
        }
        None => visit.render(Page::Login).await,
    }
}

pub async fn not_found(visit: Visit) -> Response {
    match visit.request.uri().path().starts_with("/api/") {
        true => Error::not_found("There is nothing under this address").into_response(),
        false => visit.refused(StatusCode::NOT_FOUND).await,
    }
}

fn query_of(request: &Request<Body>) -> HashMap<String, String> {
    let query = Query::try_from_uri(request.uri());
    query.map(|Query(query)| query).unwrap_or_default()
}

impl Visit {
    /// The page for somebody signed in; everybody else signs in first and comes back.
    async fn guarded(self, page: Page) -> Response {
        if self.user.is_some() {
            return self.render(page).await;
        }
        let next: String = form_urlencoded::byte_serialize(self.wanted().as_bytes()).collect();
        Redirect::to(&format!("/login?next={next}")).into_response()
    }

    /// What is not there and what is not for this user look the same.
    async fn refused(self, status: StatusCode) -> Response {
        let mut response = self.render(Page::NotFound).await;
        *response.status_mut() = status;
        response
    }

    async fn render(self, page: Page) -> Response {
        let (context, _, request) = self.open(page);
        leptos_axum::render_app_async_with_context(context, shell)(request).await
    }

    /// `/setup`, streamed: each check as soon as it is made. With `?wait` whole, when the last is.
    async fn examined(self, user: &User) -> Result<Response> {
        let sheet = setup::sheet(&self.state, user, clock::now()).await?;
        let examination = Examination::begin(&self.state);
        let (open, asked, request) = self.open(Page::Setup);
        let context = move || {
            open();
            provide_context(sheet.clone());
            provide_context(examination.clone());
        };
        let mut page = match asked.finishes_by_script() {
            true => leptos_axum::render_app_to_stream_with_context(context, shell)(request).await,
            false => leptos_axum::render_app_async_with_context(context, shell)(request).await,
        };
        page.headers_mut()
            .insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok(page)
    }

    /// What every page may ask its context for, what was asked, and the request.
    fn open(
        self,
        page: Page,
    ) -> (
        impl Fn() + Clone + Send + Sync + 'static,
        Asked,
        Request<Body>,
    ) {
        let path = self.wanted().to_owned();
        let Self {
            state,
            user,
            request,
        } = self;
        let locale = locale::of(request.headers());
        let query = query_of(&request);
        let asked = Asked {
            page,
            user,
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
        (context, asked, request)
    }

    /// Path and query.
    fn wanted(&self) -> &str {
        let uri = self.request.uri();
        uri.path_and_query().map_or("/", |wanted| wanted.as_str())
    }
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
