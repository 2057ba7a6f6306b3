//! Sign-in, sign-out, and the choice of language: JSON for programs, plain forms for pages without JavaScript.

use crate::{
    i18n::Locale,
    server::{
        auth::{self, SignIn, session},
        clock,
        error::{Error, Result},
        locale,
        state::AppState,
    },
};
use axum::{
    Json, RequestExt,
    extract::{ConnectInfo, Form, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, SameSite, SignedCookieJar};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use url::form_urlencoded;

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
    next: Option<String>,
}

/// JSON `{email, password}`: 204, 401, or 429 after too many. A form: 303 to `next`, or back with the error.
pub async fn login(
    State(state): State<AppState>,
    jar: SignedCookieJar,
    request: Request,
) -> Result<Response> {
    let is_form = is_form(request.headers());
    let address = client_address(&request);
    let given: Credentials = match is_form {
        true => request.extract::<Form<_>, _>().await?.0,
        false => request.extract::<Json<_>, _>().await?.0,
    };
    let next = own_path(given.next.as_deref());
    let back = |error| {
        Redirect::to(&format!("/login?error={error}&next={}", encoded(next))).into_response()
    };
    let (email, now) = (&given.email, clock::now());
    let user = match auth::sign_in(&state, email, &given.password, address, now).await? {
        SignIn::Welcome(user) => user,
        SignIn::Wrong => {
            tracing::warn!(email = %email.escape_debug(), "sign-in refused");
            return match is_form {
                true => Ok(back("credentials")),
                false => Err(Error::unauthorized(
                    "The e-mail address or the password is wrong",
                )),
            };
        }
        SignIn::TooMany { wait_secs } => {
            tracing::warn!(email = %email.escape_debug(), ?address, "sign-in refused: too many were wrong");
            return Ok(match is_form {
                true => back("throttled"),
                false => too_many(wait_secs),
            });
        }
    };
    tracing::info!(user = user.id, "signed in");
    let jar = session::begin(&state, &user, jar, now).await?;
    match is_form {
        true => Ok((jar, Redirect::to(next)).into_response()),
        false => Ok((jar, StatusCode::NO_CONTENT).into_response()),
    }
}

fn too_many(wait_secs: u64) -> Response {
    let mut response =
        Error::too_many_requests("Too many attempts were wrong. Wait a little, then try again")
            .into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, wait_secs.into());
    response
}

/// Where a request comes from. A proxy on this machine says so itself, after whatever the client may have claimed before it; nobody
/// else is believed.
fn client_address(request: &Request) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Some(forwarded.filter(|_| peer.is_loopback()).unwrap_or(peer))
}

/// Ends the session: 204, or 303 to the login page for a form.
pub async fn logout(
    State(state): State<AppState>,
    jar: SignedCookieJar,
    headers: HeaderMap,
) -> Result<Response> {
    let jar = session::end(&state, jar).await?;
    match is_form(&headers) {
        true => Ok((jar, Redirect::to("/login")).into_response()),
        false => Ok((jar, StatusCode::NO_CONTENT).into_response()),
    }
}

#[derive(Deserialize)]
pub struct Choice {
    locale: String,
    next: Option<String>,
}

/// Keeps the chosen language in a cookie for a year, and goes back.
pub async fn choose_locale(
    State(state): State<AppState>,
    Form(choice): Form<Choice>,
) -> Result<Response> {
    let chosen = match locale::named(&choice.locale) {
        Some(Locale::ar) => "ar",
        Some(Locale::en) => "en",
        None => return Err(Error::bad_request("locale is ar or en")),
    };
    let cookie = Cookie::build((locale::COOKIE, chosen))
        .path("/")
        .same_site(SameSite::Lax)
        .http_only(true)
        .secure(state.config.is_https())
        .build();
    let cookie = format!("{cookie}; Max-Age=31536000");
    let mut response = Redirect::to(own_path(choice.next.as_deref())).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

/// A path of ours, so that no link can send somebody who signs in to another site.
pub(super) fn own_path(next: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.is_ascii()
            && path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
    };
    next.filter(ours).unwrap_or("/mobile-call")
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_and_only_in_its_own_words() {
        let address = |peer: &str, forwarded: &[&str]| {
            let peer: SocketAddr = peer.parse().expect("an address");
            let mut request = Request::builder().extension(ConnectInfo(peer));
            for value in forwarded {
                request = request.header("x-forwarded-for", *value);
            }
            let request = request.body(Body::empty()).expect("a request");
            client_address(&request).map(|address| address.to_string())
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(address("192.0.2.7:5", &["198.51.100.1"]), is("192.0.2.7"));
        assert_eq!(address("127.0.0.1:5", &[]), is("127.0.0.1"));
        assert_eq!(
            address("127.0.0.1:5", &["10.0.0.1, 192.0.2.7"]),
            is("192.0.2.7")
        );
        assert_eq!(
            address("[::1]:5", &["10.0.0.1", "2001:db8::1"]),
            is("2001:db8::1")
        );
        assert_eq!(address("127.0.0.1:5", &["nonsense"]), is("127.0.0.1"));
    }

    #[test]
    fn after_sign_in_one_comes_back_to_a_page_of_ours_only() {
        assert_eq!(own_path(Some("/history?cursor=1")), "/history?cursor=1");
        for next in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:1",
            "/a\r\nb",
            "",
        ] {
            assert_eq!(own_path(Some(next)), "/mobile-call", "{next}");
        }
        assert_eq!(own_path(None), "/mobile-call");
    }
}
