//! This machine's clock against Twilio's: access tokens carry a beginning and an end.

use super::super::{Finding, Status};
use crate::i18n::*;

/// What a `Date` header, in whole seconds, and a network may add.
const TOLERATED_SECS: u64 = 30;
/// From here on tokens end noticeably early or, to Twilio, too late (error 20157).
const WRONG_SECS: u64 = 300;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// By how many seconds this machine is ahead (or, negative, behind).
    Skew(i64),
    /// Twilio's answer had no `Date`.
    Unknown,
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Unknown => Status::Skipped,
            Self::Skew(secs) => match secs.unsigned_abs() {
                ..=TOLERATED_SECS => Status::Ok,
                WRONG_SECS.. => Status::Problem,
                _ => Status::Warning,
            },
        }
    }

    fn code(&self) -> &'static str {
        match (self, self.status()) {
            (Self::Unknown, _) => "no-date",
            (_, Status::Ok) => "agrees",
            (Self::Skew(..0), _) => "behind",
            (Self::Skew(_), _) => "ahead",
        }
    }

    fn words(&self, locale: Locale) -> String {
        let Self::Skew(secs) = self else {
            return td_string!(locale, doctor.clock.unknown).to_owned();
        };
        let off = secs.unsigned_abs();
        match self.code() {
            "agrees" => td_string!(locale, doctor.clock.agrees).to_owned(),
            "behind" => td_string!(locale, doctor.clock.behind, seconds = off),
            _ => td_string!(locale, doctor.clock.ahead, seconds = off),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        matches!(self.status(), Status::Warning | Status::Problem)
            .then(|| td_string!(locale, doctor.clock.set_it).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_s_delay_is_no_skew_and_five_minutes_are() {
        for (secs, status, code) in [
            (0, Status::Ok, "agrees"),
            (-30, Status::Ok, "agrees"),
            (31, Status::Warning, "ahead"),
            (-299, Status::Warning, "behind"),
            (300, Status::Problem, "ahead"),
            (i64::MIN, Status::Problem, "behind"),
        ] {
            let found = Found::Skew(secs);
            assert_eq!((found.status(), found.code()), (status, code), "{secs}");
        }
    }
}
