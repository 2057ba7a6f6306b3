//! The test call and the checklist that it goes through: the end of an installation.

use super::when;
use crate::{
    components::{
        icon::{Glyph, Icon},
        phone_number::grouped,
    },
    domain::checklist::{Checklist, Party, Standing, Step},
    i18n::*,
    server::{config::Config, security::is_loopback, setup::Sheet, state::AppState},
};
use leptos::prelude::*;
use std::sync::Arc;

/// What the bundled simulator answers: a number as agents type it, which rings, greets and echoes.
const SIMULATED: &str = "0569705616";

#[component]
pub fn TestCall(locale: Locale) -> impl IntoView {
    let state = expect_context::<AppState>();
    let checklist = expect_context::<Sheet>().checklist;
    let simulated = is_loopback(&state.config.twilio.api_base_url);
    let hint = match simulated {
        true => td_string!(locale, setup.test.simulator),
        false => td_string!(locale, setup.test.own_phone),
    };
    let number = simulated.then_some(SIMULATED);
    let rows = view! { <Rows locale checklist config=state.config.clone() /> };
    view! {
        <section class="card test" id="test" aria-labelledby="test-title">
            <h2 id="test-title">{td_string!(locale, setup.test.title)}</h2>
            <p class="lead">{td_string!(locale, setup.test.lead)}</p>
            <form class="dial" method="get" action="/mobile-call" target="_blank">
                <label for="test-number">{td_string!(locale, setup.test.number)}</label>
                <div class="field">
                    <input id="test-number" name="to" type="tel" dir="ltr" autocomplete="tel" required value=number aria-describedby="test-hint" />
                    <button class="button" data-testid="test-call"><Glyph icon=Icon::Phone />{td_string!(locale, setup.test.open)}</button>
                </div>
                <p class="hint" id="test-hint">{hint}</p>
            </form>
            <div id="checklist">{rows}</div>
        </section>
    }
    .into_any()
}

/// The rows as HTML alone, for the page that follows them.
pub fn rows(locale: Locale, state: &AppState, checklist: &Checklist) -> String {
    let (config, checklist) = (state.config.clone(), checklist.clone());
    Owner::new().with(|| {
        view! { <Rows locale checklist config /> }
            .into_any()
            .to_html()
    })
}

/// The parts that change carry `data-part`: the script replaces each by itself. How many are done is read out.
#[component]
fn Rows(locale: Locale, checklist: Checklist, config: Arc<Config>) -> impl IntoView {
    let total = checklist.rows.len();
    let done = checklist.done();
    let finished = checklist.finished_at.map(|at| {
        let at = when(locale, &config, at);
        view! {
            <div class="finished" data-finished="" data-testid="setup-finished">
                <p class="verdict"><span class="disc good"><Glyph icon=Icon::Done /></span>{td_string!(locale, setup.test.finished)}</p>
                <p class="lead">{td_string!(locale, setup.test.finished_at, at = at)}</p>
                <form method="post" action="/api/setup/test-again"><button class="pill">{td_string!(locale, setup.test.again)}</button></form>
            </div>
        }
    });
    let judged = checklist.call.as_ref().map(|call| {
        let at = when(locale, &config, call.started_at);
        view! { <p class="lead">{td_string!(locale, setup.test.judged)}" "<bdi dir="ltr">{grouped(&call.to)}</bdi>" · "{at}</p> }
    });
    let steps = checklist
        .rows
        .map(|(step, standing)| view! { <Row locale step standing /> });
    view! {
        <div role="status">
            <div data-part="verdict">{finished}</div>
            <p class="count" data-part="count">{td_string!(locale, setup.test.count, done = done, total = total)}</p>
        </div>
        <ol>{steps.collect_view()}</ol>
        <div data-part="judged">{judged}</div>
    }
    .into_any()
}

#[component]
fn Row(locale: Locale, step: Step, standing: Standing) -> impl IntoView {
    let (class, icon, word) = match standing {
        Standing::Done => ("disc good", Icon::Done, td_string!(locale, setup.test.done)),
        Standing::Waiting => ("disc", Icon::Wait, td_string!(locale, setup.test.waiting)),
        Standing::Off => ("disc", Icon::Skipped, td_string!(locale, setup.test.off)),
        Standing::Silent(_) => (
            "disc bad",
            Icon::Failed,
            td_string!(locale, setup.test.silent),
        ),
    };
    view! {
        <li class="check" data-part=step.id() data-testid="checklist-row" data-step=step.id() data-standing=standing.as_str()>
            <span class=class><Glyph icon /></span>
            <div>
                <h3>{name(locale, step)}</h3>
                <span class="standing">{word}</span>
                <p>{hint(locale, step, standing)}</p>
            </div>
        </li>
    }
    .into_any()
}

fn name(locale: Locale, step: Step) -> &'static str {
    match step {
        Step::AppUrls => td_string!(locale, setup.step.app_urls.name),
        Step::Rings => td_string!(locale, setup.step.rings.name),
        Step::Sound => td_string!(locale, setup.step.sound.name),
        Step::StatusCallbacks => td_string!(locale, setup.step.status_callbacks.name),
        Step::RecordingCallback => td_string!(locale, setup.step.recording_callback.name),
        Step::History => td_string!(locale, setup.step.history.name),
        Step::Playback => td_string!(locale, setup.step.playback.name),
    }
}

/// What to do, or what was seen.
fn hint(locale: Locale, step: Step, standing: Standing) -> &'static str {
    match (standing, step) {
        (Standing::Off, _) => td_string!(locale, setup.test.not_recorded),
        (Standing::Silent(Party::Agent), _) => td_string!(locale, setup.test.silent_agent),
        (Standing::Silent(Party::Customer), _) => td_string!(locale, setup.test.silent_customer),
        (Standing::Silent(Party::Both), _) => td_string!(locale, setup.test.silent_both),
        (Standing::Done, Step::AppUrls) => td_string!(locale, setup.step.app_urls.seen),
        (Standing::Done, Step::Rings) => td_string!(locale, setup.step.rings.seen),
        (Standing::Done, Step::Sound) => td_string!(locale, setup.step.sound.seen),
        (Standing::Done, Step::StatusCallbacks) => {
            td_string!(locale, setup.step.status_callbacks.seen)
        }
        (Standing::Done, Step::RecordingCallback) => {
            td_string!(locale, setup.step.recording_callback.seen)
        }
        (Standing::Done, Step::History) => td_string!(locale, setup.step.history.seen),
        (Standing::Done, Step::Playback) => td_string!(locale, setup.step.playback.seen),
        (Standing::Waiting, Step::AppUrls) => td_string!(locale, setup.step.app_urls.how),
        (Standing::Waiting, Step::Rings) => td_string!(locale, setup.step.rings.how),
        (Standing::Waiting, Step::Sound) => td_string!(locale, setup.step.sound.how),
        (Standing::Waiting, Step::StatusCallbacks) => {
            td_string!(locale, setup.step.status_callbacks.how)
        }
        (Standing::Waiting, Step::RecordingCallback) => {
            td_string!(locale, setup.step.recording_callback.how)
        }
        (Standing::Waiting, Step::History) => td_string!(locale, setup.step.history.how),
        (Standing::Waiting, Step::Playback) => td_string!(locale, setup.step.playback.how),
    }
}
