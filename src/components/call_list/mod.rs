//! The call history: rendered by the server, then kept live without a reload.

mod entries;
mod row;
#[cfg(all(test, feature = "ssr"))]
mod tests;

use super::{
    browser,
    icon::{Glyph, Icon},
    when::{Day, Zone},
};
use crate::{
    domain::view::{CallView, FetchProgress},
    i18n::*,
};
use entries::Entries;
use leptos::{prelude::*, task::spawn_local};
use row::{Place, Row};
use serde::{Deserialize, Serialize};

/// What the server reports while a page is open.
pub enum Change {
    /// A call as it now is.
    Call(Box<CallView>),
    /// How far Fetch Recordings has come.
    Fetch(FetchProgress),
    /// Too much was missed: what is shown must be asked for anew.
    Reset,
}

/// A page of calls, as `GET /api/calls` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    pub calls: Vec<CallView>,
    pub next_cursor: Option<String>,
}

/// How many calls a page shows.
pub const PAGE: u32 = 50;

/// The calls, by day, newest first. With `newest`, calls that begin while the page is open are added; a page of older ones only changes its own.
/// `calls` is `None` when the server could not load them.
#[island]
pub fn CallList(
    locale: Locale,
    /// IANA name of the zone in which times are shown
    zone: String,
    calls: Option<Vec<CallView>>,
    /// The last change that `calls` shows
    change: Option<i64>,
    newest: bool,
    /// Whether each call says whose it was
    with_agent: bool,
    /// Whether this installation records calls
    recorded: bool,
    /// Of the heading above each day
    heading_level: u8,
) -> impl IntoView {
    let zone = Zone::new(&zone);
    let failed = RwSignal::new(calls.is_none());
    let loading = RwSignal::new(false);
    let entries = Entries::new(calls.unwrap_or_default(), &zone);
    let today = RwSignal::new(zone.today());
    let place = StoredValue::new(Place {
        locale,
        zone: zone.clone(),
        with_agent,
        recorded,
        open: RwSignal::new(None),
    });

    // Which question is the latest, and what changed since it was asked: its answer may be older than that.
    let asked = StoredValue::new(0u32);
    let since = StoredValue::new(Vec::<CallView>::new());
    let reload = move || {
        let mine = asked.get_value().wrapping_add(1);
        asked.set_value(mine);
        since.set_value(Vec::new());
        loading.set(true);
        spawn_local(async move {
            let answer = browser::get::<Calls>(&format!("/api/calls?limit={PAGE}")).await;
            // The list may be gone, or may have been asked for again.
            if asked.try_get_value() != Some(mine) {
                return;
            }
            failed.set(answer.is_err());
            if let Ok(answer) = answer {
                place.with_value(|place| {
                    entries.replace(answer.calls, &place.zone);
                    for call in since.get_value() {
                        entries.apply(call, &place.zone, newest);
                    }
                });
            }
            since.set_value(Vec::new());
            loading.set(false);
        });
    };
    Effect::new(move |_| {
        if let Some(change) = change {
            browser::resume_from(change);
        }
        browser::follow(move |change| {
            place.with_value(|place| {
                today.set(place.zone.today());
                match change {
                    Change::Call(call) => {
                        if loading.get_untracked() {
                            since.update_value(|since| since.push((*call).clone()));
                        }
                        entries.apply(*call, &place.zone, newest);
                    }
                    Change::Reset if newest => reload(),
                    Change::Reset | Change::Fetch(_) => {}
                }
            });
        });
    });

    view! {
        <div class="calls" class:with-agent=with_agent>
            <div class="columns" aria-hidden="true">
                <span></span>
                <span>{td_string!(locale, history.column.number)}</span>
                <span>{td_string!(locale, history.column.outcome)}</span>
                <span>{td_string!(locale, history.column.duration)}</span>
                <span>{td_string!(locale, history.column.recording)}</span>
                <span class="agent">{td_string!(locale, history.column.agent)}</span>
                <span>{td_string!(locale, history.column.time)}</span>
            </div>
            // Above rows, that they could not be had anew.
            <Show when=move || entries.is_empty() || (failed.get() && !loading.get())>
                <Nothing locale failed loading reload />
            </Show>
            <For each=move || entries.days() key=|day| *day let:day>
                <DaySection locale day heading_level today entries place />
            </For>
        </div>
    }
}

#[component]
fn DaySection(
    locale: Locale,
    day: Day,
    heading_level: u8,
    today: RwSignal<Day>,
    entries: Entries,
    place: StoredValue<Place>,
) -> impl IntoView {
    let words = move || day.in_words(locale, today.get());
    view! {
        <section class="day">
            {match heading_level {
                2 => view! { <h2 class="name">{words}</h2> }.into_any(),
                _ => view! { <h3 class="name">{words}</h3> }.into_any(),
            }}
            <ul>
                <For each=move || entries.of(day) key=|entry| entry.sid.clone() let:entry>
                    <Row entry place />
                </For>
            </ul>
        </section>
    }
    .into_any()
}

/// What stands in place of rows, or above those that are out of date: that they are on their way, that they could not be had, or that there are none.
#[component]
fn Nothing(
    locale: Locale,
    failed: RwSignal<bool>,
    loading: RwSignal<bool>,
    reload: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    move || {
        match (loading.get(), failed.get()) {
        (true, _) => view! {
            <div class="skeleton" role="status" aria-label=td_string!(locale, history.loading)>
                {[(); 5].map(|()| view! { <div></div> }).collect_view()}
            </div>
        }
        .into_any(),
        (false, true) => view! {
            <div class="nothing" role="alert">
                <span class="disc bad"><Glyph icon=Icon::Alert /></span>
                <p>{td_string!(locale, history.error)}</p>
                <button class="pill" on:click=move |_| reload()>{td_string!(locale, history.retry)}</button>
            </div>
        }
        .into_any(),
        (false, false) => view! {
            <div class="nothing">
                <span class="disc"><Glyph icon=Icon::Phone /></span>
                <p><b>{td_string!(locale, history.empty)}</b></p>
                <p>{td_string!(locale, history.empty_next)}</p>
            </div>
        }
        .into_any(),
    }
    }
}
