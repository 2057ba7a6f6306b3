//! Can the archive of recordings be written?

use super::{Examination, Finding, Status, nonce};
use crate::i18n::*;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Writable,
    Refuses(String),
}

pub(super) async fn look(examination: &Examination) -> Found {
    let recordings = match &examination.installation.recordings {
        Ok(recordings) => recordings,
        Err(error) => return Found::Refuses(error.clone()),
    };
    match recordings.try_writing(&nonce()).await {
        Ok(()) => Found::Writable,
        Err(error) => Found::Refuses(format!("{error:#}")),
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
        match self {
            Self::Writable => "writable",
            Self::Refuses(_) => "cannot-write",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Writable => td_string!(locale, doctor.archive.writable),
            Self::Refuses(_) => td_string!(locale, doctor.archive.refuses),
        }
        .to_owned()
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        matches!(self, Self::Refuses(_))
            .then(|| td_string!(locale, doctor.archive.check_rights).to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Writable => None,
            Self::Refuses(error) => Some(error.clone()),
        }
    }
}
