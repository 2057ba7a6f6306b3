//! Almasar Calls: a phone in the browser, on Twilio. One crate with two faces: `ssr` serves, `hydrate` runs in the browser.

// A page is one type, as deep as its tags.
#![recursion_limit = "512"]

#[cfg(feature = "ssr")]
pub mod api;
#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "hydrate")]
pub mod browser;
pub mod components;
pub mod dialer;
pub mod domain;
#[cfg(feature = "hydrate")]
pub mod history;
pub mod islands;
#[cfg(feature = "hydrate")]
pub mod live;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;

#[allow(clippy::all, missing_docs)]
mod translations {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}
pub use translations::i18n;

/// What the browser runs when the wasm has arrived: wakes the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
