//! What Twilio serves on `monitor.twilio.com` and `voice.twilio.com`: alerts and dialling permissions.

use serde_json::{Value, json};

use super::{Answer, Ask, Refused, ok};
use crate::account::{Alert, COUNTRIES};
use crate::dates::{parse_filter, rfc3339};
use crate::simulator::Shared;

pub(super) fn route(simulator: &Shared, ask: &Ask, path: &[&str]) -> Answer {
    match (ask.method.as_str(), path) {
        ("GET", ["Alerts"]) => alerts(simulator, ask),
        ("GET", ["Alerts", sid]) => alert(simulator, ask, sid),
        ("GET", ["DialingPermissions", "Countries"]) => countries(simulator, ask),
        ("GET", ["DialingPermissions", "Countries", iso]) => country(simulator, ask, iso),
        _ => Err(Refused::not_found(&ask.path)),
    }
}

fn show(alert: &Alert, account_sid: &str) -> Value {
    let text: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("ErrorCode", &alert.code.to_string())
        .append_pair("Msg", &alert.text)
        .append_pair("url", &alert.url)
        .finish();
    json!({
        "sid": alert.sid,
        "account_sid": account_sid,
        "resource_sid": alert.call,
        "service_sid": null,
        "error_code": alert.code.to_string(),
        "log_level": if alert.code == 15003 { "warning" } else { "error" },
        "alert_text": text,
        "more_info": format!("https://www.twilio.com/docs/errors/{}", alert.code),
        "request_method": "POST",
        "request_url": alert.url,
        "date_created": rfc3339(alert.at),
        "date_generated": rfc3339(alert.at),
        "date_updated": rfc3339(alert.at),
        "api_version": "2010-04-01",
        "url": format!("https://monitor.twilio.com/v1/Alerts/{}", alert.sid),
    })
}

fn meta(ask: &Ask, key: &str, size: usize) -> Value {
    let url = format!("{}?PageSize={size}&Page=0", ask.path);
    json!({"page": 0, "page_size": size, "first_page_url": url, "previous_page_url": null, "next_page_url": null, "url": url, "key": key})
}

/// Newest first, the newest 1,000 on one page.
fn alerts(simulator: &Shared, ask: &Ask) -> Answer {
    let account = simulator.account();
    let size = ask
        .filter("PageSize")
        .and_then(|size| size.parse().ok())
        .unwrap_or(50)
        .clamp(1, 1_000);
    let level = |alert: &&Alert| {
        ask.filter("LogLevel")
            .is_none_or(|level| (level == "warning") == (alert.code == 15003))
    };
    let bound = |name: &str| ask.filter(name).and_then(parse_filter);
    let shown: Vec<Value> = account
        .alerts
        .iter()
        .rev()
        .filter(level)
        .filter(|alert| {
            ask.filter("ResourceSid")
                .is_none_or(|sid| alert.call.as_str() == sid)
        })
        .filter(|alert| bound("StartDate").is_none_or(|since| alert.at >= since))
        .filter(|alert| bound("EndDate").is_none_or(|until| alert.at <= until))
        .take(size)
        .map(|alert| show(alert, &account.credentials.account_sid))
        .collect();
    ok(json!({"alerts": shown, "meta": meta(ask, "alerts", size)}))
}

fn alert(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let account = simulator.account();
    let alert = account
        .alerts
        .iter()
        .find(|alert| alert.sid.as_str() == sid)
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    ok(show(alert, &account.credentials.account_sid))
}

fn permission(iso: &str, name: &str, code: &str, allowed: bool) -> Value {
    json!({
        "iso_code": iso,
        "name": name,
        "continent": null,
        "country_codes": [code],
        "low_risk_numbers_enabled": allowed,
        "high_risk_special_numbers_enabled": false,
        "high_risk_tollfraud_numbers_enabled": false,
        "url": format!("https://voice.twilio.com/v1/DialingPermissions/Countries/{iso}"),
    })
}

fn countries(simulator: &Shared, ask: &Ask) -> Answer {
    let account = simulator.account();
    let allowed = |iso: &str| {
        !account
            .blocked_countries
            .iter()
            .any(|blocked| blocked == iso)
    };
    let shown: Vec<Value> = COUNTRIES
        .iter()
        .map(|(iso, name, code)| permission(iso, name, code, allowed(iso)))
        .collect();
    ok(json!({"content": shown, "meta": meta(ask, "content", 50)}))
}

fn country(simulator: &Shared, ask: &Ask, iso: &str) -> Answer {
    let (iso, name, code) = COUNTRIES
        .into_iter()
        .find(|(known, ..)| *known == iso)
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    let allowed = !simulator
        .account()
        .blocked_countries
        .iter()
        .any(|blocked| blocked == iso);
    ok(permission(iso, name, code, allowed))
}
