//! What may be reported of a call, by Twilio, by the browser or by ourselves.

use super::Status;
use crate::domain::{
    recording::RecordingStatus,
    sid::{CallSid, RecordingSid},
    view::Reason,
};

/// One report. Two with the same leg, kind and key are the same report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The call's identity: the parent leg.
    pub call: CallSid,
    /// The leg that it is about.
    pub leg: CallSid,
    /// With `leg` and [`Fact::kind`], what makes it unique.
    pub key: String,
    /// When it happened, by whoever reports it; milliseconds since 1970.
    pub at: i64,
    /// When we heard of it.
    pub received_at: i64,
    pub fact: Fact,
    /// The parameters as received, for the log. Never a secret.
    pub params: Vec<(String, String)>,
}

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The agent's browser asked to call, and we answered with TwiML that dials.
    Placed(Direct),
    /// The agent's browser asked to call, and we answered with TwiML that says why not.
    Refused(Direct, Reason),
    /// We asked Twilio to ring the customer (`makeCall`).
    Made(Direct),
    /// We answered the customer's leg of a `makeCall` with TwiML that dials the agent's browser.
    Bridged,
    /// We answered the customer's leg of a `makeCall` with an apology: the agent's browser could not be dialled.
    NotBridged,
    /// The status of one leg.
    Leg(Leg),
    /// What became of the `<Dial>`: of the child leg, as the parent saw it.
    Dial {
        child: Option<CallSid>,
        status: Option<Status>,
        duration_secs: Option<i64>,
    },
    /// Where a recording stands.
    Recording {
        sid: Option<RecordingSid>,
        status: Option<RecordingStatus>,
        duration_secs: Option<i64>,
        channels: Option<i64>,
        source: Option<String>,
        started_at: Option<i64>,
    },
    /// Somebody began to hear the recording; changes nothing.
    Played,
    /// The agent hung up before anybody had answered.
    AgentHungUp,
    /// The page had let go of its attempt before Twilio asked what to do with it: we answered with TwiML that hangs up.
    Abandoned(Direct),
    /// The agent's browser saw the call end badly, and nothing of it had reached us. It had begun at `began_at`.
    Unreached { direct: Direct, began_at: i64 },
    /// The agent's browser saw the call end badly, and we know which call that is.
    Reported { direct: Direct, began_at: i64 },
    /// Noted in the log; changes nothing.
    Noted,
    /// What Twilio's API said when it was asked why the call ended; changes nothing.
    Inquired,
}

/// Who calls whom, as far as we decide it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Direct {
    /// The agent's client identity, without `client:`.
    pub agent: Option<String>,
    pub from: String,
    pub to: String,
    /// The SID that stands for the page's attempt until Twilio's is known; made of the name that the page gave it.
    pub attempt: Option<CallSid>,
}

/// Which leg of a call a status is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Parent,
    Child,
}

/// The status of one leg, as Twilio reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub side: Side,
    /// `None` where Twilio said something that we do not know.
    pub status: Option<Status>,
    /// `CallDuration`
    pub duration_secs: Option<i64>,
    /// `From`, `To` and `Direction` as received; empty where missing.
    pub from: String,
    pub to: String,
    pub direction: String,
}

impl Fact {
    /// The kind of event that the log shows; part of what makes an event unique.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Placed(_) | Fact::Refused(..) | Fact::Abandoned(_) => "outbound",
            Fact::Made(_) => "made",
            Fact::Bridged => "bridge",
            Fact::NotBridged => "not_bridged",
            Fact::Leg(_) => "status",
            Fact::Dial { .. } => "dial",
            Fact::Recording { .. } => "recording",
            Fact::Played => "played",
            Fact::AgentHungUp => "hangup",
            Fact::Unreached { .. } | Fact::Reported { .. } | Fact::Noted => "diagnostics",
            Fact::Inquired => "inquiry",
        }
    }
}

/// Under this name the log of a call says what we answered Twilio.
pub const ANSWER: &str = "almasar_answer";

impl Event {
    /// Is this the same report?
    pub fn repeats(&self, other: &Self) -> bool {
        let identity = |event: &Self| (event.leg.clone(), event.fact.kind(), event.key.clone());
        identity(self) == identity(other)
    }

    /// Twilio asks what to do with a call that its page has let go of: nobody is dialled.
    pub fn abandon(&mut self) {
        if let Fact::Placed(direct) = &self.fact {
            self.fact = Fact::Abandoned(direct.clone());
            self.params.push((ANSWER.to_owned(), "hangup".to_owned()));
        }
    }

    /// An event of ours, of which a call has one at most.
    pub fn ours(call: &CallSid, fact: Fact, now: i64) -> Self {
        let key = fact.kind().to_owned();
        Self {
            call: call.clone(),
            leg: call.clone(),
            key,
            at: now,
            received_at: now,
            fact,
            params: Vec::new(),
        }
    }

    /// The agent pressed Hang up before the customer had answered.
    pub fn agent_hung_up(call: &CallSid, now: i64) -> Self {
        Self::ours(call, Fact::AgentHungUp, now)
    }

    /// `makeCall`: Twilio has taken our request to ring `to`, for the agent whose identity is `agent`.
    pub fn made(call: &CallSid, agent: &str, from: &str, to: &str, now: i64) -> Self {
        let direct = Direct {
            agent: Some(agent.to_owned()),
            from: from.to_owned(),
            to: to.to_owned(),
            attempt: None,
        };
        Self::ours(call, Fact::Made(direct), now)
    }
}
