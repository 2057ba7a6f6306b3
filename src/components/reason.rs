//! Why a call was not dialled, in words: for the history and for the phone.

use crate::{domain::view::Reason, i18n::*};
use leptos_i18n::td_string;

/// A sentence that says what went wrong and what to do.
pub fn reason_words(locale: Locale, reason: Reason) -> &'static str {
    match reason {
        Reason::NumberMissing => td_string!(locale, reason.number_missing),
        Reason::NumberInvalid => td_string!(locale, reason.number_invalid),
        Reason::CountryNotAllowed => td_string!(locale, reason.country_not_allowed),
        Reason::NumberCostly => td_string!(locale, reason.number_costly),
        Reason::NumberShort => td_string!(locale, reason.number_short),
        Reason::CallerUnknown => td_string!(locale, reason.caller_unknown),
        Reason::CallerIdMissing => td_string!(locale, reason.caller_id_missing),
        Reason::ServerBusy => td_string!(locale, reason.server_busy),
        Reason::AgentNoAnswer => td_string!(locale, reason.agent_no_answer),
        Reason::CarrierFailed => td_string!(locale, reason.carrier_failed),
    }
}

/// A sentence with Twilio's code, by which it is looked up.
pub fn with_code(sentence: &str, code: u32) -> String {
    format!("{} ({code}).", sentence.trim_end_matches('.'))
}
