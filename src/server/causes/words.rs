//! Causes in the reader's language: what happened, and what to do.

use super::{cause::Cause, sdk::SdkFault};
use crate::{
    components::reason::{reason_words, with_code},
    domain::view::{CauseView, Reason},
    i18n::*,
};
use leptos_i18n::td_string;

/// Where an administrator mends things.
const SETUP: &str = "/setup";

/// `may_set_up`: the reader may open the set-up.
pub fn view(locale: Locale, cause: &Cause, may_set_up: bool) -> CauseView {
    let (title, remedy) = words(locale, cause);
    CauseView {
        id: id(cause),
        title,
        remedy,
        link: (may_set_up && needs_administrator(cause)).then(|| SETUP.to_owned()),
    }
}

/// Stable, for machines.
fn id(cause: &Cause) -> String {
    let word = match cause {
        Cause::Refused(reason) => {
            let reason = serde_json::to_value(reason).unwrap_or_default();
            return format!("refused_{}", reason.as_str().unwrap_or_default());
        }
        Cause::Sdk { code, .. } => return format!("sdk_{code}"),
        Cause::SignatureRefused { .. } => "signature_refused",
        Cause::AppElsewhere { .. } => "app_elsewhere",
        Cause::AppEmpty { .. } => "app_empty",
        Cause::AppMissing => "app_missing",
        Cause::AppAsksByGet => "app_asks_by_get",
        Cause::OutOfReach { .. } => "out_of_reach",
        Cause::NeverReached => "never_reached",
        Cause::AnswerUnusable { .. } => "answer_unusable",
        Cause::CountryBlocked => "country_blocked",
        Cause::NumberRejected => "number_rejected",
        Cause::CallerIdRejected => "caller_id_rejected",
        Cause::NumberUnknown => "number_unknown",
        Cause::Busy => "busy",
        Cause::NoAnswer => "no_answer",
        Cause::CarrierFailed { .. } => "carrier_failed",
        Cause::ConnectTimeout => "connect_timeout",
        Cause::SignallingLost => "signalling_lost",
        Cause::Unknown => "unknown",
    };
    word.to_owned()
}

fn needs_administrator(cause: &Cause) -> bool {
    match cause {
        Cause::SignatureRefused { .. }
        | Cause::AppElsewhere { .. }
        | Cause::AppEmpty { .. }
        | Cause::AppMissing
        | Cause::AppAsksByGet
        | Cause::OutOfReach { .. }
        | Cause::NeverReached
        | Cause::AnswerUnusable { .. }
        | Cause::CountryBlocked
        | Cause::CallerIdRejected
        | Cause::Unknown => true,
        Cause::Refused(reason) => matches!(
            reason,
            Reason::CallerIdMissing | Reason::CallerUnknown | Reason::CountryNotAllowed
        ),
        Cause::Sdk { fault, .. } => fault.needs_administrator(),
        Cause::NumberRejected
        | Cause::NumberUnknown
        | Cause::Busy
        | Cause::NoAnswer
        | Cause::CarrierFailed { .. }
        | Cause::ConnectTimeout
        | Cause::SignallingLost => false,
    }
}

/// Title and remedy under one key of the locales.
macro_rules! pair {
    ($locale:ident, $group:ident . $key:ident) => {
        (
            td_string!($locale, $group.$key.title).to_owned(),
            td_string!($locale, $group.$key.remedy).to_owned(),
        )
    };
}

fn words(locale: Locale, cause: &Cause) -> (String, String) {
    match cause {
        Cause::Refused(reason) => sentences(reason_words(locale, *reason)),
        Cause::SignatureRefused { signed: None, ours } => (
            td_string!(locale, cause.signature_refused.title).to_owned(),
            td_string!(locale, cause.signature_refused.remedy, ours = ours.as_str()),
        ),
        Cause::SignatureRefused {
            signed: Some(signed),
            ours,
        } => (
            td_string!(locale, cause.signed_otherwise.title).to_owned(),
            td_string!(
                locale,
                cause.signed_otherwise.remedy,
                signed = signed.as_str(),
                ours = ours.as_str()
            ),
        ),
        Cause::AppElsewhere { theirs, ours } => (
            td_string!(locale, cause.app_elsewhere.title).to_owned(),
            td_string!(
                locale,
                cause.app_elsewhere.remedy,
                theirs = theirs.as_str(),
                ours = ours.as_str()
            ),
        ),
        Cause::AppEmpty { ours } => (
            td_string!(locale, cause.app_empty.title).to_owned(),
            td_string!(locale, cause.app_empty.remedy, ours = ours.as_str()),
        ),
        Cause::AppMissing => pair!(locale, cause.app_missing),
        Cause::AppAsksByGet => pair!(locale, cause.app_asks_by_get),
        Cause::OutOfReach { ours, .. } => (
            td_string!(locale, cause.out_of_reach.title).to_owned(),
            td_string!(locale, cause.out_of_reach.remedy, ours = ours.as_str()),
        ),
        Cause::NeverReached => pair!(locale, cause.never_reached),
        Cause::AnswerUnusable { alert } => (
            td_string!(locale, cause.answer_unusable.title, code = *alert),
            td_string!(locale, cause.answer_unusable.remedy).to_owned(),
        ),
        Cause::CountryBlocked => pair!(locale, cause.country_blocked),
        Cause::NumberRejected => pair!(locale, cause.number_rejected),
        Cause::CallerIdRejected => pair!(locale, cause.caller_id_rejected),
        Cause::NumberUnknown => pair!(locale, cause.number_unknown),
        Cause::Busy => pair!(locale, cause.busy),
        Cause::NoAnswer => pair!(locale, cause.no_answer),
        Cause::CarrierFailed { sip: None } => pair!(locale, cause.carrier_failed),
        Cause::CarrierFailed { sip: Some(code) } => (
            td_string!(locale, cause.carrier_refused.title, code = *code),
            td_string!(locale, cause.carrier_refused.remedy).to_owned(),
        ),
        Cause::ConnectTimeout => pair!(locale, cause.connect_timeout),
        Cause::SignallingLost => pair!(locale, cause.signalling_lost),
        Cause::Sdk { fault, code } => {
            let (title, remedy) = of_the_sdk(locale, *fault);
            (title, with_code(&remedy, *code))
        }
        Cause::Unknown => pair!(locale, cause.unknown),
    }
}

fn of_the_sdk(locale: Locale, fault: SdkFault) -> (String, String) {
    match fault {
        SdkFault::TokenInvalid => pair!(locale, sdk.token_invalid),
        SdkFault::SecretWrong => pair!(locale, sdk.secret_wrong),
        SdkFault::AccountInvalid => pair!(locale, sdk.account_invalid),
        SdkFault::TokenExpired => pair!(locale, sdk.token_expired),
        SdkFault::TokenTooLong => pair!(locale, sdk.token_too_long),
        SdkFault::IdentityInvalid => pair!(locale, sdk.identity_invalid),
        SdkFault::TooMany => pair!(locale, sdk.too_many),
        SdkFault::Malformed => pair!(locale, sdk.malformed),
        SdkFault::ResumeFailed => pair!(locale, sdk.resume_failed),
        SdkFault::AppNotFound => pair!(locale, sdk.app_not_found),
        SdkFault::Declined => pair!(locale, sdk.declined),
        SdkFault::NotFound => pair!(locale, sdk.not_found),
        SdkFault::TimedOut => pair!(locale, sdk.timed_out),
        SdkFault::ConnectionLost => pair!(locale, sdk.connection_lost),
        SdkFault::TakenElsewhere => pair!(locale, sdk.taken_elsewhere),
        SdkFault::Unavailable => pair!(locale, sdk.unavailable),
        SdkFault::Busy => pair!(locale, sdk.busy),
        SdkFault::Rejected => pair!(locale, sdk.rejected),
        SdkFault::MicrophoneDenied => pair!(locale, sdk.microphone_denied),
        SdkFault::MicrophoneFailed => pair!(locale, sdk.microphone_failed),
        SdkFault::SoundSetUp => pair!(locale, sdk.sound_set_up),
        SdkFault::SoundLost => pair!(locale, sdk.sound_lost),
        SdkFault::Unknown => pair!(locale, sdk.unknown),
    }
}

/// A reason's words begin with the cause; what follows the first sentence is what to do.
fn sentences(words: &str) -> (String, String) {
    match words.split_once(". ") {
        Some((first, rest)) => (format!("{first}."), rest.to_owned()),
        None => (words.to_owned(), String::new()),
    }
}
