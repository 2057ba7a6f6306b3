//! A call, and what each thing that is reported does to it.
//!
//! [`Call::apply`] takes events in any order, any number of times: it keeps [`Evidence`] that only grows, and the call's status, times
//! and duration are read from that by the contract's precedence (`outcome`).

pub mod attempt;
mod event;
mod evidence;
mod outcome;
#[cfg(test)]
mod tests;

pub use event::{ANSWER, Direct, Event, Fact, Leg, Side};
pub use evidence::{End, Evidence, LegEvidence, Ranked};
pub use outcome::Outcome;

use super::sid::CallSid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Who called whom; not Twilio's leg direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Outbound,
    Inbound,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Outbound => "outbound",
            Direction::Inbound => "inbound",
        }
    }
}

/// Where a call came from, which says which leg is the customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The agent's browser called: the parent leg is the agent's, the child leg the customer's.
    Page,
    /// Somebody called our number: the parent leg is the customer's.
    Inbound,
    /// We rang the customer by REST (`makeCall`), then the agent: the parent leg is the customer's, the child leg the agent's.
    Rest,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Page => "page",
            Origin::Inbound => "inbound",
            Origin::Rest => "rest",
        }
    }
}

/// Where a call stands. Twilio's `queued` is `Initiated` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Initiated,
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
    Failed,
    Canceled,
}

impl Status {
    pub const ALL: [Status; 8] = [
        Status::Initiated,
        Status::Ringing,
        Status::InProgress,
        Status::Completed,
        Status::Busy,
        Status::NoAnswer,
        Status::Failed,
        Status::Canceled,
    ];

    pub fn is_terminal(self) -> bool {
        !matches!(
            self,
            Status::Initiated | Status::Ringing | Status::InProgress
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Initiated => "initiated",
            Status::Ringing => "ringing",
            Status::InProgress => "in-progress",
            Status::Completed => "completed",
            Status::Busy => "busy",
            Status::NoAnswer => "no-answer",
            Status::Failed => "failed",
            Status::Canceled => "canceled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        if text == "queued" {
            return Ok(Status::Initiated);
        }
        Status::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or(UnknownStatus)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a call status that Twilio has")]
pub struct UnknownStatus;

/// A call: who it is, and what has been reported of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The parent leg's SID.
    pub sid: CallSid,
    pub evidence: Evidence,
}

/// What applying an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// More is known, and everything that people see is as it was.
    Evidence,
    /// People see something else now.
    Visible,
}

impl Call {
    pub fn new(sid: CallSid) -> Self {
        Self {
            sid,
            evidence: Evidence::default(),
        }
    }

    /// Takes in what was reported. `None`: it was known already.
    pub fn apply(&mut self, event: &Event) -> Option<Change> {
        let (before, outcome) = (self.evidence.clone(), self.outcome());
        self.evidence.take(event);
        if self.evidence == before {
            return None;
        }
        let same = outcome == self.outcome() && before.parties() == self.evidence.parties();
        Some(if same && before.seen() {
            Change::Evidence
        } else {
            Change::Visible
        })
    }

    /// Takes in what was reported under the SID that stood for the page's attempt at this call.
    pub fn absorb(&mut self, attempt: &Call) {
        self.evidence.absorb(&attempt.evidence);
    }

    /// What it comes to.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(&self.evidence)
    }

    /// It has ended, and Twilio can still say how, or how long it was.
    pub fn is_unsure(&self) -> bool {
        outcome::is_unsure(&self.evidence)
    }
}
