//! The machine's states and messages in the reader's language.

use super::machine::{Face, Fault, Message, State};
use crate::{
    components::reason::{reason_words, with_code},
    domain::{call::Status, phone::InvalidNumber},
    i18n::*,
};
use leptos_i18n::td_string;

/// The state in a word.
pub fn state(locale: Locale, face: Face) -> &'static str {
    match face {
        Face::Offline => td_string!(locale, dialer.state.offline),
        Face::Ready => td_string!(locale, dialer.state.ready),
        Face::Connecting => td_string!(locale, dialer.state.connecting),
        Face::Ringing => td_string!(locale, dialer.state.ringing),
        Face::Incoming => td_string!(locale, dialer.state.incoming),
        Face::InCall => td_string!(locale, dialer.state.in_call),
        Face::Reconnecting => td_string!(locale, dialer.state.reconnecting),
        Face::Ended => td_string!(locale, dialer.state.ended),
    }
}

/// What the tab's title says before the page's own, in a call.
pub fn title(locale: Locale, phone: &State) -> Option<String> {
    let call = phone.call.as_ref()?;
    Some(format!("{} {}", state(locale, phone.face()), call.number))
}

/// The last outcome or error, in words.
pub fn message(locale: Locale, message: &Message) -> String {
    let words = match message {
        Message::Explained(cause) => return format!("{} {}", cause.title, cause.remedy),
        Message::Outcome(status) => outcome(locale, *status),
        Message::Refused(reason) => reason_words(locale, *reason),
        Message::Ended => td_string!(locale, dialer.outcome.ended),
        Message::YouEnded => td_string!(locale, dialer.outcome.you_ended),
        Message::Declined => td_string!(locale, dialer.outcome.declined),
        Message::Missed => td_string!(locale, dialer.outcome.missed),
        Message::Fault(cause) if cause.code > 0 => {
            return with_code(fault(locale, cause), cause.code);
        }
        Message::Fault(cause) => fault(locale, cause),
        Message::ConnectTimeout => td_string!(locale, dialer.error.connect_timeout),
        Message::ConnectionLost => td_string!(locale, dialer.error.connection_lost),
        Message::Number(problem) => number(locale, *problem),
        Message::NotReady => td_string!(locale, dialer.error.not_ready),
        Message::SignedOut => td_string!(locale, dialer.error.signed_out),
        Message::TokenUnavailable => td_string!(locale, dialer.error.token_unavailable),
        Message::SdkMissing => td_string!(locale, dialer.error.sdk_missing),
        Message::Unsupported => td_string!(locale, dialer.error.unsupported),
        Message::Elsewhere => td_string!(locale, dialer.error.elsewhere),
        Message::TakenOver => td_string!(locale, dialer.error.taken_over),
    };
    words.to_owned()
}

/// Why what is in the field is no phone number.
pub fn number(locale: Locale, problem: InvalidNumber) -> &'static str {
    match problem {
        InvalidNumber::Empty => td_string!(locale, dialer.error.number_empty),
        InvalidNumber::Character => td_string!(locale, dialer.error.number_character),
        InvalidNumber::TooShort => td_string!(locale, dialer.error.number_short),
        InvalidNumber::TooLong => td_string!(locale, dialer.error.number_long),
    }
}

fn outcome(locale: Locale, status: Status) -> &'static str {
    match status {
        Status::Completed => td_string!(locale, dialer.outcome.completed),
        Status::Busy => td_string!(locale, dialer.outcome.busy),
        Status::NoAnswer => td_string!(locale, dialer.outcome.no_answer),
        Status::Failed => td_string!(locale, dialer.outcome.failed),
        Status::Canceled => td_string!(locale, dialer.outcome.canceled),
        Status::Initiated | Status::Ringing | Status::InProgress => {
            td_string!(locale, dialer.outcome.ended)
        }
    }
}

/// What answers at a number, by the name that `api::number::Kind` has in JSON.
pub fn kind(locale: Locale, kind: &str) -> Option<&'static str> {
    match kind {
        "Mobile" => Some(td_string!(locale, dialer.kind.mobile)),
        "Fixed" => Some(td_string!(locale, dialer.kind.fixed)),
        "TollFree" => Some(td_string!(locale, dialer.kind.toll_free)),
        _ => None,
    }
}

fn fault(locale: Locale, fault: &Fault) -> &'static str {
    match fault.code {
        31401 | 31208 => td_string!(locale, dialer.error.microphone_denied),
        31402 => td_string!(locale, dialer.error.microphone_missing),
        20104 | 31205 => td_string!(locale, dialer.error.token_expired),
        20101 | 20151 | 20157 | 31204 | 31207 | 31201 | 31202 => {
            td_string!(locale, dialer.error.token_refused)
        }
        31001 | 31002 | 31404 => td_string!(locale, dialer.error.application),
        31008 | 31486 => td_string!(locale, dialer.error.taken_elsewhere),
        53405 | 31003 => td_string!(locale, dialer.error.media),
        _ if fault.is_connection() => td_string!(locale, dialer.error.connection_lost),
        _ => td_string!(locale, dialer.error.unknown),
    }
}
