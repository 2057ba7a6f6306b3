//! Calls: made, looked up, listed, changed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Ask, Refused, base, created, ok, page::page};
use crate::call::{Direction, Input, Leg, Party, RestOptions, Source, World, is_e164};
use crate::dates::{parse_filter, rfc2822};
use crate::simulator::Shared;
use crate::switchboard;
use crate::twiml::{self, Callback};

fn show(leg: &Leg, base: &str, account_sid: &str) -> Value {
    let uri = format!("{base}/Calls/{}", leg.sid);
    let part = |name: &str| format!("{uri}/{name}.json");
    json!({
        "sid": leg.sid,
        "account_sid": account_sid,
        "parent_call_sid": leg.parent,
        "from": leg.from,
        "from_formatted": leg.from.trim_start_matches("client:"),
        "to": leg.to,
        "to_formatted": leg.to.trim_start_matches("client:"),
        "status": leg.status.as_str(),
        "direction": leg.direction.as_str(),
        "date_created": rfc2822(leg.created),
        "date_updated": rfc2822(leg.ended.or(leg.answered).unwrap_or(leg.created)),
        // Twilio's start_time of a call that was never answered is when it was dialled.
        "start_time": rfc2822(leg.answered.unwrap_or(leg.created)),
        "end_time": leg.ended.map(rfc2822),
        "duration": leg.ended.map(|_| leg.duration_secs().to_string()),
        "price": null,
        "price_unit": "USD",
        "answered_by": null,
        "annotation": null,
        "api_version": "2010-04-01",
        "caller_name": null,
        "forwarded_from": null,
        "group_sid": null,
        "phone_number_sid": null,
        "queue_time": "0",
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": {"recordings": part("Recordings"), "notifications": part("Notifications"), "events": part("Events")},
    })
}

pub(super) fn list(simulator: &Shared, ask: &Ask) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let matches = |leg: &&Leg| {
        let is = |name: &str, value: &str| ask.filter(name).is_none_or(|wanted| wanted == value);
        is("Status", leg.status.as_str())
            && is("To", &leg.to)
            && is("From", &leg.from)
            && ask.filter("ParentCallSid").is_none_or(|wanted| {
                leg.parent
                    .as_ref()
                    .is_some_and(|parent| parent.as_str() == wanted)
            })
            && within(ask, "StartTime", leg.answered.unwrap_or(leg.created))
            && leg.ended.is_none_or(|ended| within(ask, "EndTime", ended))
    };
    let items = account
        .calls
        .iter()
        .rev()
        .filter(matches)
        .map(|leg| show(leg, &base, &account.credentials.account_sid))
        .collect();
    ok(page(ask, "calls", items))
}

/// `Name`, `Name<` and `Name>` as Twilio's lists have them: on that day, until, since.
pub(super) fn within(ask: &Ask, name: &str, time: Timestamp) -> bool {
    let bound = |suffix: &str| {
        ask.filter(&format!("{name}{suffix}"))
            .and_then(parse_filter)
    };
    let day = |bound: Timestamp| {
        (bound.as_second()..bound.as_second() + 86_400).contains(&time.as_second())
    };
    bound("").is_none_or(day)
        && bound("<").is_none_or(|bound| {
            time.as_second() <= bound.as_second() + if is_day(ask, name, "<") { 86_399 } else { 0 }
        })
        && bound(">").is_none_or(|bound| time.as_second() >= bound.as_second())
}

fn is_day(ask: &Ask, name: &str, suffix: &str) -> bool {
    ask.filter(&format!("{name}{suffix}"))
        .is_some_and(|text| text.len() == 10)
}

pub(super) fn fetch(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let leg = account
        .call(sid)
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    ok(show(leg, &base, &account.credentials.account_sid))
}

pub(super) fn create(simulator: &Shared, ask: &Ask) -> Answer {
    let bad = |code, message: String| Refused::new(400, code, message);
    let to = ask
        .field("To")
        .filter(|to| !to.is_empty())
        .ok_or_else(|| bad(21201, "No 'To' number is specified".into()))?;
    let from = ask
        .field("From")
        .filter(|from| !from.is_empty())
        .ok_or_else(|| bad(21213, "'From' phone number is required".into()))?;
    let party = Party::parse(to);
    {
        let account = simulator.account();
        if matches!(party, Party::Phone(_)) && !is_e164(to) {
            return Err(bad(
                21211,
                format!("The 'To' number {to} is not a valid phone number."),
            ));
        }
        if matches!(party, Party::Phone(_)) && !account.permits(to) {
            return Err(bad(
                21215,
                format!(
                    "Account not authorized to call {to}. Perhaps you need to enable some international permissions"
                ),
            ));
        }
        if !from.starts_with("client:") && !account.may_call_from(from) {
            return Err(bad(
                21210,
                format!(
                    "The source phone number provided, {from}, is not yet verified for your account."
                ),
            ));
        }
    }
    let source =
        source(simulator, ask)?.ok_or_else(|| bad(21205, "Url parameter is required.".into()))?;
    let mut leg = Leg::new(
        Direction::OutboundApi,
        party,
        from.to_owned(),
        to.to_owned(),
        Timestamp::now(),
    );
    leg.callback = callback(ask, "StatusCallback");
    let options = RestOptions {
        timeout: ask.field("Timeout").and_then(|secs| secs.parse().ok()),
        record: ask.field("Record") == Some("true"),
        dual: ask.field("RecordingChannels") == Some("dual"),
        recording_callback: recording_callback(ask),
    };
    let account_sid = simulator.account().credentials.account_sid.clone();
    let shown = show(&leg, &base(simulator), &account_sid);
    switchboard::place(simulator, leg, source, Vec::new(), options, None);
    created(shown)
}

/// A callback whose events are repeated parameters: `initiated ringing` in one of them is no event at all, as with Twilio.
fn callback(ask: &Ask, name: &str) -> Callback {
    let mut events = ask.fields(&format!("{name}Event"));
    events.retain(|event| {
        matches!(
            event.as_str(),
            "initiated" | "ringing" | "answered" | "completed"
        )
    });
    Callback {
        url: ask
            .field(name)
            .filter(|url| !url.is_empty())
            .map(str::to_owned),
        events,
        get: ask.field(&format!("{name}Method")) == Some("GET"),
    }
}

/// Recording events, unlike those of calls, come space-separated (twilio-node, `call.ts`: `serialize.map`ped or not, both are sent).
fn recording_callback(ask: &Ask) -> Callback {
    let name = "RecordingStatusCallback";
    let events = ask.fields(&format!("{name}Event"));
    Callback {
        url: ask
            .field(name)
            .filter(|url| !url.is_empty())
            .map(str::to_owned),
        events: events
            .iter()
            .flat_map(|value| value.split_whitespace())
            .map(str::to_owned)
            .collect(),
        get: ask.field(&format!("{name}Method")) == Some("GET"),
    }
}

/// Where the TwiML comes from: `Twiml`, `Url` or `ApplicationSid`.
fn source(simulator: &Shared, ask: &Ask) -> Result<Option<Source>, Refused> {
    if let Some(document) = ask.field("Twiml") {
        let verbs = twiml::parse(document)
            .map_err(|error| Refused::new(400, error.code(), error.to_string()))?;
        return Ok(Some(Source::Inline(verbs)));
    }
    let get = |name: &str| ask.field(name) == Some("GET");
    if let Some(url) = ask.field("Url").filter(|url| !url.is_empty()) {
        if !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(Refused::new(
                400,
                21205,
                format!("Url is not a valid URL: {url}"),
            ));
        }
        let fallback = ask
            .field("FallbackUrl")
            .filter(|url| !url.is_empty())
            .map(|url| (url.to_owned(), get("FallbackMethod")));
        return Ok(Some(Source::Url {
            url: url.to_owned(),
            get: get("Method"),
            fallback,
        }));
    }
    let Some(sid) = ask.field("ApplicationSid") else {
        return Ok(None);
    };
    let account = simulator.account();
    let application = account
        .applications
        .get(&sid.into())
        .ok_or_else(|| Refused::new(400, 21218, "Invalid ApplicationSid"))?;
    let fallback = application.url("voice_fallback_url", "voice_fallback_method");
    Ok(application
        .url("voice_url", "voice_method")
        .map(|(url, get)| Source::Url { url, get, fallback }))
}

pub(super) fn update(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let leg = simulator
        .account()
        .call(sid)
        .cloned()
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    let over = || Refused::new(400, 21220, "Call is not in-progress. Cannot redirect.");
    match ask.field("Status") {
        Some("completed") => {
            simulator.input(sid, Input::End(leg.sid, false));
        }
        Some("canceled") if leg.answered.is_none() && !leg.status.is_terminal() => {
            simulator.input(sid, Input::End(leg.sid, true));
        }
        Some("canceled") => {
            return Err(Refused::new(
                400,
                21220,
                "Call is in-progress. Cannot cancel.",
            ));
        }
        Some(other) => {
            return Err(Refused::new(
                400,
                20001,
                format!("Status {other} is not one that a call can be set to"),
            ));
        }
        None => {
            if let Some(source) = source(simulator, ask)? {
                // A dialled leg cannot be sent elsewhere on its own here; Twilio can do that.
                if leg.answered.is_none() || leg.status.is_terminal() || leg.parent.is_some() {
                    return Err(over());
                }
                simulator.input(sid, Input::Redirect(source));
            }
        }
    }
    fetch(simulator, ask, sid)
}
