//! The call history: rows under the names of their days. `crate::history` keeps them live in the browser, by asking for rows anew.

mod row;
#[cfg(test)]
mod tests;

use super::{
    icon::{Glyph, Icon},
    player::PlayerTemplate,
    when::{Day, Zone},
};
use crate::{
    domain::{user::User, view::CallView},
    i18n::*,
    server::config::Config,
};
use leptos::prelude::*;
use row::Row;

/// How many calls a page shows.
pub const PAGE: u32 = 50;

/// How the rows of a list are shown.
#[derive(Debug, Clone)]
pub struct Manner {
    pub locale: Locale,
    pub zone: Zone,
    /// Whether each call says whose it was
    pub with_agent: bool,
    /// Whether this installation records calls
    pub recorded: bool,
    /// Of the heading above each day: 2 or 3
    pub heading_level: u8,
}

impl Manner {
    /// As this user sees this installation's calls.
    pub fn of(config: &Config, user: Option<&User>, locale: Locale, heading_level: u8) -> Self {
        Self {
            locale,
            zone: Zone::new(config.time_zone.iana_name().unwrap_or("UTC")),
            with_agent: user.is_some_and(|user| user.role.sees_everybodys_calls()),
            recorded: config.record_calls,
            heading_level,
        }
    }
}

/// The calls, by day, newest first. With `newest`, calls that begin while the page is open are added; a page of older ones only changes its own.
/// `calls` is `None` when they could not be loaded.
#[component]
pub fn CallList(
    manner: Manner,
    calls: Option<Vec<CallView>>,
    /// The last change that `calls` shows
    change: Option<i64>,
    newest: bool,
) -> impl IntoView {
    let locale = manner.locale;
    let (with_agent, level) = (manner.with_agent, manner.heading_level);
    let failed = calls.is_none();
    let calls = calls.unwrap_or_default();
    let empty = calls.is_empty() && !failed;
    view! {
        <div
            class="calls"
            class:with-agent=with_agent
            data-change=change
            data-newest=newest.then_some("")
            data-level=level
        >
            <div class="columns" aria-hidden="true">
                <span></span>
                <span>{td_string!(locale, history.column.number)}</span>
                <span>{td_string!(locale, history.column.outcome)}</span>
                <span>{td_string!(locale, history.column.duration)}</span>
                <span>{td_string!(locale, history.column.recording)}</span>
                <span class="agent">{td_string!(locale, history.column.agent)}</span>
                <span>{td_string!(locale, history.column.time)}</span>
            </div>
            <div class="skeleton" data-when="loading" hidden role="status" aria-label=td_string!(locale, history.loading)>
                {[(); 5].map(|()| view! { <div></div> }).collect_view()}
            </div>
            // Above rows, that they could not be had anew.
            <div class="nothing" data-when="failed" hidden=!failed role="alert">
                <span class="disc bad"><Glyph icon=Icon::Alert /></span>
                <p>{td_string!(locale, history.error)}</p>
                <a class="pill" href="">{td_string!(locale, history.retry)}</a>
            </div>
            <div class="nothing" data-when="empty" hidden=!empty>
                <span class="disc"><Glyph icon=Icon::Phone /></span>
                <p><b>{td_string!(locale, history.empty)}</b></p>
                <p>{td_string!(locale, history.empty_next)}</p>
            </div>
            <Days manner calls />
            <PlayerTemplate locale />
        </div>
    }
    .into_any()
}

/// The rows alone, under their days: what the browser puts into a list that it has.
pub fn rows(manner: Manner, calls: Vec<CallView>) -> String {
    Owner::new().with(|| view! { <Days manner calls /> }.to_html())
}

#[component]
fn Days(manner: Manner, calls: Vec<CallView>) -> impl IntoView {
    let today = manner.zone.today();
    let day_of = |call: &CallView| {
        let local = manner.zone.local(&call.started_at);
        local.map_or(today, |local| local.day)
    };
    let days: Vec<(Day, Vec<CallView>)> = calls
        .chunk_by(|one, other| day_of(one) == day_of(other))
        .filter_map(|calls| Some((day_of(calls.first()?), calls.to_vec())))
        .collect();
    let days = days.into_iter().map(|(day, calls)| {
        let words = day.in_words(manner.locale, today);
        let manner = &manner;
        view! {
            <section class="day" data-day=day.iso()>
                {match manner.heading_level {
                    2 => view! { <h2 class="name">{words}</h2> }.into_any(),
                    _ => view! { <h3 class="name">{words}</h3> }.into_any(),
                }}
                <ul>{calls.into_iter().map(|call| view! { <Row call manner /> }).collect_view()}</ul>
            </section>
        }
    });
    view! { <div class="days" data-today=today.iso()>{days.collect_view()}</div> }.into_any()
}
