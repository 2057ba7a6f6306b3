//! Twilio's API, and what may be wrong with an answer of it whatever was asked.

use super::{Finding, Status};
use crate::{i18n::*, server::twilio::TwilioError};
use std::time::Duration;

/// Why a question to Twilio has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing within this time.
    Silent(Duration),
    /// The network: no such host, nobody there, a broken connection.
    Unreachable(String),
    /// 429
    TooMany,
    /// 5xx
    Failing(u16),
    /// No JSON: a proxy or a sign-in page answers in Twilio's place, or the base URL is not an API's.
    Foreign(String),
    /// Any other refusal, in Twilio's words.
    Refused { status: u16, said: String },
    /// `TWILIO_API_BASE_URL` is not Twilio's own, and what it names has no such resource: nothing is known, for better or worse.
    NoSuchResource,
}

impl From<TwilioError> for Trouble {
    fn from(error: TwilioError) -> Self {
        match error {
            TwilioError::NotConfigured => Self::Refused {
                status: 0,
                said: error.to_string(),
            },
            TwilioError::Refused { status: 429, .. } => Self::TooMany,
            TwilioError::Refused { status, .. } if status >= 500 => Self::Failing(status),
            TwilioError::Refused {
                status,
                code,
                message,
            } => Self::Refused {
                status,
                said: match code {
                    Some(code) => format!("{code}: {message}"),
                    None => message,
                },
            },
            TwilioError::Unreachable(text) => Self::Unreachable(text),
            TwilioError::Unreadable(text) => Self::Foreign(text),
        }
    }
}

impl Finding for Trouble {
    fn status(&self) -> Status {
        match self {
            Self::NoSuchResource => Status::Skipped,
            _ => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Silent(_) => "twilio-slow",
            Self::Unreachable(_) => "twilio-unreachable",
            Self::TooMany => "twilio-too-many-requests",
            Self::Failing(_) => "twilio-failing",
            Self::Foreign(_) => "twilio-not-twilio",
            Self::Refused { .. } => "twilio-refuses",
            Self::NoSuchResource => "cannot-be-asked",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Silent(limit) => td_string!(
                locale,
                doctor.trouble.silent,
                seconds = limit.as_secs_f32().ceil() as u32
            ),
            Self::Unreachable(_) => td_string!(locale, doctor.trouble.unreachable).to_owned(),
            Self::TooMany => td_string!(locale, doctor.trouble.too_many).to_owned(),
            Self::Failing(status) => td_string!(locale, doctor.trouble.failing, status = status),
            Self::Foreign(_) => td_string!(locale, doctor.trouble.foreign).to_owned(),
            Self::Refused { status, .. } => {
                td_string!(locale, doctor.trouble.refused, status = status)
            }
            Self::NoSuchResource => td_string!(locale, doctor.trouble.no_such_resource).to_owned(),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Silent(_) | Self::Failing(_) => td_string!(locale, doctor.trouble.wait),
            Self::Unreachable(_) => td_string!(locale, doctor.trouble.check_network),
            Self::TooMany => td_string!(locale, doctor.trouble.wait_a_minute),
            Self::Foreign(_) => td_string!(locale, doctor.trouble.check_base),
            Self::Refused { .. } => td_string!(locale, doctor.trouble.check_rights),
            Self::NoSuchResource => return None,
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Unreachable(text) | Self::Foreign(text) => Some(text.clone()),
            Self::Refused { said, .. } => Some(said.clone()),
            _ => None,
        }
    }
}

/// An answer that takes longer will be felt in every call.
const SLOW: Duration = Duration::from_secs(3);

/// Does Twilio answer?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Answers(Duration),
    Trouble(Trouble),
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Answers(took) if *took >= SLOW => Status::Warning,
            Self::Answers(_) => Status::Ok,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Answers(took) if *took >= SLOW => "slow",
            Self::Answers(_) => "answers",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Answers(took) if *took >= SLOW => {
                td_string!(locale, doctor.twilio.slow, ms = took.as_millis())
            }
            Self::Answers(took) => {
                td_string!(locale, doctor.twilio.answers, ms = took.as_millis())
            }
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        match self {
            Self::Answers(_) => None,
            Self::Trouble(trouble) => trouble.remedy(locale),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Answers(_) => None,
            Self::Trouble(trouble) => trouble.detail(),
        }
    }
}
