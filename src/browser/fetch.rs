//! Requests to our own server.

use gloo_timers::callback::Timeout;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestInit, Response};

/// How long an answer may take.
const PATIENCE_MS: u32 = 10_000;

#[wasm_bindgen]
extern "C" {
    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);
}

/// What the server said.
pub struct Answer {
    pub status: u16,
    pub text: String,
    /// When it said so, by its own clock, in milliseconds.
    pub date: Option<f64>,
}

/// An error when no answer came, or none in time.
pub async fn get(url: &str) -> Result<Answer, JsValue> {
    let controller = AbortController::new();
    let init = RequestInit::new();
    super::set(&init, "signal", controller.signal());
    let _limit = Timeout::new(PATIENCE_MS, move || controller.abort());
    let answer: Response = JsFuture::from(window()?.fetch_with_str_and_init(url, &init))
        .await?
        .dyn_into()?;
    let date = answer
        .headers()
        .get("Date")?
        .map(|date| js_sys::Date::parse(&date))
        .filter(|date| date.is_finite());
    let text = JsFuture::from(answer.text()?)
        .await?
        .as_string()
        .unwrap_or_default();
    Ok(Answer {
        status: answer.status(),
        text,
        date,
    })
}

/// Posts JSON; the text of the answer. An error when none came, or none in time.
pub async fn post_json(url: &str, body: &impl Serialize) -> Result<String, JsValue> {
    let text =
        serde_json::to_string(body).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(&text));
    let controller = AbortController::new();
    super::set(&init, "signal", controller.signal());
    let _limit = Timeout::new(PATIENCE_MS, move || controller.abort());
    let request = Request::new_with_str_and_init(url, &init)?;
    request.headers().set("Content-Type", "application/json")?;
    let answer: Response = JsFuture::from(window()?.fetch_with_request(&request))
        .await?
        .dyn_into()?;
    Ok(JsFuture::from(answer.text()?)
        .await?
        .as_string()
        .unwrap_or_default())
}

fn window() -> Result<web_sys::Window, JsValue> {
    web_sys::window().ok_or_else(|| JsValue::from_str("no window"))
}
