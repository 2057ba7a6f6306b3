//! Geographic permissions: Twilio refuses calls to countries that the account has not switched on (errors 13227, 21215, 32205).

use super::{Examination, Finding, Status, Unasked, trouble::Trouble};
use crate::{i18n::*, server::twilio::TwilioError};
use futures::{StreamExt, TryStreamExt, stream};

/// Countries that are asked about at a time.
const SIDE_BY_SIDE: usize = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All of these (ISO codes).
    Permitted(Vec<String>),
    /// These are switched off at Twilio.
    Forbidden(Vec<String>),
    Trouble(Trouble),
}

/// With `ALLOWED_COUNTRIES=*` it is for Twilio to decide; the country of our own customers must be permitted all the same.
pub(super) async fn look(examination: &Examination) -> Result<Found, Unasked> {
    let (config, twilio) = (
        &examination.installation.config,
        &examination.installation.twilio,
    );
    let countries = config
        .allowed_countries
        .clone()
        .unwrap_or_else(|| vec![config.default_country.clone()]);
    examination.opened().await?;
    let asked: Result<Vec<_>, TwilioError> = stream::iter(countries)
        .map(|country| async move { Ok((twilio.may_dial(&country).await?, country)) })
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await;
    let answers = match asked {
        Ok(answers) => answers,
        Err(error) => return Ok(Found::Trouble(error.into())),
    };
    // Twilio itself knows every country that it carries calls to; what stands in for it may have none of this.
    let nothing_known = answers.iter().all(|(permitted, _)| permitted.is_none());
    if nothing_known && !twilio.is_twilios_own() {
        return Ok(Found::Trouble(Trouble::NoSuchResource));
    }
    let (permitted, forbidden): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|(permitted, _)| *permitted == Some(true));
    let codes = |answers: Vec<(_, String)>| answers.into_iter().map(|(_, country)| country);
    Ok(if forbidden.is_empty() {
        Found::Permitted(codes(permitted).collect())
    } else {
        Found::Forbidden(codes(forbidden).collect())
    })
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Permitted(_) => Status::Ok,
            Self::Forbidden(_) => Status::Problem,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Permitted(_) => "permitted",
            Self::Forbidden(_) => "forbidden",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Permitted(countries) => {
                td_string!(
                    locale,
                    doctor.countries.permitted,
                    countries = countries.join(", ")
                )
            }
            Self::Forbidden(countries) => {
                td_string!(
                    locale,
                    doctor.countries.forbidden,
                    countries = countries.join(", ")
                )
            }
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        match self {
            Self::Permitted(_) => None,
            Self::Forbidden(_) => Some(td_string!(locale, doctor.countries.switch_on).to_owned()),
            Self::Trouble(trouble) => trouble.remedy(locale),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Trouble(trouble) => trouble.detail(),
            _ => None,
        }
    }
}
