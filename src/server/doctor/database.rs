//! Can the database be written?

use super::{Examination, Finding, Status};
use crate::i18n::*;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Writable,
    /// It cannot be opened, for a reason that the system gives.
    Closed(String),
    /// It opens, and refuses what is written.
    Refuses(String),
}

pub(super) async fn look(examination: &Examination) -> Found {
    let store = match &examination.installation.store {
        Ok(store) => store,
        Err(error) => return Found::Closed(error.clone()),
    };
    let nonce = super::nonce();
    let written = async {
        store.insert_echo(&nonce, examination.now).await?;
        store.take_echo(&nonce).await
    };
    match written.await {
        Ok(true) => Found::Writable,
        Ok(false) => Found::Refuses("what was written cannot be read back".to_owned()),
        Err(error) => Found::Refuses(error.to_string()),
    }
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Writable => Status::Ok,
            Self::Closed(_) | Self::Refuses(_) => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Writable => "writable",
            Self::Closed(_) => "cannot-open",
            Self::Refuses(_) => "cannot-write",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Writable => td_string!(locale, doctor.database.writable),
            Self::Closed(_) => td_string!(locale, doctor.database.closed),
            Self::Refuses(_) => td_string!(locale, doctor.database.refuses),
        }
        .to_owned()
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Writable => return None,
            Self::Closed(_) => td_string!(locale, doctor.database.open_it),
            Self::Refuses(_) => td_string!(locale, doctor.database.make_room),
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Writable => None,
            Self::Closed(error) | Self::Refuses(error) => Some(error.clone()),
        }
    }
}
