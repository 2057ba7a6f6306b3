//! Countries' names, which every browser has in every language.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// `SA` in `ar` is المملكة العربية السعودية. Nothing for what is no country, or in a browser that does not know.
pub fn name(language: &str, region: &str) -> Option<String> {
    let intl = crate::browser::get(&js_sys::global(), "Intl")?;
    let constructor: Function = crate::browser::get(&intl, "DisplayNames")?
        .dyn_into()
        .ok()?;
    let options = Object::new();
    crate::browser::set(&options, "type", "region");
    crate::browser::set(&options, "style", "short");
    let names = Reflect::construct(&constructor, &Array::of2(&language.into(), &options)).ok()?;
    let of: Function = crate::browser::get(&names, "of")?.dyn_into().ok()?;
    of.call1(&names, &JsValue::from_str(region))
        .ok()?
        .as_string()
}
