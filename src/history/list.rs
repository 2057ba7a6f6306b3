//! The list: follows the stream, asks for the rows that changed, one question at a time, so that no answer is older than the last.

use super::{place, player};
use crate::{
    browser::{
        Listener, closest, fetch, find, get_text,
        part::{attribute, hide},
    },
    live::{self, LiveEvent},
};
use gloo_timers::future::TimeoutFuture;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlElement};

/// What is not shown as it is.
#[derive(Debug, Clone, PartialEq)]
enum Stale {
    /// These calls.
    Calls(Vec<String>),
    Everything,
}

/// So many rows are asked for one by one; of more, the page is read anew.
const MOST: usize = 50;
/// A question that failed is asked again, so often, after so long each.
const TRIES: u32 = 3;
const PAUSE_MS: u32 = 2_000;

struct Inner {
    list: Element,
    /// Calls that begin while the page is open are added.
    newest: bool,
    stale: RefCell<Option<Stale>>,
    /// The SIDs of rows that have become other rows, the newest last.
    replaced: RefCell<VecDeque<String>>,
    asking: Cell<bool>,
    player: player::Place,
}

/// The list, and what is heard of it and of the stream.
pub struct List {
    _clicks: Listener,
    _live: live::Subscription,
}

impl List {
    pub fn wake() -> Option<Self> {
        let list = find(".calls")?;
        let change = list.get_attribute("data-change");
        if let Some(change) = change.and_then(|change| change.parse().ok()) {
            live::resume_from(change);
        }
        let inner = Rc::new(Inner {
            newest: list.has_attribute("data-newest"),
            player: player::Place::new(&list),
            list,
            stale: RefCell::default(),
            replaced: RefCell::default(),
            asking: Cell::new(false),
        });
        let clicked = inner.clone();
        let clicks = Listener::new(&inner.list, "click", move |event| clicked.click(&event));
        let live = live::subscribe(move |event| match event {
            LiveEvent::Call(call) => {
                if let Some(sid) = get_text(&call, "sid") {
                    if let Some(old) = get_text(&call, "replaces") {
                        inner.replaced(old, &sid);
                    }
                    inner.changed(sid);
                }
            }
            LiveEvent::Reset if inner.newest => inner.ask_for(Stale::Everything),
            // What could not be had before is asked for again.
            LiveEvent::Online(true) if inner.stale.borrow().is_some() => inner.start(),
            _ => {}
        });
        Some(Self {
            _clicks: clicks,
            _live: live,
        })
    }
}

impl Inner {
    fn click(self: &Rc<Self>, event: &Event) {
        if let Some(play) = closest(event, "[data-testid=call-play]") {
            self.player.toggle(&play);
        } else if self.newest && closest(event, "[data-when=failed] a").is_some() {
            event.prevent_default();
            self.ask_for(Stale::Everything);
        } else if let Some(number) = closest(event, ".number") {
            // A larger target for what `call-again` in the same row does.
            let again = number
                .parent_element()
                .and_then(|row| row.query_selector("[data-testid=call-again]").ok()?);
            if let Some(again) = again.and_then(|again| again.dyn_into::<HtmlElement>().ok()) {
                again.click();
            }
        }
    }

    fn changed(self: &Rc<Self>, sid: String) {
        if self.newest || place::row(&self.list, &sid).is_some() {
            self.ask_for(Stale::Calls(vec![sid]));
        }
    }

    /// Twilio has named a call that stood here, if it did, as a browser reported it: its row is the call's from now on.
    fn replaced(&self, old: String, sid: &str) {
        if place::row(&self.list, sid).is_none()
            && let Some(row) = place::row(&self.list, &old)
        {
            attribute(&row, "data-sid", sid);
        }
        let mut replaced = self.replaced.borrow_mut();
        replaced.push_back(old);
        if replaced.len() > MOST {
            replaced.pop_front();
        }
    }

    fn ask_for(self: &Rc<Self>, more: Stale) {
        self.note(more);
        self.start();
    }

    fn note(&self, more: Stale) {
        let known = self.stale.take();
        self.stale.replace(Some(both(known, more, self.newest)));
    }

    fn start(self: &Rc<Self>) {
        if !self.asking.replace(true) {
            spawn_local(self.clone().ask());
        }
    }

    async fn ask(self: Rc<Self>) {
        let mut failures = 0;
        while let Some(stale) = self.stale.take() {
            self.show(stale == Stale::Everything && self.is_empty(), false);
            let Some(rows) = self.rows(&stale).await else {
                self.note(stale);
                failures += 1;
                if failures == TRIES {
                    self.show(false, true);
                    break;
                }
                TimeoutFuture::new(PAUSE_MS).await;
                continue;
            };
            failures = 0;
            let whole = stale == Stale::Everything;
            if place::put(&self.list, &rows, whole, self.newest) == place::Put::NewDay {
                self.note(Stale::Everything);
            }
            // An answer may be older than what was heard of it meanwhile.
            for old in self.replaced.borrow().iter() {
                if let Some(row) = place::row(&self.list, old) {
                    row.remove();
                }
            }
            self.show(false, false);
        }
        self.asking.set(false);
    }

    /// The server's rows, in an element of their own.
    async fn rows(&self, stale: &Stale) -> Option<Element> {
        let level = self.list.get_attribute("data-level").unwrap_or_default();
        let mut url = format!("/app/calls?level={level}");
        if let Stale::Calls(sids) = stale {
            url = format!("{url}&sids={}", sids.join(","));
        }
        let answer = fetch::get(&url).await.ok().filter(fetch::Answer::is_good)?;
        let rows = self.list.owner_document()?.create_element("div").ok()?;
        rows.set_inner_html(&answer.text);
        Some(rows)
    }

    fn is_empty(&self) -> bool {
        matches!(self.list.query_selector("li.call"), Ok(None))
    }

    /// That rows are on their way, that they could not be had, or that there are none.
    fn show(&self, loading: bool, failed: bool) {
        let empty = !loading && !failed && self.is_empty();
        for (when, shown) in [("loading", loading), ("failed", failed), ("empty", empty)] {
            let found = self.list.query_selector(&format!("[data-when={when}]"));
            if let Ok(Some(element)) = found {
                hide(&element, !shown);
            }
        }
    }
}

/// What was stale and what has become so. A page of older calls is never read anew: its rows are asked for, as many as go.
fn both(known: Option<Stale>, more: Stale, newest: bool) -> Stale {
    match (known, more) {
        (None, more) => more,
        (Some(Stale::Calls(mut sids)), Stale::Calls(more)) => {
            for sid in more {
                if !sids.contains(&sid) {
                    sids.push(sid);
                }
            }
            if sids.len() <= MOST {
                return Stale::Calls(sids);
            }
            if newest {
                return Stale::Everything;
            }
            sids.truncate(MOST);
            Stale::Calls(sids)
        }
        _ => Stale::Everything,
    }
}
