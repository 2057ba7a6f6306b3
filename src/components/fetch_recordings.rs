//! The green button that asks Twilio for recordings whose callbacks never came.

use super::{
    browser,
    call_list::Change,
    icon::{Glyph, Icon},
};
use crate::{domain::view::FetchProgress, i18n::*};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

/// Where a fetch stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fetch {
    Idle,
    Running(FetchProgress),
    Done { checked: i64, added: i64 },
    Failed,
}

impl Fetch {
    fn in_words(self, locale: Locale) -> Option<String> {
        match self {
            Fetch::Idle => None,
            Fetch::Running(FetchProgress {
                checked,
                total: Some(total),
                ..
            }) => Some(td_string!(locale, fetch.progress, checked, total)),
            Fetch::Running(_) => Some(td_string!(locale, fetch.busy).to_string()),
            Fetch::Done { checked, added } => Some(td_string!(locale, fetch.done, checked, added)),
            Fetch::Failed => Some(td_string!(locale, fetch.failed).to_string()),
        }
    }
}

const ROUTE: &str = "/api/calls/recordings/fetch";

/// A form that works alone: it posts and comes back to `next` with `checked` and `added`, which `done` then holds.
#[island]
pub fn FetchRecordings(locale: Locale, next: String, done: Option<(i64, i64)>) -> impl IntoView {
    let fetch = RwSignal::new(done.map_or(Fetch::Idle, |(checked, added)| Fetch::Done {
        checked,
        added,
    }));
    let is_running = move || matches!(fetch.get(), Fetch::Running(_));
    Effect::new(move |_| {
        browser::follow(move |change| {
            if let (Change::Fetch(progress), Fetch::Running(_)) = (change, fetch.get_untracked()) {
                fetch.set(Fetch::Running(progress));
            }
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if matches!(fetch.get_untracked(), Fetch::Running(_)) {
            return;
        }
        fetch.set(Fetch::Running(FetchProgress::default()));
        spawn_local(async move {
            fetch.set(match browser::post::<FetchProgress>(ROUTE).await {
                Ok(FetchProgress { checked, added, .. }) => Fetch::Done { checked, added },
                Err(_) => Fetch::Failed,
            });
        });
    };
    view! {
        <form class="fetch" method="post" action=ROUTE on:submit=submit>
            <input type="hidden" name="next" value=next />
            <span class="said" role="status" class:bad=move || fetch.get() == Fetch::Failed>{move || fetch.get().in_words(locale)}</span>
            <button class="go" data-testid="fetch-recordings" aria-busy=move || is_running().to_string() class:busy=is_running>
                <Glyph icon=Icon::Download />
                {td_string!(locale, fetch.button)}
            </button>
        </form>
    }
}
