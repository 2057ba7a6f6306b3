//! The leader's EventSource, reopened with growing pauses when it breaks.

use super::Word;
use crate::browser::Listener;
use gloo_timers::callback::Timeout;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::{Event, EventSource, MessageEvent};

const EVENTS: [&str; 3] = ["call", "fetch", "reset"];

/// An open stream; dropping it closes it.
pub(super) struct Source {
    inner: Rc<Inner>,
}

struct Inner {
    say: Box<dyn Fn(Word)>,
    last_id: Rc<RefCell<Option<String>>>,
    open: RefCell<Option<(EventSource, Vec<Listener>)>>,
    again: RefCell<Option<Timeout>>,
    failures: Cell<u32>,
}

impl Source {
    pub(super) fn open(last_id: Rc<RefCell<Option<String>>>, say: impl Fn(Word) + 'static) -> Self {
        let inner = Rc::new(Inner {
            say: Box::new(say),
            last_id,
            open: RefCell::default(),
            again: RefCell::default(),
            failures: Cell::new(0),
        });
        inner.connect();
        Self { inner }
    }

    /// Opens the stream anew, from where it stands: after an outage the old connection may be dead without knowing it. To be called where
    /// what it says may be heard.
    pub(super) fn renewal(&self) -> impl FnOnce() + use<> {
        let inner = Rc::downgrade(&self.inner);
        move || {
            if let Some(inner) = inner.upgrade() {
                drop(inner.again.take());
                inner.close();
                (inner.say)(Word::Online(false));
                inner.connect();
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.inner.again.borrow_mut().take();
        self.inner.close();
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        self.close();
        // A new EventSource sends no Last-Event-ID: the query carries it.
        let url = match self.last_id.borrow().as_deref() {
            Some(id) => format!("/api/calls/events?last_event_id={id}"),
            None => "/api/calls/events".to_owned(),
        };
        let Ok(source) = EventSource::new(&url) else {
            return self.retry();
        };
        let mut listeners: Vec<Listener> = EVENTS
            .into_iter()
            .map(|name| {
                let inner = Rc::downgrade(self);
                Listener::new(&source, name, move |event: Event| {
                    if let (Some(inner), Some(message)) =
                        (inner.upgrade(), event.dyn_ref::<MessageEvent>())
                    {
                        let data = message.data().as_string().unwrap_or_default();
                        (inner.say)(Word::Event {
                            name: name.to_owned(),
                            data,
                            id: message.last_event_id(),
                        });
                    }
                })
            })
            .collect();
        let inner = Rc::downgrade(self);
        listeners.push(Listener::new(&source, "open", move |_| {
            if let Some(inner) = inner.upgrade() {
                inner.failures.set(0);
                (inner.say)(Word::Online(true));
            }
        }));
        let inner = Rc::downgrade(self);
        listeners.push(Listener::new(&source, "error", move |_| {
            if let Some(inner) = inner.upgrade() {
                inner.close();
                (inner.say)(Word::Online(false));
                inner.retry();
            }
        }));
        *self.open.borrow_mut() = Some((source, listeners));
    }

    fn retry(self: &Rc<Self>) {
        let failures = self.failures.get();
        self.failures.set(failures + 1);
        let inner = Rc::downgrade(self);
        // 0.5 s, 1 s, then 2 s for as long as a restart takes, so that nobody waits 3 s for a server that is back; growing to half a minute
        // after that, and not every browser at the same moment.
        let step = match failures {
            0..=2 => failures,
            3..=12 => 2,
            more => (more - 10).min(6),
        };
        let pause = (500u32 << step).min(30_000);
        let pause = pause + (js_sys::Math::random() * f64::from(pause) * 0.3) as u32;
        *self.again.borrow_mut() = Some(Timeout::new(pause, move || {
            if let Some(inner) = inner.upgrade() {
                drop(inner.again.take());
                inner.connect();
            }
        }));
    }

    fn close(&self) {
        if let Some((source, listeners)) = self.open.borrow_mut().take() {
            drop(listeners);
            source.close();
        }
    }
}
