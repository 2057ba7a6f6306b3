//! The account and its credentials: each asks Twilio once, and the answers are judged together, since one wrong value makes several of
//! them fail.

mod access;
mod clock;
mod credentials;
mod judge;

pub use clock::Found as ClockFound;
pub use credentials::{ApiKeyFound, AuthTokenFound};

pub(super) use access::{Access, ask};

use super::{Finding, Status, trouble::Trouble};
use crate::i18n::*;

/// How the account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Its name, where the Auth Token shows it.
    Active(Option<String>),
    /// Calls only numbers that it has verified.
    Trial,
    /// `suspended` or `closed`.
    NotActive(String),
    /// Neither credential opens it: another account's SID, most likely.
    NotOurs,
    Trouble(Trouble),
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Active(_) => Status::Ok,
            Self::Trial => Status::Warning,
            Self::NotActive(_) | Self::NotOurs => Status::Problem,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Active(_) => "active",
            Self::Trial => "trial",
            Self::NotActive(_) => "not-active",
            Self::NotOurs => "not-ours",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Active(Some(name)) => {
                td_string!(locale, doctor.account.active_named, name = name)
            }
            Self::Active(None) => td_string!(locale, doctor.account.active).to_owned(),
            Self::Trial => td_string!(locale, doctor.account.trial).to_owned(),
            Self::NotActive(state) => td_string!(locale, doctor.account.not_active, state = state),
            Self::NotOurs => td_string!(locale, doctor.account.not_ours).to_owned(),
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Active(_) => return None,
            Self::Trial => td_string!(locale, doctor.account.upgrade),
            Self::NotActive(_) => td_string!(locale, doctor.account.reactivate),
            Self::NotOurs => td_string!(locale, doctor.account.copy_again),
            Self::Trouble(trouble) => return trouble.remedy(locale),
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Trouble(trouble) => trouble.detail(),
            _ => None,
        }
    }
}
