//! What browsers are told to allow, and which origins may ask.

use super::{clock, config::Config, error::Error, refusals::Reason, site, state::AppState};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::IpAddr;
use url::{Host, Url};

/// The content security policy of a page: nothing but our own, Twilio's gateway, and scripts that carry this response's nonce.
/// After the Voice SDK's README, and `leptos::nonce`.
pub fn content_security_policy(config: &Config, nonce: &str) -> String {
    let connect = match &config.twilio.signaling_host {
        Some(host) => format!(
            "{}://{}",
            if host.plain { "ws" } else { "wss" },
            host.authority
        ),
        // Once connected, the SDK prefers the edge and the home region that the gateway names, so one host will not do.
        None => format!("https://*.twilio.com wss://*.twilio.com {TWILIO_MEDIA}"),
    };
    let media = if config.twilio.signaling_host.is_some() {
        ""
    } else {
        TWILIO_MEDIA
    };
    let reload = match site::is_watched() {
        true => format!(" ws://*:{}", site::RELOAD_PORT),
        false => String::new(),
    };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' mediastream: blob: {media}; \
         connect-src 'self' {connect}{reload}; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

const TWILIO_MEDIA: &str = "https://media.twiliocdn.com https://sdk.twilio.com";

/// `Permissions-Policy`. No other program sends just this, which is how the doctor knows our answers.
pub const PERMISSIONS: &str = "microphone=(self), speaker-selection=(self), screen-wake-lock=(self), camera=(), geolocation=()";

/// Headers that every response carries.
pub async fn headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    set(header::CACHE_CONTROL, "no-store");
    if state.config.is_https() {
        set(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
    response
}

/// Refuses a change that another site asks for in our user's name. A form posts without any preflight, so CORS alone does not help.
/// Browsers say where a request comes from in `Sec-Fetch-Site` and `Origin`; a client that says neither is no browser and has no cookie
/// that somebody else could make it send.
pub async fn same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || is_ours(&state.config, request.headers()) {
        return next.run(request).await;
    }
    note_origin(&state, request.headers());
    Error::forbidden(
        "This request comes from another site. If that site is yours, name it in FRONTEND_URL",
    )
    .into_response()
}

/// Says why a browser will not let a page of another origin see our answer: the browser itself tells only its console. What changes
/// something and comes without a preflight is refused, and noted, by [`same_origin`].
pub async fn explain_cors(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let asks = match *request.method() {
        Method::OPTIONS => headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        Method::GET | Method::HEAD => headers.contains_key(header::ORIGIN),
        _ => false,
    };
    if asks && !is_ours(&state.config, headers) {
        note_origin(&state, headers);
    }
    next.run(request).await
}

fn note_origin(state: &AppState, headers: &HeaderMap) {
    let origin = headers
        .get(header::ORIGIN)
        .map_or("unknown".into(), |origin| {
            String::from_utf8_lossy(origin.as_bytes())
        });
    tracing::warn!(
        "CORS error from origin {}: to allow it, add it to FRONTEND_URL",
        origin.escape_debug()
    );
    state
        .refusals
        .note(Reason::Origin, &origin, None, clock::now());
}

fn is_ours(config: &Config, headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or("null"))
    };
    let origin = text(header::ORIGIN);
    if origin.is_some_and(|origin| {
        origin == config.origin() || config.frontend_origins.iter().any(|ours| ours == origin)
    }) {
        return true;
    }
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => matches!(site, "same-origin" | "none"),
        // No browser of today; an older one sends Origin with every POST, and its own host with it.
        None => match origin {
            None => true,
            Some(origin) => same_host(origin, text(header::HOST)),
        },
    }
}

fn same_host(origin: &str, host: Option<&str>) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == host
}

/// Reads one of `FRONTEND_URL`: an origin on the same site as `PUBLIC_URL`. Our cookie is `SameSite=Lax`, so a cross-site page would
/// never be signed in: better refused at start, with the reason, than puzzled over later.
pub fn frontend_origin(text: &str, public_url: &Url) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("{text:?} is not an origin such as https://app.example.com: {error}")
    })?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !bare {
        return Err(format!(
            "{text:?} is not an origin: a scheme, a host and perhaps a port, no path"
        ));
    }
    if url.scheme() != public_url.scheme() || site(&url) != site(public_url) {
        return Err(format!(
            "{text:?} is another site than PUBLIC_URL ({}): browsers would not send the session cookie. Serve both under one domain",
            public_url.origin().ascii_serialization()
        ));
    }
    Ok(url.origin().ascii_serialization())
}

/// The registrable domain (`example.com` of `app.example.com`), or the host where there is none.
fn site(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(psl::domain_str(name).unwrap_or(name).to_owned()),
        address => Some(address.to_string()),
    }
}

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn another_port_or_a_sibling_subdomain_is_the_same_site() {
        assert_eq!(
            frontend_origin("http://localhost:5173", &url("http://localhost:3001")).as_deref(),
            Ok("http://localhost:5173")
        );
        assert!(
            frontend_origin(
                "https://app.example.co.uk",
                &url("https://calls.example.co.uk")
            )
            .is_ok()
        );
    }

    #[test]
    fn another_site_or_scheme_or_a_path_is_refused_with_the_reason() {
        for (origin, ours) in [
            ("https://example.com", "https://example.org"),
            ("https://a.co.uk", "https://b.co.uk"),
            ("http://app.example.com", "https://calls.example.com"),
            ("https://app.example.com/x", "https://calls.example.com"),
            ("app.example.com", "https://calls.example.com"),
        ] {
            assert!(frontend_origin(origin, &url(ours)).is_err(), "{origin}");
        }
    }
}
