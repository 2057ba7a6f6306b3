//! A call as the contract's JSON shows it: the list, the stream of changes and the rows share this one shape.

use super::{
    call::{Direction, Status},
    recording::RecordingStatus,
    sid::{CallSid, RecordingSid},
};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::Error},
};

/// One call. Times are RFC 3339 UTC; durations are seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallView {
    /// The parent leg's SID: the call's identity.
    pub sid: CallSid,
    pub direction: Direction,
    pub agent: Option<AgentView>,
    /// E.164, or as received where it was no number.
    pub from: String,
    pub to: String,
    pub status: Status,
    pub started_at: String,
    pub answered_at: Option<String>,
    pub ended_at: Option<String>,
    /// Talk time from `answered_at`; 0 if never answered, null until ended.
    pub duration_secs: Option<i64>,
    pub child_sid: Option<CallSid>,
    pub recording: Option<RecordingView>,
    /// Why it was not dialled or did not come about, as a key that the page has words for (`locales`: `reason.*`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The SID under which a browser's report of this call may have been shown before Twilio named it: there is no such call any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<CallSid>,
    /// Why it ended badly, where more is known than `reason` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseView>,
}

/// Why a call ended, in the language of whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseView {
    /// Which cause, for machines: `app_elsewhere`, `sdk_53405`, …
    pub id: String,
    /// The cause, in a sentence.
    pub title: String,
    /// What to do about it; empty where there is nothing to do.
    pub remedy: String,
    /// Where it is mended, for those who may mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordingView {
    /// Absent from a recording that never came to be.
    pub sid: Option<RecordingSid>,
    pub status: RecordingStatus,
    pub duration_secs: Option<i64>,
    pub channels: Option<i64>,
    /// Which channel (1 or 2) carries the agent; the other carries the customer.
    #[serde(default)]
    pub agent_channel: i64,
}

/// Why a call was refused or could not be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No number was given.
    NumberMissing,
    /// What was given is no phone number.
    NumberInvalid,
    /// The country is not among `ALLOWED_COUNTRIES`.
    CountryNotAllowed,
    /// Premium-rate, shared-cost or satellite.
    NumberCostly,
    /// Emergency or short codes.
    NumberShort,
    /// The caller's identity is no user of ours, or a disabled one.
    CallerUnknown,
    /// `TWILIO_CALLER_ID` is not set.
    CallerIdMissing,
    /// The call could not be stored in time.
    ServerBusy,
    /// The agent's browser did not answer.
    AgentNoAnswer,
    /// Twilio could not carry the call (its `failed`).
    CarrierFailed,
}

impl Reason {
    /// The reason that has this key.
    pub fn named(key: &str) -> Option<Self> {
        Self::deserialize(IntoDeserializer::<Error>::into_deserializer(key)).ok()
    }
}

/// How far a Fetch Recordings has come: `event: fetch` of the stream, and the answer of the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FetchProgress {
    /// Recordings looked at so far.
    pub checked: i64,
    /// Of those, the ones that were missing here.
    pub added: i64,
    #[serde(default)]
    pub done: bool,
}
