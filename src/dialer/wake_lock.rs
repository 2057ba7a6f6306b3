//! Keeps the screen awake in a call. The browser takes the lock away when the tab goes to the back; the driver asks again.

use crate::browser::get;
use js_sys::{Function, Promise};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The screen stays awake until this is dropped.
pub struct WakeLock {
    sentinel: Rc<RefCell<Slot>>,
}

enum Slot {
    Asked,
    Held(JsValue),
    Dropped,
}

impl WakeLock {
    /// Asks; a browser that refuses, or knows no such thing, lets the screen sleep.
    pub fn ask() -> Self {
        let sentinel = Rc::new(RefCell::new(Slot::Asked));
        let slot = sentinel.clone();
        spawn_local(async move {
            if let Some(held) = request().await {
                if matches!(*slot.borrow(), Slot::Dropped) {
                    release(&held);
                } else {
                    *slot.borrow_mut() = Slot::Held(held);
                }
            }
        });
        Self { sentinel }
    }
}

impl Drop for WakeLock {
    fn drop(&mut self) {
        if let Slot::Held(held) = self.sentinel.replace(Slot::Dropped) {
            release(&held);
        }
    }
}

async fn request() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    let wake_lock = get(&navigator, "wakeLock")?;
    let ask: Function = get(&wake_lock, "request")?.dyn_into().ok()?;
    let promise: Promise = ask
        .call1(&wake_lock, &JsValue::from_str("screen"))
        .ok()?
        .dyn_into()
        .ok()?;
    JsFuture::from(promise).await.ok()
}

fn release(sentinel: &JsValue) {
    let Some(release) =
        get(sentinel, "release").and_then(|release| release.dyn_into::<Function>().ok())
    else {
        return;
    };
    if let Ok(promise) = release
        .call0(sentinel)
        .and_then(|promise| promise.dyn_into::<Promise>())
    {
        spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}
