//! From the text of a setting to its value, or to a line that says what it should have been.

use super::{ConfigError, DatabaseUrl, Secret, SignalingHost, wrong};
use crate::server::security;
use std::{fmt, fs, net::SocketAddr};
use url::Url;

pub(super) fn optional(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter_map(optional)
}

/// In quotation marks, unless it may hold a password.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('@') {
        "what is written there (not shown, since it may hold a password)".to_owned()
    } else {
        format!("{text:?}")
    }
}

pub(super) fn secret(
    name: &'static str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Secret>, ConfigError> {
    let from_file = env(&format!("{name}_FILE"))
        .filter(|path| !path.is_empty())
        .map(|path| {
            fs::read_to_string(&path).map_err(|error| {
                wrong(
                    name,
                    format!("cannot read {path}, which {name}_FILE names: {error}"),
                )
            })
        });
    let text = match from_file {
        Some(text) => Some(text?),
        None => env(name),
    };
    Ok(text.as_deref().and_then(optional).map(Secret::new))
}

pub(super) fn sid<T, E: fmt::Display>(
    name: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ConfigError> {
    optional(text)
        .map(parse)
        .transpose()
        .map_err(|problem| wrong(name, problem))
}

pub(super) fn number(
    name: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, ConfigError> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| range.contains(n))
        .ok_or_else(|| {
            wrong(
                name,
                format!(
                    "{text:?} is not a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
            )
        })
}

pub(super) fn boolean(name: &'static str, text: &str) -> Result<bool, ConfigError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(wrong(name, format!("{text:?} is neither true nor false"))),
    }
}

pub(super) fn public_url(text: &str, listen_addr: SocketAddr) -> Result<Url, ConfigError> {
    let text = match optional(text) {
        Some(text) => text.trim_end_matches('/').to_owned(),
        None => format!("http://localhost:{}", listen_addr.port()),
    };
    let url = Url::parse(&text).map_err(|error| {
        wrong(
            "PUBLIC_URL",
            format!("{} is not a URL: {error}", quoted(&text)),
        )
    })?;
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !bare {
        return Err(wrong(
            "PUBLIC_URL",
            format!(
                "{} is not of the form https://host[:port][/path]",
                quoted(&text)
            ),
        ));
    }
    Ok(url)
}

pub(super) fn database_url(text: &str) -> Result<DatabaseUrl, ConfigError> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DatabaseUrl::Postgres(Secret::new(text)));
    }
    match text
        .strip_prefix("sqlite://")
        .or_else(|| text.strip_prefix("sqlite:"))
    {
        Some(path) if !path.is_empty() => Ok(DatabaseUrl::Sqlite(path.into())),
        _ => Err(wrong(
            "DATABASE_URL",
            "begins neither with sqlite:// nor with postgres://",
        )),
    }
}

pub(super) fn signaling_host(text: &str) -> Result<SignalingHost, ConfigError> {
    let (authority, plain) = match text.strip_prefix("ws://") {
        Some(rest) => (rest, true),
        None => (text.strip_prefix("wss://").unwrap_or(text), false),
    };
    let url = Url::parse(&format!("http://{authority}/"))
        .ok()
        .filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty())
        .ok_or_else(|| {
            wrong(
                "TWILIO_SIGNALING_HOST",
                format!("{text:?} is not HOST:PORT"),
            )
        })?;
    if plain && !security::is_loopback(&url) {
        return Err(wrong(
            "TWILIO_SIGNALING_HOST",
            "ws:// is for loopback hosts only; elsewhere write HOST:PORT, which means wss:",
        ));
    }
    Ok(SignalingHost {
        authority: authority.trim_end_matches('/').to_owned(),
        plain,
    })
}
