//! Requests to our own server.

use super::set;
use gloo_timers::callback::Timeout;
use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

/// How long an answer may take; a form, which changes something, is waited for.
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

impl Answer {
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as a JS value; nothing where it is no JSON.
    pub fn json(&self) -> Option<JsValue> {
        js_sys::JSON::parse(&self.text).ok()
    }
}

/// An error when no answer came, or none in time.
pub async fn get(url: &str) -> Result<Answer, JsValue> {
    let controller = AbortController::new();
    let init = RequestInit::new();
    set(&init, "signal", controller.signal());
    let _limit = Timeout::new(PATIENCE_MS, move || controller.abort());
    request(url, init).await
}

/// Posts an object as JSON. An error when no answer came, or none in time.
pub async fn post_json(url: &str, body: &JsValue) -> Result<Answer, JsValue> {
    let text = js_sys::JSON::stringify(body)?;
    let controller = AbortController::new();
    let init = RequestInit::new();
    set(&init, "signal", controller.signal());
    let _limit = Timeout::new(PATIENCE_MS, move || controller.abort());
    post(url, init, "application/json", &text).await
}

/// Posts an empty object as JSON, for work that takes as long as it takes. An error when no answer came.
pub async fn post_and_wait(url: &str) -> Result<Answer, JsValue> {
    let nothing = JsString::from("{}");
    post(url, RequestInit::new(), "application/json", &nothing).await
}

/// Posts fields and their values, as a form does: what a server function reads. None, where the address says it all.
pub async fn post_form(url: &str, fields: &[(&str, &str)]) -> Result<Answer, JsValue> {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", js_sys::encode_uri_component(value)))
        .collect();
    let form = JsValue::from_str(&pairs.join("&"));
    let init = RequestInit::new();
    post(url, init, "application/x-www-form-urlencoded", &form).await
}

async fn post(
    url: &str,
    init: RequestInit,
    content_type: &str,
    body: &JsValue,
) -> Result<Answer, JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", content_type)?;
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(body);
    request(url, init).await
}

async fn request(url: &str, init: RequestInit) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let answer: Response = JsFuture::from(window.fetch_with_str_and_init(url, &init))
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
