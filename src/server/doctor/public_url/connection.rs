//! Why no connection to `PUBLIC_URL` came about, by what the libraries below say. They say it in words only, which the tests hold.

use super::Found;
use crate::{
    i18n::*,
    server::{config::Config, security::is_loopback},
};
use std::{error::Error, time::Duration};

/// What is wrong with a certificate, with the library's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    Expired,
    NotYetValid,
    /// Made for another host.
    OtherName,
    /// Self-signed, or its issuer is not sent along or not trusted.
    Untrusted,
    Invalid(String),
}

pub(super) fn classify(error: &reqwest::Error, config: &Config, limit: Duration) -> Found {
    if error.is_timeout() {
        return Found::Silent(limit);
    }
    let host = config.public_url.host_str().unwrap_or_default();
    read(&chain(error), host, is_loopback(&config.public_url))
}

fn read(text: &str, host: &str, here: bool) -> Found {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["dns error", "failed to lookup"]) {
        return Found::NoSuchHost(host.to_owned());
    }
    if says(&["certificate"]) {
        return Found::Certificate(if says(&["expired"]) {
            Certificate::Expired
        } else if says(&["notvalidyet", "not valid yet"]) {
            Certificate::NotYetValid
        } else if says(&["notvalidforname", "not valid for name"]) {
            Certificate::OtherName
        } else if says(&[
            "unknownissuer",
            "self-signed",
            "self signed",
            "notrustanchor",
            "causedasendentity",
        ]) {
            Certificate::Untrusted
        } else {
            Certificate::Invalid(text.to_owned())
        });
    }
    if says(&[
        "invalidcontenttype",
        "corrupt message",
        "handshake eof",
        "fatal alert",
    ]) {
        return Found::NoTls(text.to_owned());
    }
    if says(&["connection refused"]) {
        return Found::NobodyListens { here };
    }
    Found::Unreachable(text.to_owned())
}

/// Everything that was said, outermost first, without the URL.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Certificate {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Expired => "certificate-expired",
            Self::NotYetValid => "certificate-not-yet-valid",
            Self::OtherName => "certificate-other-name",
            Self::Untrusted => "certificate-untrusted",
            Self::Invalid(_) => "certificate-invalid",
        }
    }

    pub(super) fn words(&self, locale: Locale) -> &'static str {
        match self {
            Self::Expired => td_string!(locale, doctor.public_url.certificate.expired),
            Self::NotYetValid => td_string!(locale, doctor.public_url.certificate.not_yet_valid),
            Self::OtherName => td_string!(locale, doctor.public_url.certificate.other_name),
            Self::Untrusted => td_string!(locale, doctor.public_url.certificate.untrusted),
            Self::Invalid(_) => td_string!(locale, doctor.public_url.certificate.invalid),
        }
    }

    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::Invalid(text) => Some(text.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_known_by_its_words() {
        let certificate = |text: &str| {
            read(
                &format!("client error (Connect): invalid peer certificate: {text}"),
                "h",
                false,
            )
        };
        for (text, expected) in [
            (
                "certificate expired: verification time 1794000000 (UNIX), but certificate is not valid after 1793000000 (1000000 seconds ago)",
                Certificate::Expired,
            ),
            ("Expired", Certificate::Expired),
            ("NotValidYet", Certificate::NotYetValid),
            (
                "certificate not valid for name \"calls.example.com\"; certificate is only valid for DnsName(\"localhost\")",
                Certificate::OtherName,
            ),
            ("UnknownIssuer", Certificate::Untrusted),
        ] {
            assert_eq!(certificate(text), Found::Certificate(expected), "{text}");
        }
        assert_eq!(
            read(
                "client error (Connect): dns error: failed to lookup address information: Name or service not known",
                "h",
                false
            ),
            Found::NoSuchHost("h".into())
        );
        assert_eq!(
            read(
                "client error (Connect): tcp connect error: Connection refused (os error 111)",
                "h",
                true
            ),
            Found::NobodyListens { here: true }
        );
        assert!(matches!(
            read(
                "client error (Connect): received corrupt message of type InvalidContentType",
                "h",
                false
            ),
            Found::NoTls(_)
        ));
        assert!(matches!(
            read(
                "client error (Connect): tcp connect error: Network is unreachable (os error 101)",
                "h",
                false
            ),
            Found::Unreachable(_)
        ));
    }
}
