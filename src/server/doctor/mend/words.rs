//! What was planned, done, or went wrong, in words.

use super::{Failed, Mended, NAME, Plan};
use crate::{i18n::*, server::doctor::Finding};

impl Plan {
    pub fn words(&self, locale: Locale) -> String {
        match self {
            Self::Change { application, .. } => {
                td_string!(locale, doctor.mend.change, sid = application)
            }
            Self::Create { .. } => td_string!(locale, doctor.mend.create, name = NAME),
            Self::Adopt { application } => {
                td_string!(locale, doctor.mend.adopt, sid = application)
            }
        }
    }
}

impl Mended {
    pub fn words(&self, locale: Locale) -> String {
        match self.to_be_set {
            true => td_string!(locale, doctor.mend.set_it, sid = &self.application),
            false => td_string!(locale, doctor.mend.done, sid = &self.application),
        }
    }
}

impl Failed {
    pub fn words(&self, locale: Locale) -> String {
        match self {
            Self::Trouble(trouble) => trouble.words(locale),
            Self::NoRecord(_) => td_string!(locale, doctor.mend.no_record).to_owned(),
            Self::NotTaken => td_string!(locale, doctor.mend.not_taken).to_owned(),
        }
    }

    /// In whatever language it came.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Trouble(trouble) => trouble.detail(),
            Self::NoRecord(error) => Some(error.clone()),
            Self::NotTaken => None,
        }
    }
}
