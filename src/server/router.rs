//! Every URL, on one screen.

use super::{error, overload, routes::*, security, site, state::AppState, vitals};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, cors::CorsLayer,
    limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};

/// Twilio gives up after 15 seconds: what is not stored by then had better be refused, so that it is sent again.
const TWILIOS_PATIENCE: Duration = Duration::from_secs(14);

pub fn router(state: AppState) -> Router {
    // Twilio's: each handler asks for a `SignedForm`, which limits, reads and verifies the body.
    let twilio = Router::new()
        .route("/api/calls/twiml/outbound", post(twiml::outbound))
        .route("/api/calls/twiml/bridge", post(twiml::bridge))
        .route("/api/calls/twiml/after-dial", post(twiml::after_dial))
        .route("/api/calls/webhook/status", post(webhooks::status))
        .route("/api/calls/webhook/recording", post(webhooks::recording))
        .route("/api/calls/webhook/echo", post(webhooks::echo))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TWILIOS_PATIENCE,
        ))
        .route_layer(from_fn(vitals::timed));

    let admitted = || from_fn_with_state(state.clone(), overload::admit);

    // Answers that last, or that must not be compressed or timed.
    let streams = Router::new()
        .route("/api/calls/events", get(events::stream))
        .route("/api/calls/recordings/fetch", post(recordings::fetch));
    let admitted_streams = Router::new()
        .route("/api/calls/{sid}/recording", get(recordings::play))
        .route("/setup", get(pages::setup))
        .layer(admitted());

    let people = Router::new()
        .route("/api/auth/login", post(auth::login))
        .route("/api/auth/logout", post(auth::logout))
        .route("/api/calls", get(calls::list).post(calls::make))
        .route("/api/calls/token", get(token::token))
        .route("/api/calls/diagnostics", post(calls::diagnostics))
        .route("/api/calls/{sid}", get(calls::one))
        .route("/api/calls/{sid}/waveform", get(recordings::waveform))
        .route("/api/setup/fix", post(setup::fix))
        .route("/api/setup/test-again", post(setup::test_again))
        .route("/setup/checklist", get(setup::checklist))
        .route("/app/calls", get(rows::rows))
        .route("/app/locale", post(auth::choose_locale))
        .route("/app/{*function}", any(pages::server_functions))
        .route("/", get(pages::home))
        .route("/login", get(pages::login))
        .route("/mobile-call", get(pages::mobile_call))
        .route("/history", get(pages::history))
        .fallback(pages::not_found)
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(30),
        ))
        .layer(admitted());

    let operators = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));

    people
        .merge(streams)
        .merge(admitted_streams)
        .layer(from_fn_with_state(state.clone(), overload::come_back))
        .layer(from_fn(overload::read_body))
        .layer(RequestBodyLimitLayer::new(64 * 1024))
        .layer(from_fn_with_state(state.clone(), security::same_origin))
        .layer(cors(&state))
        .layer(from_fn_with_state(state.clone(), security::explain_cors))
        .merge(twilio)
        .merge(operators)
        .merge(site::files(&state.config))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(error::problems))
        .layer(from_fn_with_state(state.clone(), security::headers))
        .with_state(state)
}

/// What `FRONTEND_URL` names may call the API with our cookie.
fn cors(state: &AppState) -> CorsLayer {
    let origins: Vec<HeaderValue> = state
        .config
        .frontend_origins
        .iter()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::CONTENT_TYPE,
            header::RANGE,
            HeaderName::from_static("last-event-id"),
        ])
        .max_age(Duration::from_secs(600))
}
