//! What is reported of a call, made durable: appended, folded into the call, told to whoever watches.

use crate::{
    domain::{
        call::{Event, Fact, Status},
        recording::RecordingStatus,
        sid::CallSid,
        user::User,
    },
    server::{
        causes, clock,
        error::{Error, Result},
        state::AppState,
        store::Recorded,
    },
};

/// Returns when the event is durable. A repeated event changes nothing.
pub async fn record(state: &AppState, event: Event) -> Result<Recorded> {
    let playable = matches!(
        event.fact,
        Fact::Recording {
            status: Some(RecordingStatus::Completed),
            ..
        }
    );
    let by_twilio = matches!(event.fact, Fact::Leg(_) | Fact::Dial { .. });
    // Who answers Twilio says so in the log, in words of its own.
    let answers_twilio = matches!(
        event.fact,
        Fact::Placed(_) | Fact::Refused(..) | Fact::Bridged
    );
    let kind = event.fact.kind();
    let recorded = state.store.record(event).await?;
    if recorded.new {
        // Which call it is about may have been found only as it was written.
        let sid = &recorded.call.sid;
        let status = recorded.call.outcome().status;
        if answers_twilio {
            tracing::debug!(call.sid = %sid, kind, %status, "recorded what was asked of us");
        } else {
            tracing::info!(call.sid = %sid, kind, %status, "recorded what was reported of a call");
        }
        if playable {
            state.recordings.wake();
        }
        if by_twilio && status == Status::Failed {
            // Nobody waits: the words come by the stream, when there are any.
            causes::inquiry::begin(state, sid);
        }
    }
    Ok(recorded)
}

/// Something that a call shows has changed elsewhere (its recording was archived, say): tells whoever watches.
pub async fn touch(state: &AppState, sid: &CallSid) -> Result<()> {
    Ok(state.store.touch(sid).await?)
}

/// The agent hung up before anybody had answered: the call counts as canceled, whatever Twilio calls the customer's leg.
/// 404 for a call that this user does not have.
pub async fn agent_hung_up(state: &AppState, user: &User, sid: &CallSid) -> Result<()> {
    let call = state.store.call(sid).await?;
    if call
        .and_then(|call| call.agent)
        .is_none_or(|agent| agent.id != user.id)
    {
        return Err(Error::not_found("You have no such call"));
    }
    record(state, Event::agent_hung_up(sid, clock::now()))
        .await
        .map(drop)
}
