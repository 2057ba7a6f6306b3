//! May this browser call this number? One durable row and one answer, within a second: an agent is waiting and hears nothing.

use super::{attempt, callbacks, record_event::record};
use crate::{
    domain::{
        call::{Direct, Event, Evidence, Fact},
        phone::PhoneNumber,
        sid::CallSid,
        user::User,
        view::Reason,
    },
    server::{causes::params, clock, error::Result, routes::signed::Arrived, state::AppState},
};
use std::time::Duration;

/// After this the agent is told that the system is busy, rather than left in silence.
const DEADLINE: Duration = Duration::from_secs(1);

/// What Twilio says when a browser calls.
#[derive(Debug, Clone)]
pub struct PlaceRequest {
    pub call_sid: CallSid,
    /// `client:IDENTITY`
    pub from: String,
    /// As typed.
    pub to: String,
    /// For the log.
    pub params: Vec<(String, String)>,
    pub arrived: Arrived,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Dial {
        to: PhoneNumber,
    },
    Refuse {
        reason: Reason,
    },
    /// The page let go of this attempt before Twilio asked: nobody is there to talk to whoever would answer.
    HangUp,
}

/// Decides, stores the call, and answers; a repeated request gets the first one's answer. Never fails: what cannot be stored is refused.
pub async fn place(state: &AppState, request: PlaceRequest) -> Decision {
    let (sid, arrived) = (request.call_sid.clone(), request.arrived);
    let unchecked = direct(state, &request, None);
    match tokio::time::timeout(DEADLINE, decide(state, request)).await {
        Ok(Ok(decision)) => return decision,
        Ok(Err(error)) => {
            tracing::error!(call.sid = %sid, %error, "a call could not be stored, and is not dialled")
        }
        Err(_) => {
            tracing::error!(call.sid = %sid, "a call could not be stored in time, and is not dialled")
        }
    }
    // What was refused aloud must not look dialled, should it be stored after all.
    let fact = Fact::Refused(unchecked, Reason::ServerBusy);
    let event = Event {
        key: "server_busy".to_owned(),
        params: answered("refuse", arrived),
        ..Event::ours(&sid, fact, clock::now())
    };
    record_later(state, event);
    Decision::Refuse {
        reason: Reason::ServerBusy,
    }
}

async fn decide(state: &AppState, request: PlaceRequest) -> Result<Decision> {
    let now = clock::now();
    let identity = request.from.strip_prefix("client:").unwrap_or_default();
    let user = state.store.user_by_identity(identity).await?;
    let checked = match (
        &user,
        state.numbers.check(&request.to),
        &state.config.twilio.caller_id,
    ) {
        (None, ..) => Err(Reason::CallerUnknown),
        (_, Err(reason), _) => Err(reason),
        (_, _, None) => Err(Reason::CallerIdMissing),
        (Some(_), Ok(checked), Some(_)) => Ok(checked.e164),
    };
    let direct = direct(state, &request, checked.as_ref().ok());
    let (word, fact) = match checked {
        Ok(_) => ("dial", Fact::Placed(direct)),
        Err(reason) => ("refuse", Fact::Refused(direct, reason)),
    };
    let mut params = request.params;
    params.extend(answered(word, request.arrived));
    let event = Event {
        params,
        ..Event::ours(&request.call_sid, fact, now)
    };
    let recorded = record(state, event).await?;
    let decision = answer(&recorded.call.evidence);
    let user = user.map(|user| user.id).unwrap_or_default();
    match &decision {
        Decision::Dial { to } => {
            tracing::info!(call.sid = %request.call_sid, %to, user, "WebRTC Direct Call to: {to}")
        }
        Decision::Refuse { reason } => {
            tracing::info!(call.sid = %request.call_sid, to = ?request.to, user, ?reason, "WebRTC Direct Call refused");
        }
        Decision::HangUp => {
            tracing::warn!(call.sid = %request.call_sid, to = ?request.to, user, "Twilio asked for a call that its page had let go of: it is not dialled")
        }
    }
    Ok(decision)
}

/// For the log, as part of the row that is written anyway: what Twilio is answered, and after how long that was known. What the commit
/// takes comes on top; were it to take longer than [`DEADLINE`], another answer would be given, and noted.
pub fn answered(answer: &str, arrived: Arrived) -> Vec<(String, String)> {
    vec![
        (params::ANSWER.to_owned(), answer.to_owned()),
        (params::ANSWER_MS.to_owned(), arrived.ms_ago().to_string()),
    ]
}

/// The answer that was given when the call was stored.
fn answer(evidence: &Evidence) -> Decision {
    let to = evidence
        .to
        .as_ref()
        .and_then(|to| PhoneNumber::parse_e164(&to.value).ok());
    match (&evidence.refused, to) {
        _ if evidence.abandoned_at.is_some() => Decision::HangUp,
        (Some(refused), _) => Decision::Refuse {
            reason: refused.reason,
        },
        (None, Some(to)) => Decision::Dial { to },
        (None, None) => Decision::Refuse {
            reason: Reason::NumberInvalid,
        },
    }
}

fn direct(state: &AppState, request: &PlaceRequest, to: Option<&PhoneNumber>) -> Direct {
    let agent = request.from.strip_prefix("client:").map(callbacks::party);
    let named = request
        .params
        .iter()
        .find(|(name, _)| name == attempt::PARAMETER);
    Direct {
        attempt: agent
            .as_deref()
            .zip(named)
            .and_then(|(agent, (_, name))| attempt::sid(agent, name)),
        agent,
        from: match &state.config.twilio.caller_id {
            Some(caller_id) => caller_id.to_string(),
            None => callbacks::party(&request.from),
        },
        to: to.map_or_else(|| callbacks::party(&request.to), PhoneNumber::to_string),
    }
}

/// `makeCall`: Twilio has taken our request and named the customer's leg. The call is that user's from now on.
pub async fn placed_by_rest(
    state: &AppState,
    user: &User,
    sid: CallSid,
    to: &PhoneNumber,
) -> Result<()> {
    let from = state
        .config
        .twilio
        .caller_id
        .as_ref()
        .map(PhoneNumber::to_string)
        .unwrap_or_default();
    record(
        state,
        Event::made(&sid, &user.identity(), &from, to.as_str(), clock::now()),
    )
    .await
    .map(drop)
}

/// Whose browser is to be rung for a customer who has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Without `client:`.
    pub identity: String,
    /// E.164
    pub customer: String,
}

/// `makeCall`'s customer has answered: whose browser is to be joined? Never fails: `None` is for a customer who hears an apology, since the
/// call is nobody's or could not be read in time; the call has then failed. A repeated request gets the first one's answer.
pub async fn bridge(
    state: &AppState,
    sid: &CallSid,
    params: Vec<(String, String)>,
) -> Option<Bridge> {
    match tokio::time::timeout(DEADLINE, bridged(state, sid, params)).await {
        Ok(Ok(Some(bridge))) => return Some(bridge),
        Ok(Ok(None)) => {
            tracing::warn!(call.sid = %sid, "a customer answered a call that has no agent to join")
        }
        Ok(Err(error)) => {
            tracing::error!(call.sid = %sid, %error, "a customer answered, and the call could not be read")
        }
        Err(_) => {
            tracing::error!(call.sid = %sid, "a customer answered, and the call could not be read in time")
        }
    }
    // The customer's leg will be `completed` all the same: that must not make a conversation of it.
    record_later(state, Event::ours(sid, Fact::NotBridged, clock::now()));
    None
}

async fn bridged(
    state: &AppState,
    sid: &CallSid,
    params: Vec<(String, String)>,
) -> Result<Option<Bridge>> {
    let event = Event {
        params,
        ..Event::ours(sid, Fact::Bridged, clock::now())
    };
    let evidence = record(state, event).await?.call.evidence;
    let agent = evidence.agent.filter(|_| evidence.not_bridged_at.is_none());
    Ok(agent.map(|agent| Bridge {
        identity: agent.value,
        customer: evidence.to.map(|to| to.value).unwrap_or_default(),
    }))
}

/// For what must not keep Twilio waiting any longer.
fn record_later(state: &AppState, event: Event) {
    let state = state.clone();
    state.tasks.clone().spawn(async move {
        let sid = event.call.clone();
        if let Err(error) = record(&state, event).await {
            tracing::error!(call.sid = %sid, %error, "that the call failed could not be stored either");
        }
    });
}
