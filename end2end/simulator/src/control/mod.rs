//! `/_control`: how tests (and curious people) set the far end, times and faults, and see what happened. Loopback only.
//! `GET /_control` prints the table in `control/help.txt`, which is this API's documentation.

mod views;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{COUNTRIES, Settings};
use crate::call::{Input, is_e164};
use crate::far_end::FarEnd;
use crate::faults::Faults;
use crate::sid::Sid;
use crate::simulator::{Shared, ToSocket};

/// All of it.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/_control", get(async || include_str!("help.txt")))
        .route("/_control/settings", get(views::settings).put(set_settings))
        .route("/_control/numbers", get(views::numbers))
        .route(
            "/_control/numbers/{e164}",
            put(set_number).delete(unset_number),
        )
        .route("/_control/caller-ids", post(verify_caller_id))
        .route("/_control/countries/{iso}", put(set_country))
        .route(
            "/_control/faults",
            get(views::faults).put(set_faults).delete(clear_faults),
        )
        .route("/_control/calls", get(views::calls))
        .route("/_control/calls/{sid}", get(views::call))
        .route("/_control/calls/{sid}/{action}", post(act))
        .route("/_control/recordings", get(views::recordings))
        .route(
            "/_control/webhooks",
            get(views::webhooks).delete(forget_webhooks),
        )
        .route(
            "/_control/requests",
            get(views::requests).delete(forget_requests),
        )
        .route("/_control/alerts", get(views::alerts))
        .route("/_control/signal", get(views::sockets))
        .route("/_control/signal/drop", post(drop_sockets))
        .route("/_control/network", post(cut_network))
        .route("/_control/tokens/invalidate", post(invalidate_tokens))
        .route("/_control/reset", post(reset))
        .route_layer(middleware::from_fn(loopback_only))
}

async fn loopback_only(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if peer.ip().to_canonical().is_loopback() {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "/_control is for this machine only").into_response()
}

/// A request that makes no sense, said in words.
struct Wrong(StatusCode, String);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

fn wrong(message: impl Into<String>) -> Wrong {
    Wrong(StatusCode::BAD_REQUEST, message.into())
}

/// Reads a body leniently about its content type (curl's default is a form) and strictly about its fields.
fn read<T: for<'de> Deserialize<'de>>(body: &str) -> Result<T, Wrong> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    serde_json::from_str(body).map_err(|error| wrong(error.to_string()))
}

/// Fields that are not given stay as they are.
async fn set_settings(
    State(simulator): State<Shared>,
    body: String,
) -> Result<Json<Settings>, Wrong> {
    let given: Value = read(&body)?;
    let mut account = simulator.account();
    let mut merged =
        serde_json::to_value(&account.settings).map_err(|error| wrong(error.to_string()))?;
    if let (Some(merged), Some(given)) = (merged.as_object_mut(), given.as_object()) {
        merged.extend(given.clone());
    }
    account.settings = serde_json::from_value(merged).map_err(|error| wrong(error.to_string()))?;
    Ok(Json(account.settings.clone()))
}

async fn set_number(
    State(simulator): State<Shared>,
    Path(number): Path<String>,
    body: String,
) -> Result<Json<FarEnd>, Wrong> {
    if !is_e164(&number) {
        return Err(wrong(format!(
            "{number} is not an E.164 number (in a path, + may stay as it is)"
        )));
    }
    let plan: FarEnd = read(&body)?;
    simulator.account().far_ends.insert(number, plan);
    Ok(Json(plan))
}

async fn unset_number(State(simulator): State<Shared>, Path(number): Path<String>) -> StatusCode {
    simulator.account().far_ends.remove(&number);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct CallerId {
    number: String,
}

async fn verify_caller_id(
    State(simulator): State<Shared>,
    body: String,
) -> Result<StatusCode, Wrong> {
    let CallerId { number } = read(&body)?;
    simulator
        .account()
        .caller_ids
        .push((Sid::new("PN"), number));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Permission {
    allowed: bool,
}

async fn set_country(
    State(simulator): State<Shared>,
    Path(iso): Path<String>,
    body: String,
) -> Result<StatusCode, Wrong> {
    let Permission { allowed } = read(&body)?;
    if !COUNTRIES.iter().any(|(known, ..)| *known == iso) {
        return Err(wrong(format!(
            "{iso} is not a country that this simulator knows"
        )));
    }
    let mut account = simulator.account();
    account.blocked_countries.retain(|blocked| *blocked != iso);
    if !allowed {
        account.blocked_countries.push(iso);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces all faults: what is not named is well again.
async fn set_faults(State(simulator): State<Shared>, body: String) -> Result<Json<Faults>, Wrong> {
    let faults: Faults = read(&body)?;
    const KINDS: [&str; 6] = ["voice", "status", "dial", "recording", "app-status", "all"];
    if let Some(unknown) = faults
        .webhooks
        .keys()
        .find(|kind| !KINDS.contains(&kind.as_str()))
    {
        return Err(wrong(format!(
            "{unknown} is not a kind of webhook: {}",
            KINDS.join(", ")
        )));
    }
    *simulator.faults() = faults.clone();
    Ok(Json(faults))
}

async fn clear_faults(State(simulator): State<Shared>) -> StatusCode {
    *simulator.faults() = Faults::default();
    StatusCode::NO_CONTENT
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    digits: String,
}

async fn act(
    State(simulator): State<Shared>,
    Path((sid, action)): Path<(String, String)>,
    body: String,
) -> Result<StatusCode, Wrong> {
    let leg = Sid::from(sid.as_str());
    // A dialled leg is found under its parent's name.
    let call = simulator
        .account()
        .call(&sid)
        .map(|leg| leg.parent.clone().unwrap_or_else(|| leg.sid.clone()));
    let input = match action.as_str() {
        "answer" => Input::Answered(leg),
        "decline" => Input::Declined(leg),
        "hangup" => Input::HungUp(leg),
        "digits" => Input::Digits(leg, read::<Keys>(&body)?.digits),
        other => {
            return Err(wrong(format!(
                "{other} is none of answer, decline, hangup, digits"
            )));
        }
    };
    match call {
        Some(call) if simulator.input(call.as_str(), input) => Ok(StatusCode::NO_CONTENT),
        _ => Err(Wrong(
            StatusCode::NOT_FOUND,
            format!("no live call has a leg {sid}"),
        )),
    }
}

async fn forget_webhooks(State(simulator): State<Shared>) -> StatusCode {
    simulator.log().webhooks.clear();
    StatusCode::NO_CONTENT
}

async fn forget_requests(State(simulator): State<Shared>) -> StatusCode {
    simulator.log().requests.clear();
    StatusCode::NO_CONTENT
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Drop {
    identity: Option<String>,
    refuse_ms: u64,
    keep: bool,
}

/// Drops sockets; refuses new ones for a while.
async fn drop_sockets(State(simulator): State<Shared>, body: String) -> Result<Json<Value>, Wrong> {
    let Drop {
        identity,
        refuse_ms,
        keep,
    } = read(&body)?;
    let mut gateway = simulator.gateway();
    gateway.refuse_until =
        (refuse_ms > 0).then(|| Instant::now() + Duration::from_millis(refuse_ms));
    let mut dropped = 0;
    for socket in gateway
        .sockets
        .values()
        .filter(|socket| !keep && (identity.is_none() || socket.identity == identity))
    {
        dropped += usize::from(socket.to.send(ToSocket::Drop).is_ok());
    }
    Ok(Json(json!({"dropped": dropped})))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Cut {
    cut_ms: u64,
}

/// Nothing gets to a browser or from one for a while. A call whose browser is not heard of for longer than it may outlive a lost socket ends.
async fn cut_network(State(simulator): State<Shared>, body: String) -> Result<StatusCode, Wrong> {
    let Cut { cut_ms } = read(&body)?;
    let until = simulator.network.cut(Duration::from_millis(cut_ms));
    let gateway = simulator.gateway();
    for (&id, socket) in gateway.sockets.iter().filter(|_| cut_ms > 0) {
        let (simulator, patience) = (simulator.clone(), socket.reconnect_timeout);
        tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            if simulator.network.is_cut_until(until) {
                simulator.give_up(id);
            }
        });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Every token issued until now is void, from its next use on.
async fn invalidate_tokens(State(simulator): State<Shared>) -> StatusCode {
    simulator.gateway().void_until = Some(Timestamp::now().as_second());
    StatusCode::NO_CONTENT
}

/// Ends all calls and forgets everything; browsers stay connected.
async fn reset(State(simulator): State<Shared>) -> StatusCode {
    *simulator.faults() = Faults::default();
    simulator.network.cut(Duration::ZERO);
    simulator.hang_up_everything();
    let patience = Instant::now() + Duration::from_secs(2);
    while simulator.has_calls() && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    simulator.account().reset();
    {
        let mut log = simulator.log();
        log.webhooks.clear();
        log.requests.clear();
    }
    let mut gateway = simulator.gateway();
    gateway.refuse_until = None;
    gateway.void_until = None;
    StatusCode::NO_CONTENT
}

/// `?kind=&call_sid=&since=`.
#[derive(Default, Deserialize)]
pub(super) struct Filter {
    kind: Option<String>,
    call_sid: Option<String>,
    since: Option<usize>,
}

type Filtered = Query<Filter>;
