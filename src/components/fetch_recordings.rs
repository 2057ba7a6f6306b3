//! The green button that asks Twilio for recordings whose callbacks never came.

use super::icon::{Glyph, Icon};
use crate::i18n::*;
use leptos::prelude::*;

/// A form that works alone: it posts and comes back to `next` with `checked` and `added`, which `done` then holds, or with `failed`. In the browser
/// `crate::history::fetch` posts it and says how far it is, in these words.
#[component]
pub fn FetchRecordings(
    locale: Locale,
    next: &'static str,
    done: Option<(i64, i64)>,
    failed: bool,
) -> impl IntoView {
    let said = if failed {
        Some(td_string!(locale, fetch.failed).to_owned())
    } else {
        done.map(|(checked, added)| td_string!(locale, fetch.done, checked, added))
    };
    view! {
        <form
            class="fetch"
            method="post"
            action="/api/calls/recordings/fetch"
            data-busy=td_string!(locale, fetch.busy)
            data-progress=td_string!(locale, fetch.progress, checked = "{checked}")
            data-done=td_string!(locale, fetch.done, checked = "{checked}", added = "{added}")
            data-failed=td_string!(locale, fetch.failed)
        >
            <input type="hidden" name="next" value=next />
            <span class=if failed { "said bad" } else { "said" } role="status">{said}</span>
            <button class="go" data-testid="fetch-recordings" aria-busy="false">
                <Glyph icon=Icon::Download />
                {td_string!(locale, fetch.button)}
            </button>
        </form>
    }
    .into_any()
}
