//! TwiML Apps.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Ask, Refused, base, created, no_content, ok, page::page};
use crate::account::{APPLICATION_FIELDS, Application};
use crate::dates::rfc2822;
use crate::sid::Sid;
use crate::simulator::Shared;

fn show(application: &Application, base: &str) -> Value {
    let mut shown = json!({
        "sid": application.sid,
        "account_sid": base.rsplit('/').next(),
        "friendly_name": application.friendly_name,
        "date_created": rfc2822(application.created),
        "date_updated": rfc2822(application.updated),
        "message_status_callback": null,
        "sms_fallback_method": "POST",
        "sms_fallback_url": null,
        "sms_method": "POST",
        "sms_status_callback": null,
        "sms_url": null,
        "voice_caller_id_lookup": false,
        "public_application_connect_enabled": false,
        "uri": format!("{base}/Applications/{}.json", application.sid),
    });
    for (name, value) in &application.fields {
        shown[*name] = json!(value);
    }
    shown
}

/// Sets what the form names; unnamed fields stay.
fn apply(application: &mut Application, ask: &Ask) -> Result<(), Refused> {
    for (parameter, name, _) in APPLICATION_FIELDS {
        let Some(value) = ask.field(parameter) else {
            continue;
        };
        let is_url = name.ends_with("url") || name == "status_callback";
        if is_url
            && !value.is_empty()
            && !url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Err(Refused::new(
                400,
                21502,
                format!("{parameter} is not valid: {value}"),
            ));
        }
        application.fields.insert(name, value.to_owned());
    }
    if let Some(name) = ask.field("FriendlyName") {
        application.friendly_name = name.to_owned();
    }
    application.updated = Timestamp::now();
    Ok(())
}

pub(super) fn list(simulator: &Shared, ask: &Ask) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let named = |application: &&Application| {
        ask.filter("FriendlyName")
            .is_none_or(|name| application.friendly_name == name)
    };
    let items = account
        .applications
        .values()
        .filter(named)
        .map(|application| show(application, &base))
        .collect();
    ok(page(ask, "applications", items))
}

pub(super) fn create(simulator: &Shared, ask: &Ask) -> Answer {
    let mut application = Application::new(Sid::new("AP"), "", Timestamp::now());
    apply(&mut application, ask)?;
    let shown = show(&application, &base(simulator));
    simulator
        .account()
        .applications
        .insert(application.sid.clone(), application);
    created(shown)
}

pub(super) fn fetch(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let base = base(simulator);
    let account = simulator.account();
    let application = account
        .applications
        .get(&Sid::from(sid))
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    ok(show(application, &base))
}

pub(super) fn update(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    let base = base(simulator);
    let mut account = simulator.account();
    let application = account
        .applications
        .get_mut(&Sid::from(sid))
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    apply(application, ask)?;
    ok(show(application, &base))
}

pub(super) fn delete(simulator: &Shared, ask: &Ask, sid: &str) -> Answer {
    simulator
        .account()
        .applications
        .remove(&Sid::from(sid))
        .ok_or_else(|| Refused::not_found(&ask.path))?;
    no_content()
}
