//! `FRONTEND_URL`: which other pages may use our API. What is malformed or another site's has been refused when it was read.

use super::{Finding, Status};
use crate::{i18n::*, server::config::Config};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Only our own pages.
    None,
    Origins(Vec<String>),
}

pub(super) fn look(config: &Config) -> Found {
    match config.frontend_origins.as_slice() {
        [] => Found::None,
        origins => Found::Origins(origins.to_vec()),
    }
}

impl Finding for Found {
    fn status(&self) -> Status {
        Status::Ok
    }

    fn code(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Origins(_) => "well-formed",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::None => td_string!(locale, doctor.frontend_url.none).to_owned(),
            Self::Origins(origins) => {
                td_string!(
                    locale,
                    doctor.frontend_url.origins,
                    origins = origins.join(", ")
                )
            }
        }
    }
}
