//! What a check found, in words.

use super::{
    account, alerts, archive, caller_id,
    check::{Check, Status},
    configuration, countries, database, disk, frontend_url, public_url, trouble, twiml_app,
};
use crate::i18n::*;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub check: Check,
    pub found: Found,
    pub took: Duration,
}

/// A field of a resource at Twilio that is not as it should be, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As the REST API names it: `voice_url`.
    pub field: String,
    pub before: String,
    pub after: String,
}

/// What every family of findings says of itself.
pub trait Finding {
    fn status(&self) -> Status;
    /// A stable word for machines: `points-elsewhere`.
    fn code(&self) -> &'static str;
    /// What was found, as one sentence or two.
    fn words(&self, locale: Locale) -> String;
    /// What to do about it.
    fn remedy(&self, _locale: Locale) -> Option<String> {
        None
    }
    /// What somebody else said, in their own language: Twilio's message, the system's error.
    fn detail(&self) -> Option<String> {
        None
    }
    /// Field by field, what is there and what should be.
    fn changes(&self) -> &[Change] {
        &[]
    }
}

macro_rules! found {
    ($($(#[$doc:meta])* $family:ident($found:ty)),* $(,)?) => {
        /// What was found, by family of checks.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Found {
            $($(#[$doc])* $family($found),)*
        }

        impl Found {
            pub(super) fn finding(&self) -> &dyn Finding {
                match self {
                    $(Self::$family(found) => found,)*
                }
            }
        }

        $(impl From<$found> for Found {
            fn from(found: $found) -> Self {
                Self::$family(found)
            }
        })*
    };
}

found! {
    Unasked(Unasked),
    /// The variable that the check is about was not accepted.
    Refused(configuration::Refused),
    Configuration(configuration::Found),
    Twilio(trouble::Found),
    Account(account::Found),
    AuthToken(account::AuthTokenFound),
    ApiKey(account::ApiKeyFound),
    Clock(account::ClockFound),
    TwimlApp(twiml_app::Found),
    CallerId(caller_id::Found),
    Countries(countries::Found),
    PublicUrl(public_url::Found),
    FrontendUrl(frontend_url::Found),
    Database(database::Found),
    Disk(disk::Found),
    Archive(archive::Found),
    Alerts(alerts::Found),
}

impl<F: Into<Found>> From<Result<F, Unasked>> for Found {
    fn from(found: Result<F, Unasked>) -> Self {
        found.map_or_else(Self::Unasked, F::into)
    }
}

/// Why a check came to no finding of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// It needs what that check found wanting.
    After(Check),
    /// No answer within this time.
    NoTime(Duration),
}

impl Finding for Unasked {
    fn status(&self) -> Status {
        match self {
            Self::After(_) => Status::Skipped,
            Self::NoTime(_) => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::After(_) => "skipped",
            Self::NoTime(_) => "no-answer",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::After(check) => {
                td_string!(locale, doctor.skipped, check = check.name(locale))
            }
            Self::NoTime(limit) => {
                td_string!(
                    locale,
                    doctor.no_time,
                    seconds = limit.as_secs_f32().ceil() as u32
                )
            }
        }
    }
}

impl Report {
    pub fn status(&self) -> Status {
        self.found.finding().status()
    }

    pub fn code(&self) -> &'static str {
        self.found.finding().code()
    }

    pub fn words(&self, locale: Locale) -> String {
        self.found.finding().words(locale)
    }

    pub fn remedy(&self, locale: Locale) -> Option<String> {
        self.found.finding().remedy(locale)
    }

    /// In whatever language it came.
    pub fn detail(&self) -> Option<String> {
        self.found.finding().detail()
    }

    pub fn changes(&self) -> &[Change] {
        self.found.finding().changes()
    }

    /// May `mend` do something about it? Whether it should, [`mend::outlook`](super::mend::outlook) says, which looks at the others too.
    pub fn can_be_mended(&self) -> bool {
        matches!(
            self.found,
            Found::TwimlApp(twiml_app::Found::NotInAccount(_))
        ) || !self.changes().is_empty()
    }

    /// Which check has to be mended before this one can be made.
    pub fn waits_for(&self) -> Option<Check> {
        match self.found {
            Found::Unasked(Unasked::After(check)) => Some(check),
            _ => None,
        }
    }
}

/// Problems first, then warnings; within each, in the order of [`Check::ALL`].
pub fn by_urgency(reports: &mut [Report]) {
    reports.sort_by_key(|report| (report.status(), report.check));
}

/// The gravest status of all.
pub fn gravest(reports: &[Report]) -> Status {
    let grave = |status: &Status| matches!(status, Status::Problem | Status::Warning);
    reports
        .iter()
        .map(Report::status)
        .filter(grave)
        .min()
        .unwrap_or(Status::Ok)
}
