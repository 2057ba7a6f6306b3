//! The Auth Token, which signs callbacks, and the API key, which makes access tokens.

use super::super::{Finding, Status, trouble::Trouble};
use crate::i18n::*;

/// How many characters Twilio's secrets have.
pub(in super::super) const SECRET_LENGTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthTokenFound {
    Accepted,
    /// How long the value is, which may tell that it was cut short.
    Refused {
        chars: usize,
    },
    /// `TWILIO_AUTH_TOKEN` and `TWILIO_API_SECRET` hold each other's values.
    Swapped,
    /// The token of the test credentials, which reach nothing real.
    Test,
    Trouble(Trouble),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyFound {
    Accepted,
    Refused {
        chars: usize,
    },
    /// It opens an account, but not this one.
    OtherAccount,
    /// A restricted key, which may not read the account's numbers.
    Restricted,
    Trouble(Trouble),
}

impl Finding for AuthTokenFound {
    fn status(&self) -> Status {
        match self {
            Self::Accepted => Status::Ok,
            Self::Trouble(trouble) => trouble.status(),
            _ => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Swapped => "swapped",
            Self::Test => "test-credentials",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Accepted => td_string!(locale, doctor.auth_token.accepted).to_owned(),
            Self::Refused { chars } => with_length(
                locale,
                td_string!(locale, doctor.auth_token.refused),
                *chars,
            ),
            Self::Swapped => td_string!(locale, doctor.auth_token.swapped).to_owned(),
            Self::Test => td_string!(locale, doctor.auth_token.test).to_owned(),
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Accepted => return None,
            Self::Refused { .. } => td_string!(locale, doctor.auth_token.copy_again),
            Self::Swapped => td_string!(locale, doctor.auth_token.swap),
            Self::Test => td_string!(locale, doctor.auth_token.use_live),
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

impl Finding for ApiKeyFound {
    fn status(&self) -> Status {
        match self {
            Self::Accepted => Status::Ok,
            Self::Restricted => Status::Warning,
            Self::Refused { .. } | Self::OtherAccount => Status::Problem,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::OtherAccount => "other-account",
            Self::Restricted => "restricted",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Accepted => td_string!(locale, doctor.api_key.accepted).to_owned(),
            Self::Refused { chars } => {
                with_length(locale, td_string!(locale, doctor.api_key.refused), *chars)
            }
            Self::OtherAccount => td_string!(locale, doctor.api_key.other_account).to_owned(),
            Self::Restricted => td_string!(locale, doctor.api_key.restricted).to_owned(),
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Accepted => return None,
            Self::Refused { .. } | Self::OtherAccount => {
                td_string!(locale, doctor.api_key.make_new)
            }
            Self::Restricted => td_string!(locale, doctor.api_key.use_standard),
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

/// Adds how long the value is where that is not how long Twilio's are.
fn with_length(locale: Locale, words: &str, chars: usize) -> String {
    if chars == SECRET_LENGTH {
        return words.to_owned();
    }
    format!(
        "{words} {}",
        td_string!(
            locale,
            doctor.credential_length,
            chars = chars,
            wanted = SECRET_LENGTH
        )
    )
}
