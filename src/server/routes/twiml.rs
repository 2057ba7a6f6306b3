//! What Twilio is to do with a call. Always 200 and a complete `<Response>`: anything else makes Twilio hang up in silence.

use super::signed::{Arrived, SignedForm};
use crate::{
    domain::view::Reason,
    server::{
        calls::{
            callbacks,
            place::{self, Bridge, Decision, PlaceRequest},
            record, spoken,
        },
        clock,
        config::Config,
        error::Result,
        state::AppState,
        twilio::{
            RETRIES,
            twiml::{self, CONTENT_TYPE, Dial, Target},
        },
        vitals,
    },
};
use axum::{
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// Marks the `action` of a `<Dial>` that rang the agent: there, the customer is the one who still listens.
const OF_BRIDGE: &str = "bridge=1";
const DEADLINE: Duration = Duration::from_secs(1);
/// Four hours: what a forgotten call costs at most.
pub const LONGEST_CALL_SECS: u32 = 14_400;

/// A browser calls.
pub async fn outbound(
    State(state): State<AppState>,
    arrived: Arrived,
    SignedForm(params): SignedForm,
) -> Result<Response> {
    let sid = params.call_sid()?;
    let text = |name| params.get(name).unwrap_or_default().to_owned();
    let request = PlaceRequest {
        call_sid: sid.clone(),
        from: text("From"),
        to: text("To"),
        params: params.into_pairs(),
        arrived,
    };
    let answer = match place::place(&state, request).await {
        Decision::Dial { to } => {
            tracing::info!(call.sid = %sid, %to, "Sending TwiML for WebRTC direct call");
            let target = Target::Number {
                number: to.to_string(),
                status_callback: callback(&state.config, "status"),
            };
            took("dial", arrived);
            twiml::dial(&dial(&state.config, target, ""))
        }
        Decision::Refuse { reason } => {
            took("refuse", arrived);
            if reason == Reason::ServerBusy {
                metrics::counter!(vitals::NOT_KEPT, "route" => "outbound").increment(1);
            }
            spoken::refusal(reason)
        }
        Decision::HangUp => {
            took("hangup", arrived);
            twiml::hangup()
        }
    };
    Ok(xml(answer))
}

/// `makeCall`'s customer has answered: ring the agent's browser.
pub async fn bridge(
    State(state): State<AppState>,
    arrived: Arrived,
    SignedForm(params): SignedForm,
) -> Result<Response> {
    let sid = params.call_sid()?;
    let mut kept = params.into_pairs();
    // Whether there is an agent to dial is read by the write itself: without one, an apology is spoken.
    kept.extend(place::answered("dial or apology", arrived));
    Ok(xml(match place::bridge(&state, &sid, kept).await {
        Some(Bridge { identity, customer }) => {
            tracing::info!(call.sid = %sid, to = customer, identity, "joining the agent's browser");
            let target = Target::Client {
                identity,
                status_callback: callback(&state.config, "status"),
                parameters: vec![
                    ("call_sid".to_owned(), sid.to_string()),
                    ("customer".to_owned(), customer),
                ],
            };
            took("dial", arrived);
            twiml::dial(&dial(&state.config, target, OF_BRIDGE))
        }
        None => spoken::apology(),
    }))
}

/// The `<Dial>` is over. What cannot be stored is logged: the child leg's own callback says the same.
pub async fn after_dial(
    State(state): State<AppState>,
    uri: Uri,
    arrived: Arrived,
    SignedForm(params): SignedForm,
) -> Response {
    let customer_waits = uri.query() == Some(OF_BRIDGE) && !callbacks::was_answered(&params);
    let answer = if customer_waits { "apology" } else { "hangup" };
    let recorded = async {
        let mut event = callbacks::dial(params, clock::now())?;
        event.params.extend(place::answered(answer, arrived));
        record(&state, event).await
    };
    match tokio::time::timeout(DEADLINE, recorded).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "the outcome of a <Dial> could not be stored"),
        Err(_) => tracing::error!("the outcome of a <Dial> could not be stored in time"),
    }
    took(answer, arrived);
    xml(if customer_waits {
        spoken::apology()
    } else {
        twiml::hangup()
    })
}

/// The whole of it, the commit too.
fn took(answer: &'static str, arrived: Arrived) {
    metrics::histogram!("almasar_twiml_answer_seconds", "answer" => answer)
        .record(arrived.0.elapsed().as_secs_f64());
}

fn dial(config: &Config, target: Target, action_query: &str) -> Dial {
    let query = if action_query.is_empty() {
        String::new()
    } else {
        format!("?{action_query}")
    };
    let number = matches!(target, Target::Number { .. });
    Dial {
        caller_id: config
            .twilio
            .caller_id
            .as_ref()
            .filter(|_| number)
            .map(ToString::to_string),
        timeout_secs: config.ring_timeout_secs,
        time_limit_secs: Some(LONGEST_CALL_SECS),
        record: config.record_calls.then(|| callback(config, "recording")),
        action: config.url(&format!("/api/calls/twiml/after-dial{query}{RETRIES}")),
        target,
    }
}

fn callback(config: &Config, which: &str) -> String {
    config.url(&format!("/api/calls/webhook/{which}{RETRIES}"))
}

fn xml(twiml: String) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], twiml).into_response()
}
