//! Can the archive of recordings be written?

use super::{Examination, Finding, Status, nonce};
use crate::{
    i18n::*,
    server::recordings::archive::{Fault, Why},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Writable,
    Refuses(Fault),
}

pub(super) async fn look(examination: &Examination) -> Found {
    let recordings = match &examination.installation.recordings {
        Ok(recordings) => recordings,
        Err(error) => return Found::Refuses(Fault::Other(error.clone())),
    };
    match recordings.try_writing(&nonce()).await {
        Ok(()) => Found::Writable,
        Err(fault) => Found::Refuses(fault),
    }
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Writable => Status::Ok,
            Self::Refuses(_) => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        let Self::Refuses(fault) = self else {
            return "writable";
        };
        match fault.why() {
            Why::Key => "wrong-key",
            Why::Secret => "wrong-secret",
            Why::Token => "wrong-session-token",
            Why::Denied => "denied",
            Why::NoBucket => "no-bucket",
            Why::Region => "wrong-region",
            Why::Clock => "clock",
            Why::Unreachable => "unreachable",
            Why::Other => "cannot-write",
        }
    }

    fn words(&self, locale: Locale) -> String {
        let Self::Refuses(fault) = self else {
            return td_string!(locale, doctor.archive.writable).to_owned();
        };
        match fault.why() {
            Why::Key => td_string!(locale, doctor.archive.key),
            Why::Secret => td_string!(locale, doctor.archive.secret),
            Why::Token => td_string!(locale, doctor.archive.token),
            Why::Denied => td_string!(locale, doctor.archive.denied),
            Why::NoBucket => td_string!(locale, doctor.archive.no_bucket),
            Why::Region => td_string!(locale, doctor.archive.region),
            Why::Clock => td_string!(locale, doctor.archive.clock),
            Why::Unreachable => td_string!(locale, doctor.archive.unreachable),
            Why::Other => td_string!(locale, doctor.archive.refuses),
        }
        .to_owned()
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let Self::Refuses(fault) = self else {
            return None;
        };
        let remedy = match fault.why() {
            Why::Key => td_string!(locale, doctor.archive.check_key),
            Why::Secret => td_string!(locale, doctor.archive.check_secret),
            Why::Token => td_string!(locale, doctor.archive.check_token),
            Why::Denied => td_string!(locale, doctor.archive.check_policy),
            Why::NoBucket => td_string!(locale, doctor.archive.check_bucket),
            Why::Region => td_string!(locale, doctor.archive.check_region),
            Why::Clock => td_string!(locale, doctor.archive.check_clock),
            Why::Unreachable => td_string!(locale, doctor.archive.check_endpoint),
            Why::Other => td_string!(locale, doctor.archive.check_rights),
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Writable => None,
            Self::Refuses(fault) => Some(fault.to_string()),
        }
    }
}
