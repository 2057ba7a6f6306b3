//! Set-up, for administrators: whether calls can work and what keeps them from it, the mend, the test with which an installation ends, work
//! that waits, and what the server has read.

mod checks;
mod mend;
mod stuck;
mod test_call;

pub use test_call::rows;

use super::{
    setup_facts::{Fact, Group, Shown, groups},
    setup_refusals::Refusals,
};
use crate::{
    app::Asked,
    components::{
        icon::{Glyph, Icon},
        layout::Layout,
        when::Zone,
    },
    i18n::*,
    server::{clock::rfc3339, config::Config, setup::Sheet, state::AppState},
};
use checks::{Checks, Summary};
use leptos::{nonce::use_nonce, prelude::*};
use mend::{Outcome, Record};
use stuck::Stuck;
use test_call::TestCall;

/// Too small for an island: the page ships no other code.
const SCRIPT: &str = include_str!("setup/page.js");

#[component]
pub fn Setup() -> impl IntoView {
    let locale = expect_context::<Locale>();
    let sheet = expect_context::<Sheet>();
    let again = match expect_context::<Asked>().finishes_by_script() {
        true => "/setup",
        false => "/setup?wait",
    };
    view! {
        <Layout class="page setup">
            {sheet.told.map(|told| view! { <Outcome locale told /> })}
            <section class="card head">
                <div>
                    <h1>{td_string!(locale, setup.title)}</h1>
                    <p class="lead">{td_string!(locale, setup.lead)}</p>
                </div>
                <a class="pill" href=again data-testid="check-again">{td_string!(locale, setup.again)}</a>
                <Summary locale />
            </section>
            <Checks locale />
            <div class="aside">
                <TestCall locale />
                <Stuck locale stuck=sheet.stuck />
                <Refusals />
                <Record locale mends=sheet.mends />
                <Addresses locale />
            </div>
            <Configuration locale />
        </Layout>
        <script nonce=use_nonce() inner_html=SCRIPT></script>
    }
}

/// What Twilio has to be told, should somebody rather do it by hand.
#[component]
fn Addresses(locale: Locale) -> impl IntoView {
    let state = expect_context::<AppState>();
    let url = move |path: &str| state.config.url(path);
    view! {
        <section class="card">
            <h2>{td_string!(locale, setup.urls)}</h2>
            <p class="lead">{td_string!(locale, setup.urls_lead)}</p>
            <Address locale name=td_string!(locale, setup.voice_url) url=url("/api/calls/twiml/outbound") />
            <Address locale name=td_string!(locale, setup.status_url) url=url("/api/calls/webhook/status") />
            <Address locale name=td_string!(locale, setup.recording_url) url=url("/api/calls/webhook/recording") hint=td_string!(locale, setup.recording_hint) />
        </section>
    }
    .into_any()
}

#[component]
fn Configuration(locale: Locale) -> impl IntoView {
    let state = expect_context::<AppState>();
    let groups = groups(locale, &state.config);
    view! {
        <section class="card configuration">
            <h2>{td_string!(locale, setup.configuration)}</h2>
            <p class="lead">{td_string!(locale, setup.configuration_lead)}</p>
            <div class="groups">{groups.into_iter().map(|group| view! { <Facts locale group /> }).collect_view()}</div>
        </section>
    }
    .into_any()
}

/// Copies `text`; only with JavaScript, and without it one press selects what stands beside it.
#[component]
fn CopyButton(locale: Locale, text: String) -> impl IntoView {
    view! {
        <button class="pill" type="button" data-copy=text>
            <Glyph icon=Icon::Copy />
            <span class="before">{td_string!(locale, setup.copy)}</span>
            <span class="after" role="status">{td_string!(locale, setup.copied)}</span>
        </button>
    }
}

/// A moment, in milliseconds since 1970, as the people of `TIME_ZONE` say it.
fn when(locale: Locale, config: &Config, at: i64) -> String {
    let zone = Zone::new(config.time_zone.iana_name().unwrap_or("UTC"));
    let local = zone.local(&rfc3339(at));
    local.map_or_else(String::new, |local| {
        format!(
            "{} {}",
            local.day.in_words(locale, zone.today()),
            local.clock()
        )
    })
}

#[component]
fn Address(
    locale: Locale,
    name: &'static str,
    url: String,
    #[prop(optional)] hint: Option<&'static str>,
) -> impl IntoView {
    view! {
        <div class="address">
            <h3>{name}</h3>
            <div class="field">
                <code dir="ltr" tabindex="0">{url.clone()}</code>
                <CopyButton locale text=url />
            </div>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
        </div>
    }
    .into_any()
}

#[component]
fn Facts(locale: Locale, group: Group) -> impl IntoView {
    let rows = group.facts.into_iter().map(|Fact { name, shown }| {
        let shown = match shown {
            Shown::Value(value) => view! { <bdi dir="ltr">{value}</bdi> }.into_any(),
            Shown::Words(words) => words.into_any(),
            Shown::Set => {
                view! { <span class="good">{td_string!(locale, setup.set)}</span> }.into_any()
            }
            Shown::Missing => {
                view! { <span class="bad">{td_string!(locale, setup.not_set)}</span> }.into_any()
            }
            Shown::NotSet => {
                view! { <span class="soft">{td_string!(locale, setup.not_set)}</span> }.into_any()
            }
            Shown::MadeHere => {
                view! { <span class="soft">{td_string!(locale, setup.made_here)}</span> }.into_any()
            }
        };
        view! { <div><dt><code dir="ltr">{name}</code></dt><dd>{shown}</dd></div> }
    });
    view! {
        <div class="facts">
            <h3>{group.title}</h3>
            <dl>{rows.collect_view()}</dl>
        </div>
    }
    .into_any()
}
