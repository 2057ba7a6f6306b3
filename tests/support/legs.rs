//! What Twilio's REST API says of the legs of a call.

use super::{
    ACCOUNT,
    stand_in::{Answer, StandIn},
};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Value, json};

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;

/// The path of the list of calls; of what lies under it where something is given.
pub fn calls(rest: &str) -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Calls{rest}.json")
}

pub fn customers(call: &str) -> String {
    call.replace("CA0", "CAc")
}

pub fn date(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).expect("a time");
    rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).expect("a date")
}

pub fn parent(call: &str, status: &str, ended_at: i64) -> Value {
    json!({
        "sid": call, "parent_call_sid": null, "status": status, "from": "client:user_x", "to": "", "direction": "inbound",
        "start_time": date(ended_at - 20 * SECOND), "end_time": date(ended_at), "duration": "20",
    })
}

pub fn child(call: &str, status: &str, duration: i64, ended_at: i64) -> Value {
    json!({
        "sid": customers(call), "parent_call_sid": call, "status": status, "from": "+15005550006", "to": "+966569705616",
        "direction": "outbound-dial", "start_time": date(ended_at - duration * SECOND), "end_time": date(ended_at),
        "duration": duration.to_string(),
    })
}

/// Twilio's side of it: the parent leg, and those that it dialled.
pub fn twilio_knows(twilio: &StandIn, call: &str, parent: Value, children: Vec<Value>) {
    twilio.answers("GET", &calls(&format!("/{call}")), [Answer::json(parent)]);
    twilio_lists(twilio, children);
}

/// One list for all calls: the stand-in knows no filter, so ours has to hold.
pub fn twilio_lists(twilio: &StandIn, children: Vec<Value>) {
    let list = Answer::json(json!({ "calls": children }));
    twilio.answers("GET", &calls(""), [list]);
}

/// How often Twilio was asked about the legs of that call.
pub fn asked(twilio: &StandIn, call: &str) -> usize {
    let path = calls(&format!("/{call}"));
    let asked = twilio.asked(call).into_iter();
    asked.filter(|asked| asked.path == path).count()
}
