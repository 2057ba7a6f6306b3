//! A call's recording and its states.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where a recording is on its way. `Completed` means playable now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordingStatus {
    InProgress,
    Processing,
    Completed,
    /// Twilio made none: nothing was said, or the call was never answered.
    Absent,
    Failed,
    /// Deleted by retention or at Twilio; the row stays as a tombstone.
    Deleted,
}

impl RecordingStatus {
    /// Later states win over earlier ones, in whatever order their callbacks arrive.
    pub fn rank(self) -> u8 {
        match self {
            RecordingStatus::InProgress => 0,
            RecordingStatus::Processing => 1,
            RecordingStatus::Absent => 2,
            RecordingStatus::Failed => 3,
            RecordingStatus::Completed => 4,
            RecordingStatus::Deleted => 5,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            RecordingStatus::InProgress => "in-progress",
            RecordingStatus::Processing => "processing",
            RecordingStatus::Completed => "completed",
            RecordingStatus::Absent => "absent",
            RecordingStatus::Failed => "failed",
            RecordingStatus::Deleted => "deleted",
        }
    }
}

impl fmt::Display for RecordingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecordingStatus {
    type Err = UnknownRecordingStatus;
    /// Twilio's words, REST's `paused` and `stopped` among them (both go on to be processed).
    fn from_str(text: &str) -> Result<Self, UnknownRecordingStatus> {
        Ok(match text {
            "in-progress" | "paused" => RecordingStatus::InProgress,
            "processing" | "stopped" => RecordingStatus::Processing,
            "completed" => RecordingStatus::Completed,
            "absent" => RecordingStatus::Absent,
            "failed" => RecordingStatus::Failed,
            "deleted" => RecordingStatus::Deleted,
            _ => return Err(UnknownRecordingStatus),
        })
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recording status that Twilio has")]
pub struct UnknownRecordingStatus;
