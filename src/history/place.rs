//! Where rows belong in the list that stands on the page. A row that is there already keeps its place, its open player and the focus.

use crate::browser::{
    document,
    part::{all, attribute, say},
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// What putting rows in has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Done,
    /// Another day has begun since the names of the days were written: they are all wrong.
    NewDay,
}

/// The row of that call.
pub fn row(list: &Element, sid: &str) -> Option<Element> {
    list.query_selector(&format!("li[data-sid=\"{sid}\"]"))
        .ok()
        .flatten()
}

/// Puts these rows into the list; with `whole`, they are all there are. New ones are added where `may_add`.
pub fn put(list: &Element, answer: &Element, whole: bool, may_add: bool) -> Put {
    let (Some(days), Some(fresh)) = (days(list), days(answer)) else {
        return Put::Done;
    };
    let today = fresh.get_attribute("data-today").unwrap_or_default();
    let begun = days.get_attribute("data-today").as_ref() != Some(&today);
    if begun && !whole && may_add {
        return Put::NewDay;
    }
    if whole {
        for old in all(&days, "li.call") {
            let sid = old.get_attribute("data-sid").unwrap_or_default();
            if row(&fresh, &sid).is_none() {
                old.remove();
            }
        }
        attribute(&days, "data-today", &today);
    }
    for section in all(&fresh, "section.day") {
        for new in all(&section, "li.call") {
            place(&days, &section, new, whole || may_add);
        }
        rename(&days, &section);
    }
    for section in all(&days, "section.day") {
        if matches!(section.query_selector("li.call"), Ok(None)) {
            section.remove();
        }
    }
    Put::Done
}

fn place(days: &Element, section: &Element, new: Element, may_add: bool) {
    let sid = new.get_attribute("data-sid").unwrap_or_default();
    match row(days, &sid) {
        Some(old) if old.get_attribute("data-at") == new.get_attribute("data-at") => {
            refresh(&old, &new);
        }
        // An earlier start became known: the row may belong elsewhere.
        Some(old) => {
            refresh(&old, &new);
            old.remove();
            insert(days, section, &old);
        }
        None if may_add => {
            attribute(&new, "class", "call arrived");
            insert(days, section, &new);
        }
        None => {}
    }
}

/// The row as it now is, but for its player, which must live on while the words change.
fn refresh(old: &Element, new: &Element) {
    for name in ["data-status", "data-at"] {
        if let Some(value) = new.get_attribute(name) {
            attribute(old, name, &value);
        }
    }
    let focused = focused_in(old);
    let expanded = old.query_selector("[aria-expanded=true]").ok().flatten();
    let player = old.query_selector(".player").ok().flatten();
    for part in all(old, ":scope > :not(.player)") {
        part.remove();
    }
    for part in all(new, ":scope > *") {
        let _ = match &player {
            Some(player) => old.insert_before(&part, Some(player)),
            None => old.append_child(&part),
        };
    }
    let play = old.query_selector("[data-testid=call-play]").ok().flatten();
    match (expanded.and(play), player) {
        (Some(play), _) => attribute(&play, "aria-expanded", "true"),
        // The recording is gone, and what played it.
        (None, Some(player)) => player.remove(),
        (None, None) => {}
    }
    let again =
        focused.and_then(|name| old.query_selector(&format!("[data-testid={name}]")).ok()?);
    if let Some(again) = again.and_then(|again| again.dyn_into::<HtmlElement>().ok()) {
        let _ = again.focus();
    }
}

/// Newest first, under the row's day, which may have had no row yet. RFC 3339 in UTC sorts as text, as long as all have the same form.
fn insert(days: &Element, section: &Element, row: &Element) {
    let Some(home) = day(days, section) else {
        return;
    };
    let Ok(Some(rows)) = home.query_selector("ul") else {
        return;
    };
    before_older(&rows, "li.call", "data-at", row);
}

/// The list's own section for this day.
fn day(days: &Element, section: &Element) -> Option<Element> {
    let name = section.get_attribute("data-day")?;
    if let Ok(Some(home)) = days.query_selector(&format!("[data-day=\"{name}\"]")) {
        return Some(home);
    }
    let home = section
        .clone_node_with_deep(true)
        .ok()?
        .dyn_into::<Element>()
        .ok()?;
    all(&home, "li.call").iter().for_each(Element::remove);
    before_older(days, "section.day", "data-day", &home);
    Some(home)
}

fn before_older(parent: &Element, selector: &str, by: &str, new: &Element) {
    let at = new.get_attribute(by);
    let older = all(parent, selector)
        .into_iter()
        .find(|other| other.get_attribute(by) < at);
    let _ = parent.insert_before(new, older.as_deref());
}

fn rename(days: &Element, section: &Element) {
    let day = section.get_attribute("data-day").unwrap_or_default();
    let Ok(Some(home)) = days.query_selector(&format!("[data-day=\"{day}\"]")) else {
        return;
    };
    if let (Ok(Some(old)), Ok(Some(new))) = (
        home.query_selector(".name"),
        section.query_selector(".name"),
    ) {
        say(&old, &new.text_content().unwrap_or_default());
    }
}

fn days(of: &Element) -> Option<Element> {
    of.query_selector(".days").ok().flatten()
}

/// The name (`data-testid`) of what has the focus in this row.
fn focused_in(row: &Element) -> Option<String> {
    let focused = document()?.active_element()?;
    row.contains(Some(&focused))
        .then(|| focused.get_attribute("data-testid"))
        .flatten()
}
