//! How a call ended or stands, and what became of its recording: a word and an icon each.

use super::icon::Icon;
use crate::{
    domain::{
        call::{Direction, Status},
        recording::RecordingStatus,
        view::CallView,
    },
    i18n::*,
};

pub fn status_word(locale: Locale, status: Status) -> &'static str {
    match status {
        Status::Initiated => td_string!(locale, status.initiated),
        Status::Ringing => td_string!(locale, status.ringing),
        Status::InProgress => td_string!(locale, status.in_progress),
        Status::Completed => td_string!(locale, status.completed),
        Status::Busy => td_string!(locale, status.busy),
        Status::NoAnswer => td_string!(locale, status.no_answer),
        Status::Failed => td_string!(locale, status.failed),
        Status::Canceled => td_string!(locale, status.canceled),
    }
}

pub fn status_icon(status: Status, direction: Direction) -> Icon {
    match (status, direction) {
        (Status::Initiated | Status::Ringing, _) => Icon::Ringing,
        (Status::InProgress, _) => Icon::Phone,
        (Status::Completed | Status::Canceled, Direction::Outbound) => Icon::Outgoing,
        (Status::Completed | Status::Canceled, Direction::Inbound) => Icon::Incoming,
        (Status::NoAnswer, _) => Icon::Missed,
        (Status::Busy, _) => Icon::Busy,
        (Status::Failed, _) => Icon::Failed,
    }
}

/// The colour of the icon's disc; the word beside it says the same.
pub fn status_tone(status: Status) -> &'static str {
    match status {
        Status::Completed => "disc good",
        Status::Initiated | Status::Ringing | Status::InProgress => "disc live",
        Status::Busy | Status::NoAnswer | Status::Failed => "disc bad",
        Status::Canceled => "disc",
    }
}

pub fn direction_word(locale: Locale, direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => td_string!(locale, history.direction.outbound),
        Direction::Inbound => td_string!(locale, history.direction.inbound),
    }
}

/// What there is to say of the recording, where it cannot be played (yet). `recorded` is whether this installation records calls.
pub fn recording_words(locale: Locale, call: &CallView, recorded: bool) -> Option<&'static str> {
    let talked =
        call.status == Status::Completed && call.duration_secs.is_some_and(|seconds| seconds > 0);
    match call.recording.as_ref().map(|recording| recording.status) {
        Some(RecordingStatus::Completed) => None,
        Some(RecordingStatus::InProgress) if !call.status.is_terminal() => {
            Some(td_string!(locale, recording.recording_now))
        }
        Some(RecordingStatus::InProgress | RecordingStatus::Processing) => {
            Some(td_string!(locale, recording.on_its_way))
        }
        Some(RecordingStatus::Absent) => Some(td_string!(locale, recording.absent)),
        Some(RecordingStatus::Failed) => Some(td_string!(locale, recording.failed)),
        Some(RecordingStatus::Deleted) => Some(td_string!(locale, recording.deleted)),
        None if talked && recorded => Some(td_string!(locale, recording.missing)),
        None => None,
    }
}
