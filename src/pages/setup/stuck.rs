//! Follow-up work that does not get on: since when, how often it was tried, what is in the way, and what to do about it.

use super::when;
use crate::{
    components::plural,
    i18n::*,
    server::{recordings::download::ARCHIVE_REFUSED, state::AppState, store::StuckWork},
};
use leptos::prelude::*;

/// Says so where everything gets on.
#[component]
pub fn Stuck(locale: Locale, stuck: Vec<StuckWork>) -> impl IntoView {
    let state = expect_context::<AppState>();
    let empty = stuck.is_empty();
    let rows = stuck.into_iter().map(|one| {
        let given_up = one.given_up.to_string();
        let since = td_string!(
            locale,
            setup.stuck.since,
            at = when(locale, &state.config, one.since)
        );
        // An archive that takes nothing counts for nobody's attempt.
        let attempts = u64::try_from(one.attempts).unwrap_or_default();
        let attempts = (attempts > 0).then(|| plural::attempts(locale, attempts));
        let (words, remedy) = words(locale, &one);
        view! {
            <li data-testid="stuck-row" data-work=one.work data-given-up=given_up>
                <p>{words}</p>
                <p>{remedy}</p>
                <p class="soft">
                    <bdi>{since}</bdi>
                    {attempts.map(|attempts| view! { " · "<bdi>{attempts}</bdi> })}
                </p>
                <p class="hint"><code dir="ltr">{one.call_sid}</code></p>
                {one.last_error.map(|error| view! { <p class="hint"><code dir="ltr">{error}</code></p> })}
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card" data-testid="stuck">
            <h2>{td_string!(locale, setup.stuck.title)}</h2>
            {match empty {
                true => view! { <p class="lead" data-testid="stuck-empty">{td_string!(locale, setup.stuck.empty)}</p> }.into_any(),
                false => view! {
                    <p class="lead">{td_string!(locale, setup.stuck.lead)}</p>
                    <ul class="refusals">{rows}</ul>
                }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// What is in the way, and what to do.
fn words(locale: Locale, stuck: &StuckWork) -> (&'static str, &'static str) {
    let archive = stuck
        .last_error
        .as_ref()
        .is_some_and(|error| error.starts_with(ARCHIVE_REFUSED));
    match (stuck.work.as_str(), stuck.given_up) {
        ("audio", true) => (
            td_string!(locale, setup.stuck.no_audio),
            td_string!(locale, setup.stuck.fetch_again),
        ),
        ("audio", false) if archive => (
            td_string!(locale, setup.stuck.archive),
            td_string!(locale, setup.stuck.mend_archive),
        ),
        ("audio", false) => (
            td_string!(locale, setup.stuck.audio),
            td_string!(locale, setup.stuck.goes_on),
        ),
        ("recording", true) => (
            td_string!(locale, setup.stuck.no_recording),
            td_string!(locale, setup.stuck.fetch_again),
        ),
        ("recording", false) => (
            td_string!(locale, setup.stuck.recording),
            td_string!(locale, setup.stuck.goes_on),
        ),
        (_, true) => (
            td_string!(locale, setup.stuck.no_call),
            td_string!(locale, setup.stuck.look_at_twilio),
        ),
        (_, false) => (
            td_string!(locale, setup.stuck.call),
            td_string!(locale, setup.stuck.goes_on),
        ),
    }
}
