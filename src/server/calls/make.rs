//! `makeCall`: a call that begins at the customer. Twilio's REST API rings them; when they answer, `twiml/bridge` joins the agent's browser.

use super::{history, place};
use crate::{
    domain::{
        user::User,
        view::{CallView, Reason},
    },
    server::{
        clock,
        error::{Error, Result},
        state::AppState,
        twilio::{self, TwilioError, resources::NewCall},
    },
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// How long a person waits for Twilio to say that it rings. Long enough for any Twilio that is well.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long ago a browser tab must have said that its phone is registered.
const PHONE_FRESH_MS: i64 = 90_000;

/// Those for whom Twilio is being asked to ring somebody. One call at a time: who hears nothing and asks again must not ring twice.
#[derive(Clone, Default)]
pub struct Making(Arc<Mutex<HashSet<String>>>);

/// One user's place among them, until dropped.
struct Turn {
    making: Making,
    user_id: String,
}

impl Making {
    fn begin(&self, user: &User) -> Option<Turn> {
        let (making, user_id) = (self.clone(), user.id.clone());
        let begun = self.lock().insert(user_id.clone());
        begun.then_some(Turn { making, user_id })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.making.lock().remove(&self.user_id);
    }
}

/// Rings `to`, as typed, for this user. 409 when no browser of theirs could be joined.
pub async fn make(state: &AppState, user: &User, to: &str) -> Result<CallView> {
    let missing = state.config.twilio.missing();
    let Some(caller_id) = state
        .config
        .twilio
        .caller_id
        .as_ref()
        .filter(|_| missing.is_empty())
    else {
        return Err(Error::unavailable(format!(
            "Calling is not set up: set {}",
            missing.join(", ")
        )));
    };
    let number = state.numbers.check(to).map_err(refused)?.e164;
    if !state
        .store
        .has_phone(&user.id, clock::now() - PHONE_FRESH_MS)
        .await?
    {
        return Err(Error::conflict(
            "No phone of yours is open: open the calling page in a browser, then try again",
        ));
    }
    let call = NewCall {
        from: caller_id.to_string(),
        to: number.to_string(),
        url: state.config.url("/api/calls/twiml/bridge"),
        status_callback: state
            .config
            .url(&format!("/api/calls/webhook/status{}", twilio::RETRIES)),
        timeout_secs: state.config.ring_timeout_secs,
    };
    let Some(turn) = state.making.begin(user) else {
        return Err(Error::conflict(
            "Twilio has not answered yet whether it rings the last number. Wait a moment",
        ));
    };
    // Not to be dropped half-way when the one who asked goes away: a customer whose phone rings must have an agent.
    let making = {
        let (state, user) = (state.clone(), user.clone());
        state.tasks.clone().spawn(async move {
            let _turn = turn;
            let made = state.twilio.create_call(&call).await.map_err(not_made)?;
            tracing::info!(call.sid = %made.sid, to = %number, user = user.id, "call made by REST");
            place::placed_by_rest(&state, &user, made.sid.clone(), &number).await?;
            Ok::<_, Error>(made.sid)
        })
    };
    let Ok(made) = timeout(PATIENCE, making).await else {
        tracing::warn!(user = user.id, "Twilio takes long to make a call by REST");
        return Err(Error::bad_gateway(
            "Twilio does not answer. Should it ring after all, your page rings too",
        ));
    };
    let sid = made.map_err(anyhow::Error::from)??;
    let view = history::visible(state, user, &sid).await?;
    view.ok_or_else(|| Error::Internal(anyhow::anyhow!("call {sid} was made and is not stored")))
}

fn refused(reason: Reason) -> Error {
    match reason {
        Reason::NumberMissing => Error::bad_request("No number was given"),
        Reason::CountryNotAllowed => Error::forbidden("Calls to that country are not allowed"),
        Reason::NumberCostly => Error::forbidden(
            "Calls to premium-rate, shared-cost and satellite numbers are not allowed",
        ),
        Reason::NumberShort => {
            Error::forbidden("Emergency numbers and short codes cannot be called")
        }
        _ => Error::bad_request("That is no valid phone number"),
    }
}

fn not_made(error: TwilioError) -> Error {
    tracing::warn!(%error, "a call could not be made by REST");
    match &error {
        TwilioError::NotConfigured => Error::unavailable(error.to_string()),
        _ => Error::bad_gateway(error.to_string()),
    }
}
