//! What the evidence comes to: status, times and duration, by the contract's precedence.

use super::{Evidence, Origin, Status, evidence::End};
use crate::domain::{call::Direction, view::Reason};

/// What people see of a call's progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub direction: Direction,
    pub status: Status,
    pub reason: Option<Reason>,
    pub answered_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// Talk time; `None` until the end, 0 if it was never answered.
    pub duration_secs: Option<i64>,
}

impl Outcome {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let facts = Facts::of(evidence);
        let origin = evidence.origin.as_ref().map(|origin| origin.value);
        let end = facts.end();
        let (status, reason) = end.map_or((facts.progress(), None), |end| (end.status, end.reason));
        let started_at = evidence.started_at();
        let talked = matches!(status, Status::InProgress | Status::Completed);
        let customer = facts.customer();
        let duration = customer.end.duration_secs.or(evidence.dial.duration_secs);
        let answered = customer.answered_at.or_else(|| {
            let ended_at = end?.at;
            duration
                .filter(|secs| *secs > 0)
                .map(|secs| ended_at.saturating_sub(secs.saturating_mul(1000)))
        });
        // Two clocks are at work, ours and Twilio's: what came later is not shown as earlier.
        let answered_at = answered.filter(|_| talked).map(|at| at.max(started_at));
        let ended_at = end.map(|end| end.at.max(answered_at.unwrap_or(started_at)));
        let duration_secs = end.map(|end| match (talked, duration, answered) {
            (false, ..) => 0,
            (true, Some(secs), _) => secs,
            (true, None, Some(answered)) => end.at.saturating_sub(answered).max(0) / 1000,
            (true, None, None) => 0,
        });
        let direction = if origin == Some(Origin::Inbound) {
            Direction::Inbound
        } else {
            Direction::Outbound
        };
        Self {
            direction,
            status,
            reason,
            answered_at,
            ended_at,
            duration_secs,
        }
    }
}

/// Has it ended so that Twilio still has something to tell: by its parent leg's word alone, where another leg was dialled, or after a talk
/// of which nobody said how long it was?
pub(super) fn is_unsure(evidence: &Evidence) -> bool {
    let facts = Facts::of(evidence);
    let Some(end) = facts.end() else {
        return false;
    };
    let (child, dial) = (&evidence.child, &evidence.dial);
    let dialled = evidence.dialled || child.seen;
    let by_parent = evidence.parent.end.status.is_some()
        && child.end.status.or(dial.status).is_none()
        && dialled;
    let measured = facts.customer().end.duration_secs.or(dial.duration_secs);
    by_parent || end.status == Status::Completed && measured.is_none()
}

#[derive(Clone, Copy)]
struct Ended {
    status: Status,
    at: i64,
    reason: Option<Reason>,
}

struct Facts<'a> {
    evidence: &'a Evidence,
    /// The customer is the child leg; otherwise the parent leg, and the child is the agent's.
    from_page: bool,
}

impl<'a> Facts<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        // Of a call of unknown origin that has no child leg, all that can be followed is the one leg there is.
        let origin = evidence.origin.as_ref().map(|origin| origin.value);
        let from_page = match origin {
            Some(origin) => origin == Origin::Page,
            None => evidence.child.seen || evidence.dial.status.is_some(),
        };
        Self {
            evidence,
            from_page,
        }
    }
    fn customer(&self) -> &super::evidence::LegEvidence {
        if self.from_page {
            &self.evidence.child
        } else {
            &self.evidence.parent
        }
    }

    /// How far it has got, while it has not ended.
    fn progress(&self) -> Status {
        let (customer, child) = (self.customer(), &self.evidence.child);
        if customer.answered_at.or(child.answered_at).is_some() {
            Status::InProgress
        } else if customer.ringing {
            Status::Ringing
        } else {
            Status::Initiated
        }
    }

    /// The strongest source that says that it ended.
    fn end(&self) -> Option<Ended> {
        let evidence = self.evidence;
        let refusal = || {
            evidence.refused.as_ref().map(|refused| Ended {
                status: Status::Failed,
                at: refused.at,
                reason: Some(refused.reason),
            })
        };
        // An agent who made the call can do no more than make it again.
        let not_bridged = || {
            evidence.not_bridged_at.map(|at| Ended {
                status: Status::Failed,
                at,
                reason: evidence.agent.as_ref().map(|_| Reason::ServerBusy),
            })
        };
        let failed = |at| Ended {
            status: Status::Failed,
            at,
            reason: None,
        };
        self.said(&evidence.child.end, Self::of_child)
            .or_else(|| self.said(&evidence.dial, Self::of_child))
            .or_else(refusal)
            .or_else(not_bridged)
            .or_else(|| evidence.abandoned_at.map(failed))
            .or_else(|| self.said(&evidence.parent.end, Self::of_parent))
            .or_else(|| evidence.unreached_at.map(failed))
    }

    fn said(
        &self,
        end: &End,
        means: fn(&Self, Status) -> (Status, Option<Reason>),
    ) -> Option<Ended> {
        let (status, reason) = means(self, end.status?);
        Some(Ended {
            status,
            at: end.at?,
            reason,
        })
    }

    /// The child leg ended so, by its own callback or as `<Dial>` saw it.
    fn of_child(&self, status: Status) -> (Status, Option<Reason>) {
        let gave_up = self.evidence.dial.status == Some(Status::Canceled);
        match status {
            Status::Completed => (Status::Completed, None),
            // Whatever Twilio calls the leg that nobody waited for.
            _ if gave_up || self.hung_up_while_ringing() => (Status::Canceled, None),
            Status::Canceled => (Status::Canceled, None),
            _ if !self.from_page => (Status::Failed, Some(Reason::AgentNoAnswer)),
            status => (status, carrier(status)),
        }
    }

    fn of_parent(&self, status: Status) -> (Status, Option<Reason>) {
        let evidence = self.evidence;
        match status {
            _ if evidence.child.answered_at.is_some() => (Status::Completed, None),
            _ if self.hung_up_while_ringing() => (Status::Canceled, None),
            Status::Completed if self.never_joined() => (Status::Failed, None),
            Status::Completed if !self.from_page => (Status::Completed, None),
            Status::Completed if evidence.dialled || evidence.child.seen => {
                (Status::Canceled, None)
            }
            Status::Completed => (Status::Failed, None),
            status => (status, carrier(status)),
        }
    }

    /// A call that we made and for which we then never dialled the agent: the customer was asked to the telephone for nothing, even where
    /// the apology itself could not be stored.
    fn never_joined(&self) -> bool {
        let evidence = self.evidence;
        !self.from_page
            && evidence.begun_at.is_some()
            && !evidence.dialled
            && !evidence.child.seen
            && evidence.dial.status.is_none()
    }

    fn hung_up_while_ringing(&self) -> bool {
        self.evidence.agent_hung_up_at.is_some() && self.evidence.child.answered_at.is_none()
    }
}

fn carrier(status: Status) -> Option<Reason> {
    (status == Status::Failed).then_some(Reason::CarrierFailed)
}
