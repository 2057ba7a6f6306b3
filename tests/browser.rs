//! What only a browser can show: where rows go in a list that stands on the page.
#![cfg(target_arch = "wasm32")]

use almasar::history::place::{Put, put, row};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Element;

wasm_bindgen_test_configure!(run_in_browser);

/// A row: its call, when it began, how it stands.
type Row = (&'static str, &'static str, &'static str);

/// What the server draws, as far as it matters here. Rows come newest first.
fn drawn(today: &str, rows: &[Row]) -> Element {
    let days: String = rows
        .chunk_by(|one, other| one.1[..10] == other.1[..10])
        .map(|rows| {
            let (day, rows) = (&rows[0].1[..10], rows.iter().map(drawn_row).collect::<String>());
            format!("<section class=day data-day={day}><h2 class=name>{day} of {today}</h2><ul>{rows}</ul></section>")
        })
        .collect();
    let document = web_sys::window()
        .and_then(|window| window.document())
        .expect("a page");
    let list = document.create_element("div").expect("an element");
    list.set_inner_html(&format!("<div class=days data-today={today}>{days}</div>"));
    list
}

fn drawn_row((sid, at, status): &Row) -> String {
    format!(
        "<li class=call data-sid={sid} data-status={status} data-at={at}><b>{status}</b>\
         <button data-testid=call-play aria-expanded=false></button></li>"
    )
}

fn shown(list: &Element) -> Vec<(String, String)> {
    let rows = list.query_selector_all("li.call").expect("a selector");
    (0..rows.length())
        .filter_map(|place| {
            let row: Element = wasm_bindgen::JsCast::dyn_into(rows.item(place)?).ok()?;
            Some((row.get_attribute("data-sid")?, row.text_content()?))
        })
        .collect()
}

fn is(list: &Element, rows: &[(&str, &str)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(sid, status)| ((*sid).to_owned(), (*status).to_owned()))
        .collect();
    assert_eq!(shown(list), rows);
}

#[wasm_bindgen_test]
fn a_change_touches_its_row_alone_and_a_new_call_comes_first() {
    let list = drawn("2026-11-22", &[("A", "2026-11-22T09:00", "ringing")]);
    let answer = drawn(
        "2026-11-22",
        &[
            ("B", "2026-11-22T10:00", "initiated"),
            ("A", "2026-11-22T09:00", "completed"),
        ],
    );
    let before = row(&list, "A");
    assert_eq!(put(&list, &answer, false, true), Put::Done);
    is(&list, &[("B", "initiated"), ("A", "completed")]);
    assert_eq!(row(&list, "A"), before, "the row is the same element");
}

#[wasm_bindgen_test]
fn an_open_player_lives_on_while_its_row_changes() {
    let list = drawn("2026-11-22", &[("A", "2026-11-22T09:00", "in-progress")]);
    let opened = row(&list, "A").expect("a row");
    let play = opened.query_selector("button").ok().flatten();
    play.and_then(|play| play.set_attribute("aria-expanded", "true").ok());
    let _ = opened.insert_adjacent_html("beforeend", "<div class=player></div>");
    let player = || opened.query_selector(".player").ok().flatten();
    let before = player();
    let answer = drawn("2026-11-22", &[("A", "2026-11-22T09:00", "completed")]);
    put(&list, &answer, false, true);
    assert!(before.is_some() && player() == before);
    assert!(matches!(
        opened.query_selector("[aria-expanded=true]"),
        Ok(Some(_))
    ));
}

#[wasm_bindgen_test]
fn a_page_of_older_calls_takes_no_new_ones() {
    let list = drawn("2026-11-22", &[]);
    let answer = drawn("2026-11-22", &[("A", "2026-11-22T09:00", "ringing")]);
    put(&list, &answer, false, false);
    is(&list, &[]);
}

#[wasm_bindgen_test]
fn a_start_that_turns_out_earlier_moves_the_row() {
    let list = drawn(
        "2026-11-22",
        &[
            ("B", "2026-11-22T10:00", "busy"),
            ("A", "2026-11-22T09:00", "ringing"),
        ],
    );
    let answer = drawn("2026-11-22", &[("B", "2026-11-21T08:00", "busy")]);
    put(&list, &answer, false, true);
    is(&list, &[("A", "ringing"), ("B", "busy")]);
    assert!(matches!(
        list.query_selector("[data-day='2026-11-21'] [data-sid=B]"),
        Ok(Some(_))
    ));
}

#[wasm_bindgen_test]
fn a_reset_drops_what_is_gone_and_keeps_the_rest() {
    let list = drawn(
        "2026-11-22",
        &[
            ("B", "2026-11-22T10:00", "ringing"),
            ("A", "2026-11-21T09:00", "busy"),
        ],
    );
    let answer = drawn(
        "2026-11-22",
        &[
            ("C", "2026-11-22T11:00", "busy"),
            ("B", "2026-11-22T10:00", "failed"),
        ],
    );
    let before = row(&list, "B");
    put(&list, &answer, true, true);
    is(&list, &[("C", "busy"), ("B", "failed")]);
    assert_eq!(row(&list, "B"), before);
}

#[wasm_bindgen_test]
fn on_a_new_day_all_the_days_are_named_anew() {
    let rows = [("A", "2026-11-22T09:00", "busy")];
    let list = drawn("2026-11-22", &rows);
    let next = drawn("2026-11-23", &[("B", "2026-11-23T00:01", "ringing")]);
    assert_eq!(put(&list, &next, false, true), Put::NewDay);
    is(&list, &[("A", "busy")]);
    let whole = [("B", "2026-11-23T00:01", "ringing"), rows[0]];
    assert_eq!(
        put(&list, &drawn("2026-11-23", &whole), true, true),
        Put::Done
    );
    let name = list.query_selector("[data-day='2026-11-22'] .name");
    let name = name.ok().flatten().and_then(|name| name.text_content());
    assert_eq!(name.as_deref(), Some("2026-11-22 of 2026-11-23"));
}
