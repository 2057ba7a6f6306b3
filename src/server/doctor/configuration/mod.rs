//! The configuration: is all of it there, and does each value look like what it should be? No value is ever shown, only what it looks like.

mod fault;
mod reading;
mod shape;

pub use fault::Fault;
pub use reading::{Refused, read};
pub use shape::Shape;

use super::{Check, Finding, Status};
use crate::{
    i18n::*,
    server::{
        config::{Config, s3},
        twilio::client::is_twilios_own,
    },
};
use shape::Value;
use std::collections::BTreeSet;

/// Empty: nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found(pub Vec<Fault>);

/// Which check speaks for a variable.
pub(super) fn owner(variable: &str) -> Check {
    match variable {
        "PUBLIC_URL" => Check::PublicUrl,
        "FRONTEND_URL" => Check::FrontendUrl,
        "DATABASE_URL" => Check::Database,
        "RECORDINGS_URL" => Check::Archive,
        name if s3::VARIABLES.contains(&name) => Check::Archive,
        _ => Check::Configuration,
    }
}

/// The variables without which a check cannot be made. That a variable is not set is each check's own affair: some have defaults.
pub(super) fn needs(check: Check) -> &'static [&'static str] {
    match check {
        Check::Configuration | Check::Disk => &[],
        Check::Twilio
        | Check::Account
        | Check::AuthToken
        | Check::ApiKey
        | Check::Clock
        | Check::Alerts => &["TWILIO_API_BASE_URL", "TWILIO_ACCOUNT_SID"],
        Check::TwimlApp => &[
            "TWILIO_API_BASE_URL",
            "TWILIO_ACCOUNT_SID",
            "PUBLIC_URL",
            "LISTEN_ADDR",
            "TWILIO_TWIML_APP_SID",
        ],
        Check::CallerId => &[
            "TWILIO_API_BASE_URL",
            "TWILIO_ACCOUNT_SID",
            "TWILIO_CALLER_ID",
        ],
        Check::Countries => &[
            "TWILIO_API_BASE_URL",
            "TWILIO_ACCOUNT_SID",
            "ALLOWED_COUNTRIES",
            "DEFAULT_COUNTRY",
        ],
        Check::PublicUrl => &["PUBLIC_URL", "LISTEN_ADDR", "TWILIO_AUTH_TOKEN"],
        Check::FrontendUrl => &["FRONTEND_URL", "PUBLIC_URL"],
        Check::Database => &["DATABASE_URL"],
        // The bucket's variables are this check's own, and refused with it.
        Check::Archive => &["RECORDINGS_URL"],
    }
}

/// Everything about the values that can be said without asking anybody.
pub(super) fn look(config: &Config, refused: &[Refused]) -> Found {
    let named: BTreeSet<&str> = refused.iter().map(|refused| refused.name).collect();
    let mut values: Vec<Value> = values(config)
        .into_iter()
        .filter(|value| !named.contains(value.name))
        .collect();
    values.extend(refused.iter().filter_map(Refused::value));
    let mut faults = shape::faults(&values, is_twilios_own(&config.twilio.api_base_url));

    let explained: BTreeSet<&str> = faults.iter().flat_map(Fault::names).collect();
    faults.extend(
        refused
            .iter()
            .filter(|refused| owner(refused.name) == Check::Configuration)
            .filter(|refused| !explained.contains(refused.name))
            .map(Refused::fault),
    );
    let missing = config.twilio.missing();
    faults.extend(
        missing
            .into_iter()
            .filter(|name| !named.contains(name))
            .map(Fault::Missing),
    );
    let known: BTreeSet<&str> = faults.iter().flat_map(Fault::names).collect();
    let padded = config
        .padded
        .iter()
        .filter(|name| !known.contains(*name))
        .map(|name| Fault::Padded(name));
    let padded: Vec<Fault> = padded.collect();
    faults.extend(padded);
    Found(faults)
}

fn values(config: &Config) -> Vec<Value> {
    let twilio = &config.twilio;
    let secret = |secret: &Option<crate::server::config::Secret>| {
        secret.as_ref().map(|secret| secret.expose().to_owned())
    };
    [
        (
            "TWILIO_ACCOUNT_SID",
            twilio.account_sid.as_ref().map(ToString::to_string),
        ),
        ("TWILIO_AUTH_TOKEN", secret(&twilio.auth_token)),
        (
            "TWILIO_API_KEY",
            twilio.api_key.as_ref().map(ToString::to_string),
        ),
        ("TWILIO_API_SECRET", secret(&twilio.api_secret)),
        (
            "TWILIO_TWIML_APP_SID",
            twilio.twiml_app_sid.as_ref().map(ToString::to_string),
        ),
        (
            "TWILIO_CALLER_ID",
            twilio.caller_id.as_ref().map(ToString::to_string),
        ),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some(Value { name, text: text? }))
    .collect()
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self.0.as_slice() {
            [] => Status::Ok,
            faults if faults.iter().any(Fault::spoils) => Status::Problem,
            _ => Status::Warning,
        }
    }

    fn code(&self) -> &'static str {
        match self.0.first() {
            None => "complete",
            Some(Fault::Missing(_)) => "missing",
            Some(Fault::Swapped(..)) => "swapped",
            Some(Fault::LooksLike { .. }) => "looks-like-another",
            Some(Fault::Length { .. }) => "wrong-length",
            Some(Fault::Blanks(_) | Fault::Padded(_)) => "blanks",
            Some(Fault::Quotes(_)) => "quotes",
            Some(Fault::NotAccepted { .. }) => "not-accepted",
        }
    }

    fn words(&self, locale: Locale) -> String {
        if self.0.is_empty() {
            return td_string!(locale, doctor.configuration.complete).to_owned();
        }
        let words: Vec<String> = self.0.iter().map(|fault| fault.words(locale)).collect();
        words.join(" ")
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        (!self.0.is_empty()).then(|| td_string!(locale, doctor.configuration.set_it).to_owned())
    }

    fn detail(&self) -> Option<String> {
        let problems: Vec<String> = self
            .0
            .iter()
            .filter_map(|fault| match fault {
                Fault::NotAccepted { name, problem } => Some(format!("{name}: {problem}")),
                _ => None,
            })
            .collect();
        (!problems.is_empty()).then(|| problems.join("; "))
    }
}

/// A variable that another check speaks for.
impl Finding for Refused {
    fn status(&self) -> Status {
        Status::Problem
    }

    fn code(&self) -> &'static str {
        "not-accepted"
    }

    fn words(&self, locale: Locale) -> String {
        td_string!(locale, doctor.configuration.not_accepted, name = self.name)
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        Some(td_string!(locale, doctor.configuration.set_it).to_owned())
    }

    fn detail(&self) -> Option<String> {
        Some(format!("{}: {}", self.name, self.problem))
    }
}
