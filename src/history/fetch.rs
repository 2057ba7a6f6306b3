//! Fetch Recordings: the form, posted without leaving the page.

use crate::{
    browser::{
        Listener, fetch, find,
        part::{attribute, filled, say},
    },
    domain::view::FetchProgress,
    live::{self, LiveEvent},
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;

/// Where a fetch stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    Running(Option<FetchProgress>),
    Done(FetchProgress),
    Failed,
}

/// The form, and what is heard of it and of the stream.
pub struct Fetch {
    _submit: Listener,
    _live: live::Subscription,
}

impl Fetch {
    pub fn wake() -> Option<Self> {
        let form = find("form.fetch")?;
        let running = Rc::new(Cell::new(false));
        let (subject, busy) = (form.clone(), running.clone());
        let submit = Listener::new(&form, "submit", move |event| {
            event.prevent_default();
            if !busy.replace(true) {
                spawn_local(run(subject.clone(), busy.clone()));
            }
        });
        let live = live::subscribe(move |event| {
            if let (LiveEvent::Fetch(progress), true) = (event, running.get()) {
                show(&form, Stand::Running(Some(progress)));
            }
        });
        Some(Self {
            _submit: submit,
            _live: live,
        })
    }
}

async fn run(form: Element, busy: Rc<Cell<bool>>) {
    show(&form, Stand::Running(None));
    let route = form.get_attribute("action").unwrap_or_default();
    let answer = fetch::post_and_wait(&route).await;
    busy.set(false);
    let done = answer
        .ok()
        .filter(fetch::Answer::is_good)
        .and_then(|answer| live::progress(&answer.json()?));
    show(&form, done.map_or(Stand::Failed, Stand::Done));
}

fn show(form: &Element, stand: Stand) {
    let words = |name: &str| form.get_attribute(name).unwrap_or_default();
    let text = match stand {
        Stand::Running(Some(FetchProgress { checked, .. })) if checked > 0 => filled(
            &words("data-progress"),
            &[("{checked}", &checked.to_string())],
        ),
        Stand::Running(_) => words("data-busy"),
        Stand::Done(FetchProgress { checked, added, .. }) => filled(
            &words("data-done"),
            &[
                ("{checked}", &checked.to_string()),
                ("{added}", &added.to_string()),
            ],
        ),
        Stand::Failed => words("data-failed"),
    };
    let is_running = matches!(stand, Stand::Running(_));
    if let Ok(Some(said)) = form.query_selector(".said") {
        let bad = stand == Stand::Failed;
        attribute(&said, "class", if bad { "said bad" } else { "said" });
        say(&said, &text);
    }
    if let Ok(Some(button)) = form.query_selector("button") {
        attribute(&button, "class", if is_running { "go busy" } else { "go" });
        attribute(
            &button,
            "aria-busy",
            if is_running { "true" } else { "false" },
        );
    }
}
