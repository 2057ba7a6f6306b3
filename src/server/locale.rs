//! Which language a request is answered in: the cookie that `locale-switch` sets, else what the browser prefers, else Arabic.

use crate::i18n::Locale;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use std::convert::Infallible;

pub const COOKIE: &str = "locale";

/// The locale of the request, for a handler.
#[derive(Debug, Clone, Copy)]
pub struct Speaks(pub Locale);

impl<S: Sync> FromRequestParts<S> for Speaks {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(of(&parts.headers)))
    }
}

/// The locale of a request.
pub fn of(headers: &HeaderMap) -> Locale {
    cookie(headers)
        .or_else(|| preferred(headers))
        .unwrap_or(Locale::ar)
}

/// `ar` or `en`, also from a longer tag such as `en-GB`.
pub fn named(tag: &str) -> Option<Locale> {
    match tag
        .trim()
        .split(['-', '_'])
        .next()?
        .to_ascii_lowercase()
        .as_str()
    {
        "ar" => Some(Locale::ar),
        "en" => Some(Locale::en),
        _ => None,
    }
}

fn cookie(headers: &HeaderMap) -> Option<Locale> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, value)| named(value))
}

/// The first of `Accept-Language` by weight that we speak (RFC 9110, 12.5.4).
fn preferred(headers: &HeaderMap) -> Option<Locale> {
    let text = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut weighted: Vec<(f32, Locale)> = text
        .split(',')
        .filter_map(|part| {
            let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            Some((weight.trim().parse().ok()?, named(tag)?))
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    weighted.sort_by(|a, b| b.0.total_cmp(&a.0));
    weighted.first().map(|(_, locale)| *locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: header::HeaderName, value: &'static str) -> Locale {
        of(&HeaderMap::from_iter([(
            name,
            header::HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn the_cookie_decides_then_the_browser_then_arabic() {
        assert_eq!(asked(header::COOKIE, "a=b; locale=en"), Locale::en);
        assert_eq!(
            asked(header::ACCEPT_LANGUAGE, "fr, en-GB;q=0.8, ar;q=0.5"),
            Locale::en
        );
        assert_eq!(asked(header::ACCEPT_LANGUAGE, "en;q=0, fr"), Locale::ar);
        assert_eq!(of(&HeaderMap::new()), Locale::ar);
    }
}
