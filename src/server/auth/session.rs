//! Sessions: a random token in a signed, HttpOnly cookie; the server keeps only its hash, and may end it.

use crate::{
    domain::user::User,
    server::{error::Result, state::AppState},
};
use axum_extra::extract::cookie::{Cookie, SameSite, SignedCookieJar};
use sha2::{Digest, Sha256};

/// A session ends after this much idleness, …
pub const IDLE_MS: i64 = 12 * 60 * 60 * 1000;
/// … and after this long in any case.
pub const ABSOLUTE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// `__Host-` binds the cookie to exactly this host, but needs https.
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-almasar" } else { "almasar" }
}

/// Begins a session: a new token at every log-in.
pub async fn begin(
    state: &AppState,
    user: &User,
    jar: SignedCookieJar,
    now: i64,
) -> Result<SignedCookieJar> {
    let token = random_hex(32);
    state
        .store
        .insert_session(&hash(&token), &user.id, now, now + ABSOLUTE_MS)
        .await?;
    Ok(jar.add(cookie(state, token)))
}

/// Ends the session that the cookie names, and the cookie.
pub async fn end(state: &AppState, jar: SignedCookieJar) -> Result<SignedCookieJar> {
    if let Some(cookie) = jar.get(cookie_name(state.config.is_https())) {
        state.store.delete_session(&hash(cookie.value())).await?;
    }
    Ok(jar.remove(cookie(state, String::new())))
}

/// The user whose session the cookie names, if it is still good.
pub async fn user(state: &AppState, jar: &SignedCookieJar, now: i64) -> Result<Option<User>> {
    match jar.get(cookie_name(state.config.is_https())) {
        Some(cookie) => Ok(state
            .store
            .session_user(&hash(cookie.value()), now, IDLE_MS)
            .await?),
        None => Ok(None),
    }
}

fn cookie(state: &AppState, token: String) -> Cookie<'static> {
    let https = state.config.is_https();
    Cookie::build((cookie_name(https), token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(https)
        .build()
}

fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// `bytes` random bytes, in hexadecimal.
pub fn random_hex(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::fill(&mut random[..]);
    hex(&random)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
