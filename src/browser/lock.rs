//! Web Locks: one holder of a name among all tabs of this browser. <https://www.w3.org/TR/web-locks/>

use super::{get, set};
use js_sys::{Function, Object, Promise};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

/// How a lock is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Queue for it.
    Wait,
    /// Have it now or not at all.
    IfAvailable,
    /// Take it from whoever holds it.
    Steal,
}

/// A lock that is held until this is dropped, or stolen.
pub struct Held {
    release: Function,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Asks for a lock; `None` when another tab has it. `on_lost` is called when it is stolen from us later. A browser without Web
/// Locks has no other tab that would ask: the lock is held.
pub async fn acquire(name: &str, asking: Asking, on_lost: impl FnOnce() + 'static) -> Option<Held> {
    let (held, release) = promise();
    let (granted, grant) = promise();
    let Some(locks) =
        web_sys::window().and_then(|window| get(window.navigator().as_ref(), "locks"))
    else {
        return Some(Held { release });
    };
    let locks: LockManager = locks.unchecked_into();
    let options = Object::new();
    match asking {
        Asking::Wait => {}
        Asking::IfAvailable => set(&options, "ifAvailable", true),
        Asking::Steal => set(&options, "steal", true),
    }
    let callback = {
        let grant = grant.clone();
        Closure::once(move |lock: JsValue| -> JsValue {
            let ours = !lock.is_null();
            let _ = grant.call1(&JsValue::NULL, &JsValue::from_bool(ours));
            if ours {
                held.into()
            } else {
                JsValue::UNDEFINED
            }
        })
    };
    let done = locks
        .request(name, &options, callback.as_ref().unchecked_ref())
        .ok()?;
    let lost = Rc::new(RefCell::new(Some(on_lost)));
    spawn_local(async move {
        // The callback lives until the lock is over.
        let _callback = callback;
        if JsFuture::from(done).await.is_err() {
            let _ = grant.call1(&JsValue::NULL, &JsValue::FALSE);
            if let Some(lost) = lost.borrow_mut().take() {
                lost();
            }
        }
    });
    let ours = JsFuture::from(granted)
        .await
        .is_ok_and(|granted| granted.is_truthy());
    ours.then_some(Held { release })
}

/// A promise and the function that resolves it.
fn promise() -> (Promise, Function) {
    let mut resolve = None;
    let promise = Promise::new(&mut |yes, _| resolve = Some(yes));
    (promise, resolve.unwrap_or_default())
}
