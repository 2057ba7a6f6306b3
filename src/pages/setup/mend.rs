//! The mend on the page: what would change, the question, and afterwards what became of it. Plain forms: it works without JavaScript.

use super::{CopyButton, checks::Changes, when};
use crate::{
    i18n::*,
    server::{
        doctor::{Change, mend::Plan},
        setup::{Offer, Told},
        state::AppState,
        store::StoredMend,
    },
};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Shows before and after, and asks.
#[component]
pub fn Mend(
    locale: Locale,
    offer: Offer,
    /// On the page that comes whole: what becomes of it is told on the same.
    whole: bool,
) -> impl IntoView {
    let Offer { plan, token } = offer;
    let (open, question, agree, changes) = match plan {
        Plan::Adopt { application } => {
            return view! {
                <p>{td_string!(locale, setup.mend.adopt)}</p>
                <SetIt locale application=application.to_string() />
            }
            .into_any();
        }
        Plan::Change {
            application,
            changes,
        } => (
            td_string!(locale, setup.mend.change),
            td_string!(
                locale,
                setup.mend.change_question,
                application = application
            ),
            td_string!(locale, setup.mend.change_agree),
            changes,
        ),
        Plan::Create { changes } => (
            td_string!(locale, setup.mend.create),
            td_string!(locale, setup.mend.create_question).to_owned(),
            td_string!(locale, setup.mend.create_agree),
            changes,
        ),
    };
    view! {
        <details class="mend" name="mend">
            <summary class="button" data-testid="setup-fix">{open}</summary>
            <form method="post" action="/api/setup/fix">
                <p>{question}</p>
                <Changes locale changes />
                <input type="hidden" name="plan" value=token />
                {whole.then(|| view! { <input type="hidden" name="wait" /> })}
                <button class="button" data-testid="setup-fix-agree">{agree}</button>
            </form>
        </details>
    }
    .into_any()
}

/// What became of the mend that this user agreed to.
#[component]
pub fn Outcome(locale: Locale, told: Told) -> impl IntoView {
    let (bad, words, changes, set) = match told {
        Told::Mended {
            application,
            changes,
            to_be_set: true,
        } => (
            false,
            td_string!(locale, setup.told.created).to_owned(),
            changes,
            Some(application.to_string()),
        ),
        Told::Mended {
            application,
            changes,
            to_be_set: false,
        } => (
            false,
            td_string!(locale, setup.told.changed, application = application),
            changes,
            None,
        ),
        Told::Nothing => (
            false,
            td_string!(locale, setup.told.nothing).to_owned(),
            Vec::new(),
            None,
        ),
        Told::Otherwise => (
            true,
            td_string!(locale, setup.told.otherwise).to_owned(),
            Vec::new(),
            None,
        ),
        Told::Failed { said, detail } => (
            true,
            [
                Some(td_string!(locale, setup.told.failed).to_owned()),
                Some(said),
                detail,
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
            Vec::new(),
            None,
        ),
    };
    view! {
        <section class="card told" class:bad=bad data-testid="setup-told" role=if bad { "alert" } else { "status" }>
            <p class="words">{words}</p>
            <Changes locale changes done=true />
            {set.map(|application| view! { <SetIt locale application /> })}
        </section>
    }
    .into_any()
}

/// Configuration is read from the environment, so somebody has to write it there.
#[component]
fn SetIt(locale: Locale, application: String) -> impl IntoView {
    let line = format!("TWILIO_TWIML_APP_SID={application}");
    view! {
        <p>{td_string!(locale, setup.mend.set_it)}</p>
        <div class="field">
            <code dir="ltr" tabindex="0">{line.clone()}</code>
            <CopyButton locale text=line />
        </div>
    }
}

/// Who changed what at Twilio, the newest first; nothing where nobody has.
#[component]
pub fn Record(locale: Locale, mends: Vec<StoredMend>) -> impl IntoView {
    let state = expect_context::<AppState>();
    let rows = mends.into_iter().map(|mend| {
        let who = match mend.who.as_str() {
            "command line" => td_string!(locale, setup.record.command_line).to_owned(),
            who => who.to_owned(),
        };
        view! {
            <li data-testid="mend-row">
                <p class="who"><bdi>{who}</bdi>" · "<span>{when(locale, &state.config, mend.at)}</span></p>
                <p class="soft"><code dir="ltr">{mend.application_sid.clone()}</code></p>
                <Changes locale changes=changes(&mend) done=true />
            </li>
        }
    });
    let rows = rows.collect_view();
    (!rows.is_empty()).then(|| {
        view! {
            <section class="card record">
                <h2>{td_string!(locale, setup.record.title)}</h2>
                <ul>{rows}</ul>
            </section>
        }
        .into_any()
    })
}

/// As they were stored: two maps of field to value.
fn changes(mend: &StoredMend) -> Vec<Change> {
    let read =
        |text: &str| serde_json::from_str::<BTreeMap<String, String>>(text).unwrap_or_default();
    let mut before = read(&mend.before);
    read(&mend.after)
        .into_iter()
        .map(|(field, after)| Change {
            before: before.remove(&field).unwrap_or_default(),
            field,
            after,
        })
        .collect()
}
