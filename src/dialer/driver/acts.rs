//! What the machine asks for, done.

use super::{Driver, record};
use crate::{
    browser::{
        fetch, get, get_text,
        lock::{self, Asking},
        set,
    },
    dialer::{
        machine::{CallEvent, Effect, Fault, Input, Report},
        sdk_events::{hear_call, hear_device, sid},
        voice_sdk::{self, Call, Device, custom_parameter, parameter},
    },
};
use gloo_timers::future::sleep;
use std::{rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// How long the SDK's script may take.
const SDK_WAIT: Duration = Duration::from_secs(20);
/// A reloaded page asks again for the lock that its former self has not let go yet.
const LOCK_TRIES: u32 = 12;

impl Driver {
    pub(super) fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::AskLock { steal } => self.ask_lock(steal),
            Effect::FetchToken => self.fetch_token(),
            Effect::CreateDevice => self.create_device(),
            Effect::UpdateToken => {
                let done = self
                    .device
                    .borrow()
                    .as_ref()
                    .map(|device| device.update_token(&self.token.borrow()));
                if let Some(Err(fault)) = done {
                    self.send(Input::DeviceError(fault));
                }
            }
            Effect::DestroyDevice => {
                self.next_generation();
                drop(self.device.take());
            }
            Effect::Connect { n, to, attempt } => self.connect(n, to, attempt),
            Effect::HangUp { n } => self.with_call(n, Call::disconnect),
            Effect::Accept { n } => self.accept(n),
            Effect::Reject { n } => self.with_call(n, Call::reject),
            Effect::Mute { n, on } => self.with_call(n, |call| call.mute(on)),
            Effect::Digit { n, key } => self.with_call(n, |call| call.send_digit(key)),
            Effect::Release { n } => self.calls.borrow_mut().retain(|(other, _)| *other != n),
            Effect::Start(timer, after_ms) => self.start_timer(timer, after_ms),
            Effect::Ask { sid } => self.ask(sid),
            Effect::NoteHangUp { sid } => spawn_local(async move {
                // Twilio's own callbacks come to the same, later.
                let _ = fetch::post_form("/app/hangup", &[("sid", &sid)]).await;
            }),
            Effect::Report { n, report } => self.report(n, report),
            Effect::Presence { registered } => {
                let tab = self.tab.clone();
                spawn_local(async move {
                    let registered = if registered { "true" } else { "false" };
                    let said = [("tab", tab.as_str()), ("registered", registered)];
                    let _ = fetch::post_form("/app/phone", &said).await;
                });
            }
        }
    }

    fn with_call(&self, n: u32, act: impl FnOnce(&Call)) {
        let calls = self.calls.borrow();
        if let Some((_, call)) = calls.iter().find(|(other, _)| *other == n) {
            act(call);
        }
    }

    fn ask_lock(self: &Rc<Self>, steal: bool) {
        let driver = self.clone();
        spawn_local(async move {
            let mut tries = if steal { 1 } else { LOCK_TRIES };
            while tries > 0 {
                tries -= 1;
                if driver
                    .acquire(if steal {
                        Asking::Steal
                    } else {
                        Asking::IfAvailable
                    })
                    .await
                {
                    return driver.send(Input::LockHeld);
                }
                sleep(Duration::from_millis(150)).await;
            }
            driver.send(Input::LockDenied);
            driver.queue_for_lock();
        });
    }

    /// When the other tab closes, the phone is ours.
    fn queue_for_lock(self: &Rc<Self>) {
        if self.queueing.replace(true) {
            return;
        }
        let driver = self.clone();
        spawn_local(async move {
            let held = driver.acquire(Asking::Wait).await;
            driver.queueing.set(false);
            if held {
                driver.send(Input::LockHeld);
            }
        });
    }

    async fn acquire(self: &Rc<Self>, asking: Asking) -> bool {
        let name = format!("almasar-phone-{}", self.setup.user_id);
        let driver = Rc::downgrade(self);
        let held = lock::acquire(&name, asking, move || {
            if let Some(driver) = driver.upgrade() {
                drop(driver.lock.take());
                driver.send(Input::LockLost);
                driver.queue_for_lock();
            }
        });
        let held = held.await;
        let ours = held.is_some();
        if ours {
            *self.lock.borrow_mut() = held;
        }
        ours
    }

    fn fetch_token(self: &Rc<Self>) {
        if self.fetching.replace(true) {
            return;
        }
        let driver = self.clone();
        spawn_local(async move {
            let answer = fetch::get("/api/calls/token").await;
            driver.fetching.set(false);
            driver.send(match answer {
                Ok(answer) if answer.status == 200 => match token(&answer) {
                    Some((token, life_ms)) => {
                        *driver.token.borrow_mut() = token;
                        Input::TokenArrived { life_ms }
                    }
                    None => Input::TokenFailed,
                },
                Ok(answer) if answer.status == 401 => Input::TokenRefused,
                _ => Input::TokenFailed,
            });
        });
    }

    /// A device that was asked for before this is not wanted any more.
    fn next_generation(&self) -> u32 {
        let generation = self.generation.get().wrapping_add(1);
        self.generation.set(generation);
        generation
    }

    fn create_device(self: &Rc<Self>) {
        let generation = self.next_generation();
        let driver = self.clone();
        spawn_local(async move {
            let deadline = js_sys::Date::now() + SDK_WAIT.as_millis() as f64;
            loop {
                if driver.generation.get() != generation {
                    return;
                }
                if voice_sdk::is_loaded() {
                    break;
                }
                if js_sys::Date::now() > deadline {
                    return driver.send(Input::SdkMissing);
                }
                sleep(Duration::from_millis(50)).await;
            }
            let made = Device::new(&driver.token.borrow(), &driver.setup);
            match made {
                Ok(mut device) => {
                    let weak = Rc::downgrade(&driver);
                    hear_device(&mut device, &driver.sender(), move |call| {
                        if let Some(driver) = weak.upgrade() {
                            driver.incoming(call);
                        }
                    });
                    device.register();
                    let audio = device.audio();
                    *driver.device.borrow_mut() = Some(device);
                    let speaker = driver.speaker.borrow().clone();
                    if let Some(id) = speaker {
                        Device::choose_speaker(audio, id).await;
                    }
                }
                Err(_) => driver.send(Input::Unsupported),
            }
        });
    }

    fn connect(self: &Rc<Self>, n: u32, to: String, attempt: String) {
        let driver = self.clone();
        spawn_local(async move {
            driver.open_microphone().await;
            if !driver.is_on(n) {
                return driver.close_microphone();
            }
            let promise = driver
                .device
                .borrow()
                .as_ref()
                .map(|device| device.connect(&to, &attempt));
            let Some(promise) = promise else {
                let fault = Fault {
                    code: 31009,
                    message: "no device".into(),
                    ice: None,
                };
                return driver.send(Input::Event {
                    n,
                    event: CallEvent::Failed(fault),
                });
            };
            match promise.await {
                Ok(call) => {
                    driver.adopt(n, call);
                    driver.send(Input::Event {
                        n,
                        event: CallEvent::Connected,
                    });
                }
                Err(fault) => driver.send(Input::Event {
                    n,
                    event: CallEvent::Failed(fault),
                }),
            }
        });
    }

    fn accept(self: &Rc<Self>, n: u32) {
        if self.microphone.borrow().is_none() {
            return self.with_call(n, Call::accept);
        }
        let driver = self.clone();
        spawn_local(async move {
            driver.open_microphone().await;
            if driver.is_on(n) {
                driver.with_call(n, Call::accept);
            } else {
                driver.close_microphone();
            }
        });
    }

    fn is_on(&self, n: u32) -> bool {
        self.state
            .borrow()
            .call
            .as_ref()
            .is_some_and(|call| call.n == n)
    }

    /// The microphone that was chosen, for the call that begins now. Where it is gone the SDK takes the browser's own.
    async fn open_microphone(&self) {
        let microphone = self.microphone.borrow().clone();
        if let Some(id) = microphone {
            Device::choose_microphone(self.audio(), id).await;
        }
    }

    /// The SDK keeps a microphone that was chosen open until it is told otherwise, which it takes only once its call is over.
    pub(super) fn close_microphone(self: &Rc<Self>) {
        if self.microphone.borrow().is_none() {
            return;
        }
        let driver = self.clone();
        spawn_local(async move {
            for _ in 0..3 {
                sleep(Duration::from_millis(700)).await;
                if driver.state.borrow().call.is_some() {
                    return;
                }
                if Device::let_microphone_go(driver.audio()).await {
                    return;
                }
            }
        });
    }

    fn incoming(self: &Rc<Self>, call: JsValue) {
        let n = self.state.borrow().next_call();
        let from = custom_parameter(&call, "customer")
            .or_else(|| parameter(&call, "From"))
            .unwrap_or_default();
        let sid = sid(&call);
        self.adopt(n, Call::from_js(call));
        self.send(Input::Incoming { n, sid, from });
    }

    fn adopt(self: &Rc<Self>, n: u32, mut call: Call) {
        let driver = Rc::downgrade(self);
        hear_call(&mut call, n, &self.sender(), move |level| {
            if let Some(driver) = driver.upgrade() {
                driver.page.hear_level(level);
            }
        });
        let mut calls = self.calls.borrow_mut();
        calls.retain(|(other, _)| *other + 2 > n && *other != n);
        calls.push((n, call));
    }

    fn ask(self: &Rc<Self>, sid: String) {
        let driver = self.clone();
        spawn_local(async move {
            match fetch::get(&format!("/api/calls/{sid}")).await {
                Ok(answer) if answer.status == 200 => {
                    if let Some(record) = answer.json().as_ref().and_then(record::read) {
                        driver.send(Input::Record(record));
                    }
                }
                _ => {}
            }
        });
    }

    fn report(self: &Rc<Self>, n: u32, report: Report) {
        let signaling = self.device.borrow().as_ref().and_then(Device::state);
        let driver = self.clone();
        spawn_local(async move {
            let microphone = microphone_permission()
                .await
                .unwrap_or_else(|| "unknown".into());
            let seen = js_sys::Object::new();
            set(&seen, "sid", report.sid);
            set(&seen, "attempt", report.attempt);
            set(&seen, "to", report.to);
            set(&seen, "code", report.code);
            set(&seen, "message", report.message);
            set(&seen, "time_to_hangup_ms", report.time_to_hangup_ms);
            set(&seen, "ended_ms_ago", report.ended_ms_ago);
            set(&seen, "reached_server", report.reached_server);
            set(&seen, "gave_up", report.gave_up);
            set(&seen, "weak", report.weak);
            set(&seen, "microphone", microphone);
            set(&seen, "signaling", signaling);
            set(&seen, "ice", report.ice);
            let answer = fetch::post_json("/api/calls/diagnostics", &seen).await;
            let cause = answer
                .ok()
                .and_then(|answer| get(&answer.json()?, "cause"))
                .and_then(|cause| record::cause(&cause));
            driver.send(Input::Explained { n, cause });
        });
    }
}

/// The token, and how many milliseconds it has to live.
fn token(answer: &fetch::Answer) -> Option<(String, f64)> {
    let json = answer.json()?;
    let token = get_text(&json, "token")?;
    let expires_at = js_sys::Date::parse(&get_text(&json, "expires_at")?);
    // Life by the server's clock: this one may be wrong by minutes.
    let life_ms = expires_at - answer.date.unwrap_or_else(js_sys::Date::now);
    let life_ms = if life_ms.is_finite() {
        life_ms.max(10_000.0)
    } else {
        600_000.0
    };
    Some((token, life_ms))
}

/// `granted`, `denied` or `prompt`; nothing where the browser does not say.
async fn microphone_permission() -> Option<String> {
    let permissions = get(&web_sys::window()?.navigator(), "permissions")?;
    let query: js_sys::Function = get(&permissions, "query")?.dyn_into().ok()?;
    let name = js_sys::Object::new();
    set(&name, "name", "microphone");
    let promise: js_sys::Promise = query.call1(&permissions, &name).ok()?.dyn_into().ok()?;
    get_text(&JsFuture::from(promise).await.ok()?, "state")
}
