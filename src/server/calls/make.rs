//! `makeCall`: a call that begins at the customer. Twilio's REST API rings them; when they answer, `twiml/bridge` joins the agent's browser.

use super::{history, place};
use crate::{
    domain::{
        phone::PhoneNumber,
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
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long ago a browser tab must have said that its phone is registered.
const PHONE_FRESH_MS: i64 = 90_000;
/// A page that shows `ready` may be telling us so at this moment.
const PHONE_WAIT: Duration = Duration::from_secs(1);
const PHONE_LOOK: Duration = Duration::from_millis(50);
/// How long whoever asked waits for Twilio: they are to be told within 2 s.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// The calls that Twilio has been asked to make and has not named yet: who asked, for which number.
#[derive(Debug, Clone, Default)]
pub struct Makings(Arc<Mutex<HashSet<(String, PhoneNumber)>>>);

/// One of them, for as long as it lasts.
struct Making {
    makings: Makings,
    what: (String, PhoneNumber),
}

impl Makings {
    /// `None`: that call is being made already.
    fn begin(&self, user: &User, number: &PhoneNumber) -> Option<Making> {
        let what = (user.id.clone(), number.clone());
        let mut makings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        makings.insert(what.clone()).then(|| Making {
            makings: self.clone(),
            what,
        })
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let makings = &self.makings.0;
        makings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.what);
    }
}

/// Rings `to`, as typed, for this user. 409 when no browser of theirs could be joined, or the same call is being made already; 504 when Twilio
/// has not said in time whether it rings them. What is asked of Twilio then goes on: if it rings them after all, the call is this user's.
pub async fn make(state: &AppState, user: &User, to: &str) -> Result<CallView> {
    let awaited = Instant::now() + PATIENCE;
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
    if !has_phone(state, user).await? {
        return Err(Error::conflict(
            "No phone of yours is open: open the calling page in a browser, then try again",
        ));
    }
    let call = NewCall {
        from: caller_id.to_string(),
        to: number.to_string(),
        url: state
            .config
            .url(&format!("/api/calls/twiml/bridge{}", twilio::RETRIES)),
        status_callback: state
            .config
            .url(&format!("/api/calls/webhook/status{}", twilio::RETRIES)),
        timeout_secs: state.config.ring_timeout_secs,
    };
    // While it is not known whether the customer is being rung, pressing again must not ring them twice.
    let Some(making) = state.makings.begin(user, &number) else {
        return Err(Error::conflict(
            "This call is being made already, and Twilio has not answered yet. Wait a moment, and look at the history",
        ));
    };
    // Not to be dropped half-way when the one who asked goes away: a customer whose phone rings must have an agent.
    let making = {
        let (state, user) = (state.clone(), user.clone());
        state.tasks.clone().spawn(async move {
            let _making = making;
            let made = state
                .twilio
                .create_call(&call, awaited)
                .await
                .map_err(not_made)?;
            tracing::info!(call.sid = %made.sid, to = %number, user = user.id, "call made by REST");
            place::placed_by_rest(&state, &user, made.sid.clone(), &number).await?;
            Ok::<_, Error>(made.sid)
        })
    };
    let Ok(made) = tokio::time::timeout_at(awaited, making).await else {
        tracing::warn!(
            user = user.id,
            "Twilio has not said in time whether it makes a call"
        );
        return Err(Error::gateway_timed_out(
            "Twilio has not answered in time. If it calls all the same, the call shows in the history within seconds, and your phone rings",
        ));
    };
    let sid = made.map_err(anyhow::Error::from)??;
    let view = history::visible(state, user, &sid).await?;
    view.ok_or_else(|| Error::Internal(anyhow::anyhow!("call {sid} was made and is not stored")))
}

async fn has_phone(state: &AppState, user: &User) -> Result<bool> {
    let until = Instant::now() + PHONE_WAIT;
    loop {
        let since = clock::now() - PHONE_FRESH_MS;
        if state.store.has_phone(&user.id, since).await? {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(PHONE_LOOK).await;
    }
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
