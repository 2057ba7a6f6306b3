//! What is known of a call. Every field only grows, by a join that does not care for order or repetition (a maximum, a minimum, the
//! first of a rank): so the order and the number of the events cannot matter.

use super::{Direct, Event, Fact, Leg, Origin, Side, Status};
use crate::domain::{recording::RecordingStatus, sid::CallSid, view::Reason};
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

/// All that has been reported, joined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The surest origin heard of.
    #[serde(skip_serializing_if = "is_unknown", deserialize_with = "if_known")]
    pub origin: Option<Ranked<Origin>>,
    /// The agent's client identity.
    #[serde(skip_serializing_if = "is_unknown")]
    pub agent: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub from: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub to: Option<Ranked<String>>,
    /// When we first had to do with it ourselves, …
    #[serde(skip_serializing_if = "is_unknown")]
    pub begun_at: Option<i64>,
    /// … or somebody first reported it.
    #[serde(skip_serializing_if = "is_unknown")]
    pub reported_at: Option<i64>,
    /// We answered with TwiML that dials.
    #[serde(skip_serializing_if = "is_unknown")]
    pub dialled: bool,
    #[serde(skip_serializing_if = "is_unknown", deserialize_with = "if_known")]
    pub refused: Option<Refused>,
    /// We apologised to the customer of a `makeCall`, rather than dial the agent.
    #[serde(skip_serializing_if = "is_unknown")]
    pub not_bridged_at: Option<i64>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub agent_hung_up_at: Option<i64>,
    /// The browser's report of a call that never reached us.
    #[serde(skip_serializing_if = "is_unknown")]
    pub unreached_at: Option<i64>,
    /// The SID that stands for the page's attempt; its own where Twilio has named no call for that.
    #[serde(skip_serializing_if = "is_unknown")]
    pub attempt: Option<CallSid>,
    /// Twilio asked for TwiML when the page had let go already.
    #[serde(skip_serializing_if = "is_unknown")]
    pub abandoned_at: Option<i64>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub parent: LegEvidence,
    #[serde(skip_serializing_if = "is_unknown")]
    pub child: LegEvidence,
    #[serde(skip_serializing_if = "is_unknown")]
    pub child_sid: Option<CallSid>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub dial: End,
    /// The status of a recording that has no SID.
    #[serde(skip_serializing_if = "is_unknown", deserialize_with = "if_known")]
    pub recording: Option<RecordingStatus>,
}

/// What nothing has been heard of is not written: the row is a third as long, and it is written often.
fn is_unknown<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A word that a later version wrote, and this one does not know, is passed over: an upgrade may be taken back.
fn if_known<'de, D, T>(text: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Word<T> {
        Known(T),
        Unknown(IgnoredAny),
    }
    Ok(match Word::deserialize(text)? {
        Word::Known(value) => Some(value),
        Word::Unknown(IgnoredAny) => None,
    })
}

/// A value and how far its source is to be trusted; more wins, and among equals the greater value, so that order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ranked<T> {
    pub rank: u8,
    pub value: T,
}

/// Our refusal to dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub at: i64,
    pub reason: Reason,
}

/// What one leg went through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LegEvidence {
    #[serde(skip_serializing_if = "is_unknown")]
    pub seen: bool,
    #[serde(skip_serializing_if = "is_unknown")]
    pub ringing: bool,
    #[serde(skip_serializing_if = "is_unknown")]
    pub answered_at: Option<i64>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub end: End,
}

/// How a leg, or a `<Dial>`, ended; empty while it has not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    #[serde(skip_serializing_if = "is_unknown", deserialize_with = "if_known")]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub at: Option<i64>,
    #[serde(skip_serializing_if = "is_unknown")]
    pub duration_secs: Option<i64>,
}

/// What we say ourselves outranks what Twilio says of the child leg, and that what it says of the parent leg.
const OURS: u8 = 3;
const CHILD: u8 = 2;
const PARENT: u8 = 1;

impl Evidence {
    /// Has anything been reported?
    pub fn seen(&self) -> bool {
        self.begun_at.is_some() || self.reported_at.is_some()
    }

    pub fn started_at(&self) -> i64 {
        self.begun_at.or(self.reported_at).unwrap_or_default()
    }

    /// Who takes part, as people see it.
    pub fn parties(&self) -> impl PartialEq + '_ {
        (
            &self.agent,
            &self.from,
            &self.to,
            &self.child_sid,
            self.recording,
            self.started_at(),
            &self.origin,
        )
    }

    pub(super) fn take(&mut self, event: &Event) {
        let at = event.at;
        match &event.fact {
            Fact::Placed(direct) => {
                self.direct(direct, Origin::Page, at);
                self.dialled = true;
            }
            Fact::Refused(direct, reason) => {
                self.direct(direct, Origin::Page, at);
                let refused = Refused {
                    at,
                    reason: *reason,
                };
                // Our first refusal is the one that was spoken.
                if self
                    .refused
                    .as_ref()
                    .is_none_or(|known| (at, *reason as u8) < (known.at, known.reason as u8))
                {
                    self.refused = Some(refused);
                }
            }
            Fact::Made(direct) => self.direct(direct, Origin::Rest, at),
            Fact::Abandoned(direct) => {
                self.direct(direct, Origin::Page, at);
                first(&mut self.abandoned_at, at);
            }
            Fact::Unreached { direct, began_at } => {
                self.direct(direct, Origin::Page, *began_at);
                first(&mut self.unreached_at, at);
            }
            Fact::Reported { direct, began_at } => self.reported(direct, *began_at),
            Fact::Bridged => {
                raise(&mut self.origin, OURS, Origin::Rest);
                self.dialled = true;
                first(&mut self.reported_at, at);
            }
            Fact::NotBridged => {
                raise(&mut self.origin, OURS, Origin::Rest);
                first(&mut self.not_bridged_at, at);
                first(&mut self.reported_at, at);
            }
            Fact::Leg(leg) => self.leg(leg, &event.leg, at),
            Fact::Dial {
                child,
                status,
                duration_secs,
            } => {
                self.child(child.as_ref());
                self.dial.take(
                    status.filter(|status| status.is_terminal()),
                    at,
                    *duration_secs,
                );
                first(&mut self.reported_at, at);
            }
            Fact::Recording { sid, status, .. } => {
                if let (None, Some(status)) = (sid, status)
                    && self
                        .recording
                        .is_none_or(|known| known.rank() < status.rank())
                {
                    self.recording = Some(*status);
                }
                first(&mut self.reported_at, at);
            }
            Fact::Played => {}
            Fact::AgentHungUp => {
                first(&mut self.agent_hung_up_at, at);
                first(&mut self.reported_at, at);
            }
            Fact::Noted | Fact::Inquired => first(&mut self.reported_at, at),
        }
    }

    /// What a browser reported of this call under the SID that stood for its attempt: as if it had been reported of this call.
    pub(super) fn absorb(&mut self, attempt: &Evidence) {
        let text = |ranked: &Option<Ranked<String>>| {
            ranked
                .as_ref()
                .map(|ranked| ranked.value.clone())
                .unwrap_or_default()
        };
        let direct = Direct {
            agent: attempt.agent.as_ref().map(|agent| agent.value.clone()),
            from: text(&attempt.from),
            to: text(&attempt.to),
            attempt: attempt.attempt.clone(),
        };
        self.reported(&direct, attempt.started_at());
    }

    /// A page knows no more than Twilio does of the parent leg, and less than we do.
    fn reported(&mut self, direct: &Direct, began_at: i64) {
        self.name(direct);
        if let Some(agent) = &direct.agent {
            raise(&mut self.agent, PARENT, agent.clone());
        }
        for (known, text) in [(&mut self.from, &direct.from), (&mut self.to, &direct.to)] {
            if !text.is_empty() {
                raise(known, PARENT, text.clone());
            }
        }
        first(&mut self.reported_at, began_at);
    }

    fn name(&mut self, direct: &Direct) {
        if let Some(attempt) = direct
            .attempt
            .as_ref()
            .filter(|attempt| self.attempt.as_ref().is_none_or(|known| *attempt < known))
        {
            self.attempt = Some(attempt.clone());
        }
    }

    fn direct(&mut self, direct: &Direct, origin: Origin, at: i64) {
        self.name(direct);
        raise(&mut self.origin, OURS, origin);
        if let Some(agent) = &direct.agent {
            raise(&mut self.agent, OURS, agent.clone());
        }
        raise(&mut self.from, OURS, direct.from.clone());
        raise(&mut self.to, OURS, direct.to.clone());
        first(&mut self.begun_at, at);
    }

    fn leg(&mut self, leg: &Leg, sid: &CallSid, at: i64) {
        first(&mut self.reported_at, at);
        let client = |text: &str| text.strip_prefix("client:").map(str::to_owned);
        let (rank, origin, agent) = match leg.side {
            Side::Parent => match leg.direction.as_str() {
                _ if leg.from.starts_with("client:") => {
                    (PARENT, Some(Origin::Page), client(&leg.from))
                }
                "inbound" => (PARENT, Some(Origin::Inbound), None),
                "outbound-api" => (PARENT, Some(Origin::Rest), None),
                _ => (PARENT, None, None),
            },
            // The child of a call from the page is a telephone; an agent's browser is the child of any other.
            Side::Child if leg.to.starts_with("client:") => {
                (PARENT, Some(Origin::Inbound), client(&leg.to))
            }
            Side::Child if !leg.to.is_empty() => (CHILD, Some(Origin::Page), None),
            Side::Child => (CHILD, None, None),
        };
        if let Some(origin) = origin {
            raise(&mut self.origin, PARENT, origin);
        }
        if let Some(agent) = agent {
            raise(&mut self.agent, PARENT, agent);
        }
        // The agent's browser is nobody that a customer could be called from or called at.
        for (known, text) in [(&mut self.from, &leg.from), (&mut self.to, &leg.to)] {
            let rank = if text.starts_with("client:") { 0 } else { rank };
            if !text.is_empty() {
                raise(known, rank, text.clone());
            }
        }
        let evidence = match leg.side {
            Side::Parent => &mut self.parent,
            Side::Child => &mut self.child,
        };
        evidence.take(leg, at);
        if leg.side == Side::Child {
            self.child(Some(sid));
        }
    }

    fn child(&mut self, sid: Option<&CallSid>) {
        if let Some(sid) =
            sid.filter(|sid| self.child_sid.as_ref().is_none_or(|known| *sid < known))
        {
            self.child_sid = Some(sid.clone());
        }
    }
}

impl LegEvidence {
    fn take(&mut self, leg: &Leg, at: i64) {
        self.seen = true;
        match leg.status {
            Some(Status::Ringing) => self.ringing = true,
            Some(Status::InProgress) => first(&mut self.answered_at, at),
            Some(status) if status.is_terminal() => {
                self.end.take(Some(status), at, leg.duration_secs)
            }
            _ => {}
        }
    }
}

impl End {
    /// Of two ends of the same leg the better founded wins: somebody talked, or at least the far end said something.
    fn take(&mut self, status: Option<Status>, at: i64, duration_secs: Option<i64>) {
        let Some(status) = status else { return };
        let weight = |status: Status| Status::ALL.iter().rev().position(|known| *known == status);
        if self
            .status
            .is_none_or(|known| weight(known) < weight(status))
        {
            self.status = Some(status);
        }
        first(&mut self.at, at);
        self.duration_secs = self.duration_secs.max(duration_secs);
    }
}

fn first(known: &mut Option<i64>, at: i64) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

fn raise<T: Ord>(known: &mut Option<Ranked<T>>, rank: u8, value: T) {
    let new = Ranked { rank, value };
    if known.as_ref().is_none_or(|known| *known < new) {
        *known = Some(new);
    }
}
