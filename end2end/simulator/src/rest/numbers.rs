//! The account itself, its numbers and its verified caller IDs.

use serde_json::{Value, json};

use super::{Answer, Ask, Refused, base, ok, page::page};
use crate::sid::Sid;
use crate::simulator::Shared;

/// When this account began, for resources that have no history here.
const LONG_AGO: &str = "Wed, 01 Jan 2025 00:00:00 +0000";

pub(super) fn account(simulator: &Shared) -> Value {
    let base = base(simulator);
    let credentials = simulator.account().credentials.clone();
    json!({
        "sid": credentials.account_sid,
        "owner_account_sid": credentials.account_sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "auth_token": credentials.auth_token,
        "date_created": LONG_AGO,
        "date_updated": LONG_AGO,
        "uri": format!("{base}.json"),
        "subresource_uris": {"calls": format!("{base}/Calls.json"), "recordings": format!("{base}/Recordings.json"), "applications": format!("{base}/Applications.json")},
    })
}

fn show(sid: &Sid, number: &str, base: &str) -> Value {
    json!({
        "sid": sid,
        "account_sid": base.rsplit('/').next(),
        "friendly_name": number,
        "phone_number": number,
        "date_created": LONG_AGO,
        "date_updated": LONG_AGO,
        "api_version": "2010-04-01",
        "beta": false,
        "capabilities": {"voice": true, "sms": false, "mms": false, "fax": false},
        "origin": "twilio",
        "status": "in-use",
        "voice_url": "",
        "voice_method": "POST",
        "voice_fallback_url": "",
        "voice_fallback_method": "POST",
        "status_callback": "",
        "status_callback_method": "POST",
        "voice_application_sid": null,
        "voice_caller_id_lookup": false,
        "trunk_sid": null,
        "uri": format!("{base}/IncomingPhoneNumbers/{sid}.json"),
    })
}

pub(super) fn incoming(simulator: &Shared, ask: &Ask) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let items = account
        .numbers
        .iter()
        // Twilio takes a pattern; a part of the number is the pattern people use.
        .filter(|(_, number)| {
            ask.filter("PhoneNumber")
                .is_none_or(|wanted| number.contains(wanted.trim_matches('*')))
        })
        .map(|(sid, number)| show(sid, number, &base))
        .collect();
    ok(page(ask, "incoming_phone_numbers", items))
}

pub(super) fn incoming_one(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let (sid, number) = account
        .numbers
        .iter()
        .find(|(found, _)| found.as_str() == sid)
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    ok(show(sid, number, &base))
}

pub(super) fn caller_ids(simulator: &Shared, ask: &Ask) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let items = account
        .caller_ids
        .iter()
        .filter(|(_, number)| {
            ask.filter("PhoneNumber")
                .is_none_or(|wanted| number == wanted)
        })
        .map(|(sid, number)| {
            json!({
                "sid": sid,
                "account_sid": account.credentials.account_sid,
                "friendly_name": number,
                "phone_number": number,
                "date_created": LONG_AGO,
                "date_updated": LONG_AGO,
                "uri": format!("{base}/OutgoingCallerIds/{sid}.json"),
            })
        })
        .collect();
    ok(page(ask, "outgoing_caller_ids", items))
}
