//! The phone's hands: the only loop. Inputs go into the machine one after another; what it answers with is done here.

mod acts;
mod countries;
mod record;
mod surroundings;

use super::{
    Setup,
    audio::Sounds,
    machine::{Face, Input, State, Timer},
    page::Page,
    voice_sdk::{Call, Device},
    wake_lock::WakeLock,
};
use crate::{
    browser::{Listener, document, lock::Held},
    i18n::Locale,
    live,
};
use gloo_timers::callback::Timeout;
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;

thread_local! {
    static DRIVER: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) };
}

/// Wakes the page's one phone.
pub fn wake() {
    let Some(page) = Page::find() else { return };
    let driver = Rc::new(Driver::new(page));
    DRIVER.set(Some(driver.clone()));
    driver.look_around();
    driver.send(Input::Start);
}

/// Something that a person did.
pub fn send(input: Input) {
    if let Some(driver) = DRIVER.with_borrow(Clone::clone) {
        driver.send(input);
    }
}

pub fn choose_microphone(id: String) {
    if let Some(driver) = DRIVER.with_borrow(Clone::clone) {
        *driver.microphone.borrow_mut() = Some(id.clone());
        spawn_local(Device::choose_microphone(driver.audio(), id));
    }
}

pub fn choose_speaker(id: String) {
    if let Some(driver) = DRIVER.with_borrow(Clone::clone) {
        *driver.speaker.borrow_mut() = Some(id.clone());
        spawn_local(Device::choose_speaker(driver.audio(), id));
    }
}

/// Looks again at which microphones and speakers there are.
pub fn look_for_devices() {
    if let Some(driver) = DRIVER.with_borrow(Clone::clone) {
        let devices = driver.device.borrow().as_ref().map(Device::devices);
        let mut devices = devices.unwrap_or_default();
        devices.microphone = driver.microphone.borrow().clone();
        devices.speaker = driver.speaker.borrow().clone();
        driver.page.offer(&devices);
    }
}

/// The country's name in that language, from the browser.
pub fn country_name(locale: Locale, region: &str) -> String {
    countries::name(if locale == Locale::ar { "ar" } else { "en" }, region)
        .unwrap_or_else(|| region.to_owned())
}

struct Driver {
    setup: Setup,
    page: Page,
    /// Tells this tab's heartbeats from another's.
    tab: String,
    state: RefCell<State>,
    queue: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    token: RefCell<String>,
    fetching: Cell<bool>,
    device: RefCell<Option<Device>>,
    /// Which device is wanted: counted up with each that is made or destroyed.
    generation: Cell<u32>,
    /// The ids of the microphone and the speaker that were chosen.
    microphone: RefCell<Option<String>>,
    speaker: RefCell<Option<String>>,
    /// By the machine's numbers; the newest last.
    calls: RefCell<Vec<(u32, Call)>>,
    timers: RefCell<Vec<(Timer, Timeout)>>,
    lock: RefCell<Option<Held>>,
    queueing: Cell<bool>,
    sounds: RefCell<Sounds>,
    awake: RefCell<Option<WakeLock>>,
    hold: RefCell<Option<live::Hold>>,
    face: Cell<Option<Face>>,
    title: String,
    around: OnceCell<(Vec<Listener>, live::Subscription)>,
}

impl Driver {
    fn new(page: Page) -> Self {
        Self {
            setup: page.setup(),
            state: RefCell::new(page.state()),
            title: document().map(|page| page.title()).unwrap_or_default(),
            page,
            tab: format!("{:x}", (js_sys::Math::random() * 9e15) as u64),
            queue: RefCell::default(),
            busy: Cell::new(false),
            token: RefCell::default(),
            fetching: Cell::new(false),
            device: RefCell::default(),
            generation: Cell::new(0),
            microphone: RefCell::default(),
            speaker: RefCell::default(),
            calls: RefCell::default(),
            timers: RefCell::default(),
            lock: RefCell::default(),
            queueing: Cell::new(false),
            sounds: RefCell::default(),
            awake: RefCell::default(),
            hold: RefCell::default(),
            face: Cell::new(None),
            around: OnceCell::new(),
        }
    }

    /// Inputs that come while one is being worked on (the SDK emits inside its own methods) wait their turn.
    fn send(self: &Rc<Self>, input: Input) {
        self.queue.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(input) = next else { break };
            let (state, effects) = self.state.borrow().clone().step(input, js_sys::Date::now());
            *self.state.borrow_mut() = state;
            for effect in effects {
                self.perform(effect);
            }
        }
        self.busy.set(false);
        self.show();
    }

    fn audio(&self) -> Option<wasm_bindgen::JsValue> {
        self.device.borrow().as_ref().and_then(Device::audio)
    }

    /// A handler for things that the driver owns: it must not keep the driver alive.
    fn sender(self: &Rc<Self>) -> Rc<dyn Fn(Input)> {
        let driver = Rc::downgrade(self);
        Rc::new(move |input| {
            if let Some(driver) = driver.upgrade() {
                driver.send(input);
            }
        })
    }

    fn start_timer(self: &Rc<Self>, timer: Timer, after_ms: u32) {
        let driver = Rc::downgrade(self);
        let timeout = Timeout::new(after_ms, move || {
            if let Some(driver) = driver.upgrade() {
                driver
                    .timers
                    .borrow_mut()
                    .retain(|(other, _)| *other != timer);
                driver.send(Input::TimeUp(timer));
            }
        });
        let mut timers = self.timers.borrow_mut();
        timers.retain(|(other, _)| *other != timer);
        timers.push((timer, timeout));
    }
}
