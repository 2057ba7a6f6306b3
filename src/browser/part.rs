//! Parts of the page that the server has drawn: found by name, changed only where they differ. What is written again would be read out
//! again, and a focus or a caret lost.

use wasm_bindgen::JsCast;
use web_sys::Element;

/// The part of that name inside this element.
pub fn part(of: &Element, name: &str) -> Option<Element> {
    of.query_selector(&format!("[data-part={name}]"))
        .ok()
        .flatten()
}

/// All that the selector names inside this element.
pub fn all(of: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = of.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|place| found.item(place)?.dyn_into().ok())
        .collect()
}

pub fn hide(element: &Element, hidden: bool) {
    if element.has_attribute("hidden") != hidden {
        let _ = element.toggle_attribute_with_force("hidden", hidden);
    }
}

pub fn say(element: &Element, words: &str) {
    if element.text_content().as_deref() != Some(words) {
        element.set_text_content(Some(words));
    }
}

pub fn attribute(element: &Element, name: &str, value: &str) {
    if element.get_attribute(name).as_deref() != Some(value) {
        let _ = element.set_attribute(name, value);
    }
}

/// Words with the places of their figures filled, `{checked} of {total}`.
pub fn filled(words: &str, figures: &[(&str, &str)]) -> String {
    figures
        .iter()
        .fold(words.to_owned(), |words, (place, figure)| {
            words.replace(place, figure)
        })
}
