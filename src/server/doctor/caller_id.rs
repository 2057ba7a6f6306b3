//! The number that customers see: Twilio rings nobody from a number that is not the account's own or verified by it.

use super::{Check, Examination, Finding, Status, Unasked, trouble::Trouble};
use crate::{domain::phone::PhoneNumber, i18n::*, server::twilio::numbers::Holding};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Owned(PhoneNumber),
    Verified(PhoneNumber),
    /// The account's own, but it carries messages only.
    NoVoice(PhoneNumber),
    NotOurs(PhoneNumber),
    Trouble(Trouble),
}

pub(super) async fn look(examination: &Examination) -> Result<Found, Unasked> {
    let Some(number) = examination.installation.config.twilio.caller_id.clone() else {
        return Err(Unasked::After(Check::Configuration));
    };
    examination.opened().await?;
    Ok(
        match examination.installation.twilio.holding_of(&number).await {
            Ok(Holding::Owned { voice: true }) => Found::Owned(number),
            Ok(Holding::Owned { voice: false }) => Found::NoVoice(number),
            Ok(Holding::Verified) => Found::Verified(number),
            Ok(Holding::None) => Found::NotOurs(number),
            Err(error) if error.is_not_found() => Found::Trouble(Trouble::NoSuchResource),
            Err(error) => Found::Trouble(error.into()),
        },
    )
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Owned(_) | Self::Verified(_) => Status::Ok,
            Self::NoVoice(_) | Self::NotOurs(_) => Status::Problem,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Owned(_) => "owned",
            Self::Verified(_) => "verified",
            Self::NoVoice(_) => "no-voice",
            Self::NotOurs(_) => "not-ours",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Owned(number) => td_string!(locale, doctor.caller_id.owned, number = number),
            Self::Verified(number) => {
                td_string!(locale, doctor.caller_id.verified, number = number)
            }
            Self::NoVoice(number) => td_string!(locale, doctor.caller_id.no_voice, number = number),
            Self::NotOurs(number) => td_string!(locale, doctor.caller_id.not_ours, number = number),
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        match self {
            Self::Owned(_) | Self::Verified(_) => None,
            Self::NoVoice(_) | Self::NotOurs(_) => {
                Some(td_string!(locale, doctor.caller_id.choose).to_owned())
            }
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
