//! What the islands ask of the browser. `not_in_browser.rs` has the same names for the server, where no island is ever woken.

use super::call_list::Change;
use crate::live::{self, LiveEvent};
use leptos::{prelude::*, web_sys};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

/// Hands over what the server reports until the island goes.
pub fn follow(on: impl Fn(Change) + 'static) {
    let subscription = live::subscribe(move |event| match event {
        LiveEvent::Call(call) => on(Change::Call(call)),
        LiveEvent::Fetch(progress) => on(Change::Fetch(progress)),
        LiveEvent::Reset => on(Change::Reset),
        LiveEvent::Online(_) => {}
    });
    let subscription = StoredValue::new_local(Some(subscription));
    on_cleanup(move || drop(subscription.try_update_value(Option::take)));
}

/// The page shows everything up to this change: what comes after is wanted.
pub fn resume_from(change: i64) {
    live::resume_from(change);
}

/// Why nothing came: there is no more to say to a person than that it did not.
#[derive(Debug, Clone, Copy)]
pub struct Unreachable;

impl From<JsValue> for Unreachable {
    fn from(_: JsValue) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Unreachable {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// A JSON answer of our own server.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Unreachable> {
    request("GET", path).await
}

/// As [`get`], for what changes something.
pub async fn post<T: DeserializeOwned>(path: &str) -> Result<T, Unreachable> {
    request("POST", path).await
}

async fn request<T: DeserializeOwned>(method: &str, path: &str) -> Result<T, Unreachable> {
    let headers = web_sys::Headers::new()?;
    headers.set("accept", "application/json")?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers(&headers);
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?.dyn_into()?;
    if !response.ok() {
        return Err(Unreachable);
    }
    let text = JsFuture::from(response.text()?).await?.as_string().ok_or(Unreachable)?;
    Ok(serde_json::from_str(&text)?)
}
