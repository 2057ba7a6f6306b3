//! What a machine reads: one document, described in `--help`.

use super::{Mending, Terminal};
use crate::{
    i18n::*,
    server::doctor::{Change, Report, gravest, mend::Plan},
};
use serde_json::{Value, json};
use std::io;

pub(super) fn write(
    terminal: &mut Terminal<'_>,
    reports: &[Report],
    mending: Option<&Mending>,
) -> io::Result<()> {
    let locale = terminal.locale;
    let checks: Vec<Value> = reports.iter().map(|report| check(locale, report)).collect();
    let document = json!({
        "status": gravest(reports),
        "language": locale.as_str(),
        "checks": checks,
        "mend": mending.map_or(Value::Null, |mending| mend(locale, mending)),
    });
    writeln!(terminal.out, "{document:#}")
}

/// One check, as the document has it.
fn check(locale: Locale, report: &Report) -> Value {
    json!({
        "check": report.check.id(),
        "group": report.check.group().id(),
        "status": report.status(),
        "found": report.code(),
        "name": report.check.name(locale),
        "words": report.words(locale),
        "remedy": report.remedy(locale),
        "detail": report.detail(),
        "waits_for": report.waits_for().map(|check| check.id()),
        "changes": report.changes(),
        "took_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn mend(locale: Locale, mending: &Mending) -> Value {
    let entry = |plan: Option<&Plan>, applied: bool, words: String| {
        json!({
            "plan": plan.map(kind),
            "applied": applied,
            "words": words,
            "application": plan.and_then(application),
            "changes": plan.map_or(&[][..], Plan::changes) as &[Change],
            "set": null,
        })
    };
    match mending {
        Mending::NotNeeded => Value::Null,
        Mending::AddressFirst => entry(
            None,
            false,
            td_string!(locale, doctor.command.address_first).to_owned(),
        ),
        Mending::Done(plan, mended) => {
            let mut done = entry(Some(plan), true, mended.words(locale));
            done["application"] = json!(mended.application);
            if mended.to_be_set {
                done["set"] = json!({ "TWILIO_TWIML_APP_SID": mended.application });
            }
            done
        }
        Mending::Declined(plan) => entry(
            Some(plan),
            false,
            td_string!(locale, doctor.command.declined).to_owned(),
        ),
        Mending::Unasked(plan) => entry(
            Some(plan),
            false,
            td_string!(locale, doctor.command.needs_yes).to_owned(),
        ),
        Mending::Failed(plan, failed) => entry(plan.as_ref(), false, failed.words(locale)),
    }
}

fn kind(plan: &Plan) -> &'static str {
    match plan {
        Plan::Change { .. } => "change",
        Plan::Create { .. } => "create",
        Plan::Adopt { .. } => "adopt",
    }
}

fn application(plan: &Plan) -> Option<String> {
    match plan {
        Plan::Change { application, .. } | Plan::Adopt { application } => {
            Some(application.to_string())
        }
        Plan::Create { .. } => None,
    }
}
