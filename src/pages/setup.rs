//! Set-up, for administrators: the addresses that Twilio must know, and what the server has read.

use super::{
    setup_facts::{Fact, Group, Shown, groups},
    setup_refusals::Refusals,
};
use crate::{
    components::{
        icon::{Glyph, Icon},
        layout::Layout,
    },
    i18n::*,
    server::state::AppState,
};
use leptos::{nonce::use_nonce, prelude::*};

/// Copies the address beside the button that was pressed. Too small for an island: the page ships no other code. Without it the address
/// is selected whole by one press.
const COPY: &str = "addEventListener('click',async e=>{const b=e.target.closest('[data-copy]');if(!b)return;await navigator.clipboard.writeText(b.dataset.copy);b.dataset.done=''})";

#[component]
pub fn Setup() -> impl IntoView {
    let locale = expect_context::<Locale>();
    let state = expect_context::<AppState>();
    let groups = groups(locale, &state.config);
    let missing: Vec<&str> = groups
        .iter()
        .flat_map(|group| &group.facts)
        .filter(|fact| matches!(fact.shown, Shown::Missing))
        .map(|fact| fact.name)
        .collect();
    let url = move |path: &str| state.config.url(path);
    view! {
        <Layout class="page setup">
            <section class="card">
                <h1>{td_string!(locale, setup.title)}</h1>
                <p class="lead">{td_string!(locale, setup.lead)}</p>
                {(!missing.is_empty()).then(|| view! {
                    <div class="note" role="note">
                        <p>{td_string!(locale, setup.incomplete)}</p>
                        <ul>{missing.iter().map(|name| view! { <li><code dir="ltr">{name.to_string()}</code></li> }).collect_view()}</ul>
                    </div>
                })}
            </section>
            <section class="card">
                <h2>{td_string!(locale, setup.urls)}</h2>
                <p class="lead">{td_string!(locale, setup.urls_lead)}</p>
                <Address locale name=td_string!(locale, setup.voice_url) url=url("/api/calls/twiml/outbound") />
                <Address locale name=td_string!(locale, setup.status_url) url=url("/api/calls/webhook/status") />
                <Address locale name=td_string!(locale, setup.recording_url) url=url("/api/calls/webhook/recording") hint=td_string!(locale, setup.recording_hint) />
            </section>
            <Refusals />
            <section class="card">
                <h2>{td_string!(locale, setup.configuration)}</h2>
                <div class="groups">{groups.into_iter().map(|group| view! { <Facts locale group /> }).collect_view()}</div>
            </section>
        </Layout>
        <script nonce=use_nonce()>{COPY}</script>
    }
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
                <button class="pill" type="button" data-copy=url>
                    <Glyph icon=Icon::Copy />
                    <span class="before">{td_string!(locale, setup.copy)}</span>
                    <span class="after" role="status">{td_string!(locale, setup.copied)}</span>
                </button>
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
