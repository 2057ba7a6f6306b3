//! Which call an event is about, where it does not say so itself: decided in the writer's transaction, so that a report and a callback that
//! come at once, through whichever server, find each other. `domain::call::attempt` says which calls are one.

use super::{
    Result,
    connection::{Connection, on},
    inbox::Known,
};
use crate::domain::{
    call::{
        Call, Direct, Event, Fact, Leg, Side,
        attempt::{LONGEST_MS, NEAR_MS, same},
    },
    sid::CallSid,
};
use std::{borrow::Cow, collections::HashMap};

type Calls = HashMap<CallSid, Known>;

/// Does this event look for its call? Then it is taken in by itself, after all that came before it.
pub(super) fn seeks(event: &Event) -> bool {
    matches!(event.fact, Fact::Unreached { .. } | Fact::Inquired)
}

/// The calls that an event may be about, as far as it names them.
pub(super) fn sids(event: &Event) -> impl Iterator<Item = &str> {
    let attempt = match &event.fact {
        Fact::Placed(direct) | Fact::Refused(direct, _) => direct.attempt.as_ref(),
        _ => None,
    };
    std::iter::once(event.call.as_str()).chain(attempt.map(CallSid::as_str))
}

/// What [`settle`] has found.
pub(super) struct Settled<'e> {
    /// Each with the call that it is about.
    pub events: Cow<'e, [Event]>,
    /// The calls of which an attempt has become part.
    pub joined: Vec<CallSid>,
}

/// Finds the calls that these events are about. `calls` are those that they name; what was reported under the SID of an attempt, and
/// turns out to be one of these, becomes part of it.
pub(super) async fn settle<'e>(
    c: &mut Connection<'_>,
    events: &'e [Event],
    calls: &mut Calls,
) -> Result<Settled<'e>> {
    let mut events = Cow::Borrowed(events);
    let mut joined = Vec::new();
    for n in 0..events.len() {
        match &events[n].fact {
            Fact::Placed(direct) | Fact::Refused(direct, _) => {
                let attempt = direct.attempt.as_ref();
                if let Some(attempt) = attempt.and_then(|attempt| calls.get(attempt)).cloned() {
                    let call = events[n].call.clone();
                    events.to_mut()[n].abandon();
                    become_part(c, attempt, &call, calls).await?;
                    joined.push(call);
                }
            }
            Fact::Leg(leg) if may_be_unplaced(leg) => {
                let event = events[n].clone();
                let alone = events
                    .iter()
                    .all(|other| other.call != event.call || other.repeats(&event));
                if alone && let Some(attempt) = attempt_at(c, &event, calls).await? {
                    become_part(c, attempt, &event.call, calls).await?;
                    joined.push(event.call);
                }
            }
            Fact::Unreached { direct, began_at } => {
                let (direct, began_at) = (direct.clone(), *began_at);
                if let Some(known) = reported(c, &events[n], &direct, calls).await? {
                    let sid = known.call.sid.clone();
                    let event = &mut events.to_mut()[n];
                    // Of a call that it names the page tells us nothing about who takes part.
                    let direct = if sid == event.call {
                        Direct {
                            attempt: direct.attempt,
                            ..Direct::default()
                        }
                    } else {
                        direct
                    };
                    event.call = sid.clone();
                    event.fact = Fact::Reported { direct, began_at };
                    calls.insert(sid, known);
                }
            }
            Fact::Inquired if !calls.contains_key(&events[n].call) => {
                if let Some(known) = named(c, &events[n].call).await? {
                    let sid = known.call.sid.clone();
                    events.to_mut()[n].call = sid.clone();
                    calls.insert(sid, known);
                }
            }
            _ => {}
        }
    }
    Ok(Settled { events, joined })
}

/// The end of a page's leg: of one that we were never asked about, perhaps.
fn may_be_unplaced(leg: &Leg) -> bool {
    leg.side == Side::Parent
        && leg.from.starts_with("client:")
        && leg.status.is_some_and(|status| status.is_terminal())
}

/// The attempt that this callback is about, where nothing but callbacks has told of its call.
async fn attempt_at(c: &mut Connection<'_>, event: &Event, calls: &Calls) -> Result<Option<Known>> {
    let known = calls.get(&event.call).map(|known| &known.call);
    if known.is_some_and(|call| !call.is_unnamed() || call.evidence.begun_at.is_some()) {
        return Ok(None);
    }
    let mut call = known
        .cloned()
        .unwrap_or_else(|| Call::new(event.call.clone()));
    call.apply(event);
    same_as(c, &call).await
}

/// The call that a browser reports, where there is more of it than such reports.
async fn reported(
    c: &mut Connection<'_>,
    event: &Event,
    direct: &Direct,
    calls: &Calls,
) -> Result<Option<Known>> {
    if let Some(known) = calls.get(&event.call) {
        return Ok((!known.call.is_attempt()).then(|| known.clone()));
    }
    if direct.attempt.as_ref() != Some(&event.call) {
        return Ok(None);
    }
    if let Some(known) = named(c, &event.call).await? {
        return Ok(Some(known));
    }
    let mut attempt = Call::new(event.call.clone());
    attempt.apply(event);
    same_as(c, &attempt).await
}

/// The call that this attempt has become.
async fn named(c: &mut Connection<'_>, attempt: &CallSid) -> Result<Option<Known>> {
    const SQL: &str =
        "select sid, change, evidence from calls where attempt = $1 order by sid limit 1";
    let row: Option<_> = on!(c, c => sqlx::query_as(SQL).bind(attempt.as_str()).fetch_optional(c));
    row.map(Known::read).transpose()
}

/// The one of this call's agent's calls of about that time that is surely the same.
async fn same_as(c: &mut Connection<'_>, call: &Call) -> Result<Option<Known>> {
    const SQL: &str = "select sid, change, evidence from calls where agent_identity = $1 and started_at >= $2 and started_at <= $3
        order by started_at desc, sid limit 64";
    let Some(agent) = &call.evidence.agent else {
        return Ok(None);
    };
    let started_at = call.evidence.started_at();
    let ended_at = call.outcome().ended_at.unwrap_or(started_at);
    let (from, to) = (started_at - LONGEST_MS - NEAR_MS, ended_at + NEAR_MS);
    let rows: Vec<_> =
        on!(c, c => sqlx::query_as(SQL).bind(&agent.value).bind(from).bind(to).fetch_all(c));
    let around: Vec<Known> = rows.into_iter().map(Known::read).collect::<Result<_>>()?;
    let found = same(call, around.iter().map(|known| &known.call));
    let found = found.map(|found| found.sid.clone());
    Ok(around
        .into_iter()
        .find(|known| Some(&known.call.sid) == found.as_ref()))
}

/// What was reported under the attempt's SID is this call's from now on, and the attempt is no call of its own any more. The events keep the
/// SID that they came under, so that one that is repeated is known again.
async fn become_part(
    c: &mut Connection<'_>,
    attempt: Known,
    call: &CallSid,
    calls: &mut Calls,
) -> Result<()> {
    const EVENTS: &str = "update events set call_sid = $2 where call_sid = $1";
    const ATTEMPT: &str = "delete from calls where sid = $1";
    let attempt = attempt.call;
    let sid = attempt.sid.as_str();
    on!(c, c => async { sqlx::query(EVENTS).bind(sid).bind(call.as_str()).execute(c).await.map(drop) });
    on!(c, c => async { sqlx::query(ATTEMPT).bind(sid).execute(c).await.map(drop) });
    calls.remove(&attempt.sid);
    calls
        .entry(call.clone())
        .or_insert_with(|| Known::new(call.clone()))
        .call
        .absorb(&attempt);
    Ok(())
}
