//! What the phone hears from the page around it, and what it shows there: the title, the header, the screen's wake lock, the focus.

use super::{Driver, record};
use crate::{
    browser::{self, Listener, document, find},
    dialer::{
        keyboard,
        machine::{Face, Input},
        wake_lock::WakeLock,
        words,
    },
    live::{self, LiveEvent},
};
use gloo_timers::future::sleep;
use std::{rc::Rc, time::Duration};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, MouseEvent, UrlSearchParams, Window};

impl Driver {
    pub(super) fn look_around(self: &Rc<Self>) {
        let (Some(window), send) = (web_sys::window(), self.sender()) else {
            return;
        };
        let Some(document) = window.document() else {
            return;
        };
        let weak = Rc::downgrade(self);
        let in_call = move || {
            weak.upgrade()
                .is_some_and(|driver| driver.state.borrow().face().is_call())
        };
        let mut listeners = keyboard::listen(send.clone(), in_call.clone());
        for (name, input) in [("online", Input::Online), ("offline", Input::Offline)] {
            let send = send.clone();
            listeners.push(Listener::new(&window, name, move |_| send(input.clone())));
        }
        let weak = Rc::downgrade(self);
        listeners.push(Listener::new(&document, "visibilitychange", move |_| {
            if let Some(driver) = weak.upgrade().filter(|_| browser::is_visible()) {
                driver.awake.take();
                driver.stay_awake();
                driver.send(Input::Visible);
            }
        }));
        let asks = in_call.clone();
        listeners.push(Listener::new(&window, "beforeunload", move |event| {
            if asks() {
                event.prevent_default();
                // What browsers before 2023 go by.
                browser::set(&event, "returnValue", true);
            }
        }));
        listeners.push(self.say_good_bye(&window));
        let to = send.clone();
        listeners.push(Listener::new(&document, "click", move |event| {
            if let Some(number) = call_again(&event) {
                event.prevent_default();
                if !in_call() {
                    to(Input::CallNumber(number));
                }
                if let Some(dialer) = find("[data-testid=dialer]") {
                    dialer.scroll_into_view();
                }
            }
        }));
        let user_id = self.setup.user_id.clone();
        let subscription = live::subscribe(move |event| match event {
            LiveEvent::Call(call) if record::agent(&call).as_ref() == Some(&user_id) => {
                if let Some(record) = record::read(&call) {
                    send(Input::Record(record));
                }
            }
            _ => {}
        });
        let _ = self.around.set((listeners, subscription));
    }

    /// The page goes: `fetch` would be cancelled, a beacon is not.
    fn say_good_bye(self: &Rc<Self>, window: &Window) -> Listener {
        let (tab, navigator) = (self.tab.clone(), window.navigator());
        Listener::new(window, "pagehide", move |_| {
            if let Ok(form) = UrlSearchParams::new() {
                form.append("tab", &tab);
                form.append("registered", "false");
                let _ = navigator.send_beacon_with_opt_url_search_params("/app/phone", Some(&form));
            }
        })
    }

    /// Makes the page agree with the state.
    pub(super) fn show(self: &Rc<Self>) {
        let state = self.state.borrow().clone();
        self.sounds.borrow_mut().play(state.tone());
        let face = state.face();
        let before = self.face.replace(Some(face));
        if face.is_call() {
            self.hold.borrow_mut().get_or_insert_with(live::hold);
        } else {
            self.hold.take();
            self.awake.take();
        }
        self.stay_awake();
        if let Some(document) = document() {
            let title = words::title(self.page.locale(), &state)
                .map(|words| format!("{words} · {}", self.title));
            document.set_title(title.as_ref().unwrap_or(&self.title));
            // A live region: the same words set again would be read out again.
            if before != Some(face)
                && let Ok(Some(spot)) = document.query_selector("[data-phone-state]")
            {
                spot.set_text_content(Some(words::state(self.page.locale(), face)));
                let _ = spot.set_attribute("data-phone-state", face.as_str());
            }
        }
        if before == Some(Face::Reconnecting) && face != Face::Reconnecting {
            live::renew();
        }
        if before.is_some_and(|before| before.is_call()) && !face.is_call() {
            self.close_microphone();
        }
        // Asked before anything is hidden.
        let focused = before.is_some_and(|before| before != face) && is_focused();
        self.page.show(&state);
        if focused {
            keep_focus();
        }
    }

    fn stay_awake(&self) {
        if self.state.borrow().face().is_call() {
            self.awake.borrow_mut().get_or_insert_with(WakeLock::ask);
        }
    }
}

/// The number of the row whose `call-again` was clicked plainly.
fn call_again(event: &web_sys::Event) -> Option<String> {
    let mouse = event.dyn_ref::<MouseEvent>()?;
    if mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() || mouse.button() != 0 {
        return None;
    }
    let link = event
        .target()?
        .dyn_into::<Element>()
        .ok()?
        .closest("[data-testid=call-again]")
        .ok()??;
    let href = link.get_attribute("href")?;
    UrlSearchParams::new_with_str(href.split_once('?')?.1)
        .ok()?
        .get("to")
}

fn is_focused() -> bool {
    document()
        .and_then(|document| document.active_element())
        .is_some_and(|element| matches!(element.closest("[data-testid=dialer]"), Ok(Some(_))))
}

/// The button that had the focus may have just been hidden: its successor takes it, once the page has changed.
fn keep_focus() {
    spawn_local(async {
        sleep(Duration::from_millis(30)).await;
        // Hiding the focused element leaves the focus on the body.
        let lost = document().is_some_and(|document| {
            document
                .active_element()
                .is_none_or(|element| element.tag_name() == "BODY")
        });
        if !lost {
            return;
        }
        for name in ["dialer-answer", "dialer-hangup", "dialer-call"] {
            let button = find(&format!("[data-testid={name}]"))
                .and_then(|element| element.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button.filter(|button| button.offset_parent().is_some()) {
                let _ = button.focus();
                return;
            }
        }
    });
}
