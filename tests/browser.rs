//! What only a browser can show: that its clock tells the same time, in the same words, as the server's.
#![cfg(target_arch = "wasm32")]

use almasar::{components::when::Zone, i18n::Locale};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn a_moment_is_shown_on_the_wall_of_the_zone() {
    let local = Zone::new("Asia/Riyadh")
        .local("2026-11-22T07:42:10Z")
        .expect("a moment");
    assert_eq!((local.hour, local.minute), (10, 42));
    assert_eq!(
        (local.day.year, local.day.month, local.day.day),
        (2026, 11, 22)
    );
}

#[wasm_bindgen_test]
fn a_zone_with_summer_time_is_right_on_both_sides_of_the_change() {
    let berlin = Zone::new("Europe/Berlin");
    let hour = |moment| berlin.local(moment).map(|local| local.hour);
    assert_eq!(hour("2026-01-15T12:00:00Z"), Some(13));
    assert_eq!(hour("2026-07-15T12:00:00Z"), Some(14));
}

#[wasm_bindgen_test]
fn midnight_is_hour_zero_of_the_next_day() {
    let local = Zone::new("Asia/Riyadh")
        .local("2026-11-21T21:00:00Z")
        .expect("a moment");
    assert_eq!((local.day.day, local.hour), (22, 0));
}

#[wasm_bindgen_test]
fn yesterday_is_called_so_in_both_languages() {
    let zone = Zone::new("Asia/Riyadh");
    let day = |moment| zone.local(moment).expect("a moment").day;
    let (today, before) = (day("2026-11-22T07:00:00Z"), day("2026-11-21T07:00:00Z"));
    assert_eq!(before.in_words(Locale::ar, today), "أمس");
    assert_eq!(before.in_words(Locale::en, today), "Yesterday");
}

#[wasm_bindgen_test]
fn what_is_no_moment_is_none() {
    assert!(Zone::new("Asia/Riyadh").local("yesterday").is_none());
}
