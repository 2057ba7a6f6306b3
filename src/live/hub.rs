//! Who listens in this tab, who leads among the tabs.

use super::{LiveEvent, Word, progress, source::Source};
use crate::browser::{
    self, Listener,
    lock::{self, Asking, Held},
};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{BroadcastChannel, MessageEvent};

const NAME: &str = "almasar-live";

thread_local! {
    static HUB: RefCell<Hub> = RefCell::default();
}

type Handler = Rc<dyn Fn(LiveEvent)>;

#[derive(Default)]
struct Hub {
    handlers: Vec<(u64, Handler)>,
    next: u64,
    holds: usize,
    channel: Option<BroadcastChannel>,
    listeners: Vec<Listener>,
    /// The lock is asked for, and not ours yet.
    queueing: bool,
    leading: Option<(Source, Held)>,
    last_id: Rc<RefCell<Option<String>>>,
    online: bool,
}

/// A listener of the stream, until it is dropped.
pub struct Subscription(u64);

/// Keeps the stream open in a hidden page: a call is on.
pub struct Hold(());

/// Calls `handler` with every event from now on; with `Online(true)` at once when the stream is open already.
pub fn subscribe(handler: impl Fn(LiveEvent) + 'static) -> Subscription {
    let handler: Handler = Rc::new(handler);
    let (id, online) = with(|hub| {
        hub.start();
        hub.next += 1;
        hub.handlers.push((hub.next, handler.clone()));
        (hub.next, hub.online)
    });
    if online {
        handler(LiveEvent::Online(true));
    }
    reconsider();
    Subscription(id)
}

/// The network is back: where this tab leads, the stream is opened anew at once.
pub fn renew() {
    let renewal = with(|hub| hub.leading.as_ref().map(|(source, _)| source.renewal()));
    if let Some(renewal) = renewal {
        renewal();
    }
}

/// The page was rendered with everything up to this change: what comes after is wanted.
pub fn resume_from(change: i64) {
    with(|hub| {
        hub.last_id
            .borrow_mut()
            .get_or_insert_with(|| change.to_string());
    });
}

pub fn hold() -> Hold {
    with(|hub| hub.holds += 1);
    reconsider();
    Hold(())
}

impl Drop for Subscription {
    fn drop(&mut self) {
        with(|hub| hub.handlers.retain(|(id, _)| *id != self.0));
        reconsider();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        with(|hub| hub.holds = hub.holds.saturating_sub(1));
        reconsider();
    }
}

fn with<T>(f: impl FnOnce(&mut Hub) -> T) -> T {
    HUB.with_borrow_mut(f)
}

impl Hub {
    fn start(&mut self) {
        if !self.listeners.is_empty() {
            return;
        }
        let Some(window) = web_sys::window() else {
            return;
        };
        if let Some(document) = window.document() {
            self.listeners
                .push(Listener::new(&document, "visibilitychange", |_| wake()));
        }
        self.listeners
            .push(Listener::new(&window, "pageshow", |_| wake()));
        // The back/forward cache takes no page that holds a lock.
        self.listeners.push(Listener::new(&window, "pagehide", |_| {
            drop(with(|hub| hub.leading.take()))
        }));
        self.listeners
            .push(Listener::new(&window, "online", |_| renew()));
        if let Ok(channel) = BroadcastChannel::new(NAME) {
            self.listeners
                .push(Listener::new(&channel, "message", |event| {
                    let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
                    if let Some(word) = message.as_ref().and_then(Word::read) {
                        hear(word);
                    }
                }));
            self.channel = Some(channel);
            self.tell(&Word::WhereAreYou);
        }
    }

    fn wanted(&self) -> bool {
        !self.handlers.is_empty() && (self.holds > 0 || browser::is_visible())
    }

    fn tell(&self, word: &Word) {
        if let Some(channel) = &self.channel {
            let _ = channel.post_message(&word.write());
        }
    }
}

/// The tab came to the front, or went to the back.
fn wake() {
    with(|hub| {
        if browser::is_visible() && hub.leading.is_none() {
            hub.tell(&Word::WhereAreYou);
        }
    });
    reconsider();
}

/// Should this tab lead, wait to lead, or let go?
fn reconsider() {
    let (given_up, ask) = with(|hub| {
        let wanted = hub.wanted();
        let given_up = if wanted { None } else { hub.leading.take() };
        hub.online &= given_up.is_none();
        let ask = wanted && hub.leading.is_none() && !hub.queueing;
        hub.queueing |= ask;
        (given_up, ask)
    });
    drop(given_up);
    if ask {
        spawn_local(lead());
    }
}

async fn lead() {
    let held = lock::acquire(NAME, Asking::Wait, || drop(with(|hub| hub.leading.take()))).await;
    with(|hub| hub.queueing = false);
    let Some(held) = held else { return };
    if !with(|hub| hub.wanted()) {
        return;
    }
    let last_id = with(|hub| hub.last_id.clone());
    let source = Source::open(last_id, |word| {
        with(|hub| hub.tell(&word));
        hear(word);
    });
    with(|hub| hub.leading = Some((source, held)));
}

/// A word from our own source or from another tab.
fn hear(word: Word) {
    match word {
        Word::Event { name, data, id } => {
            if !id.is_empty() {
                with(|hub| *hub.last_id.borrow_mut() = Some(id));
            }
            let json = js_sys::JSON::parse(&data).ok();
            let event = match name.as_str() {
                "call" => json.map(LiveEvent::Call),
                "fetch" => json.as_ref().and_then(progress).map(LiveEvent::Fetch),
                "reset" => Some(LiveEvent::Reset),
                _ => None,
            };
            tell_all(event);
        }
        Word::Online(up) => set_online(up),
        Word::WhereAreYou => with(|hub| {
            if hub.leading.is_some() {
                hub.tell(&Word::Here {
                    id: hub.last_id.borrow().clone(),
                    online: hub.online,
                });
            }
        }),
        Word::Here { id, online } => {
            let behind = with(|hub| {
                if hub.leading.is_some() {
                    return false;
                }
                let number =
                    |id: &Option<String>| id.as_deref().and_then(|id| id.parse::<i64>().ok());
                let (ours, theirs) = (number(&hub.last_id.borrow()), number(&id));
                if theirs > ours {
                    *hub.last_id.borrow_mut() = id;
                }
                ours.is_some() && theirs > ours
            });
            set_online(online);
            if behind {
                tell_all(Some(LiveEvent::Reset));
            }
        }
    }
}

fn set_online(up: bool) {
    if with(|hub| std::mem::replace(&mut hub.online, up)) != up {
        tell_all(Some(LiveEvent::Online(up)));
    }
}

fn tell_all(event: Option<LiveEvent>) {
    let Some(event) = event else { return };
    // Handlers may subscribe or leave while they are called.
    let handlers: Vec<Handler> = with(|hub| {
        hub.handlers
            .iter()
            .map(|(_, handler)| handler.clone())
            .collect()
    });
    for handler in handlers {
        handler(event.clone());
    }
}
