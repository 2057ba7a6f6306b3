//! What everything shares: the account, the faults, who is connected, and what was seen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::account::{Account, Alert};
use crate::call::Input;
use crate::faults::Faults;
use crate::frames::{self, Frame};
use crate::media::Media;
use crate::network::Network;
use crate::sid::Sid;
use crate::switchboard::Event;
use crate::webhook::{Attempt, Sender};

/// Names one signalling socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct SocketId(u64);

/// What a socket's own task is told.
#[derive(Debug)]
pub enum ToSocket {
    /// Send this.
    Frame(Frame),
    /// Drop the connection without a word, as a lost network does.
    Drop,
}

/// A browser's signalling socket.
#[derive(Debug)]
pub struct Socket {
    /// The way to its task.
    pub to: mpsc::UnboundedSender<ToSocket>,
    /// Who it is, once its token was accepted.
    pub identity: Option<String>,
    /// May it be called?
    pub registered: bool,
    /// How long a call outlives it.
    pub reconnect_timeout: Duration,
}

/// A REST request, as the control API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RestRequest {
    /// RFC 3339.
    pub at: String,
    /// `GET` …
    pub method: String,
    /// Path and query.
    pub url: String,
    /// The form that came with it.
    pub form: Vec<(String, String)>,
    /// What was answered; null while a fault lets it hang.
    pub status: Option<u16>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Log {
    /// Every webhook that was sent (or dropped by a fault).
    pub webhooks: Vec<Attempt>,
    /// Every REST request.
    pub requests: Vec<RestRequest>,
}

/// The signalling gateway's own state.
#[derive(Debug, Default)]
pub struct Gateway {
    /// Live sockets.
    pub sockets: HashMap<SocketId, Socket>,
    /// New ones are refused until then.
    pub refuse_until: Option<Instant>,
    /// Tokens issued up to then (seconds since the epoch) are void.
    pub void_until: Option<i64>,
}

/// The simulator.
pub struct Simulator {
    account: Mutex<Account>,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    gateway: Mutex<Gateway>,
    /// The way to each live call, by every name it goes by.
    calls: Mutex<HashMap<String, mpsc::UnboundedSender<Event>>>,
    /// All media.
    pub media: Media,
    /// Between us and the browsers.
    pub network: Network,
    /// Sends webhooks.
    pub sender: Sender,
    /// What recording URLs begin with.
    pub public_url: String,
    next_socket: AtomicU64,
}

/// How it is passed around.
pub type Shared = Arc<Simulator>;

/// A poisoned lock means that another task panicked between two plain assignments: what it guards is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// A simulator with nothing going on.
    pub fn new(
        account: Account,
        media: Media,
        network: Network,
        sender: Sender,
        public_url: String,
    ) -> Self {
        Self {
            account: Mutex::new(account),
            faults: Mutex::default(),
            log: Mutex::default(),
            gateway: Mutex::default(),
            calls: Mutex::default(),
            media,
            network,
            sender,
            public_url,
            next_socket: AtomicU64::new(1),
        }
    }

    /// The account's resources.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        lock(&self.account)
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// What was seen.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// The gateway's own state.
    pub fn gateway(&self) -> MutexGuard<'_, Gateway> {
        lock(&self.gateway)
    }

    /// Takes a new socket in.
    pub fn connect(&self, to: mpsc::UnboundedSender<ToSocket>) -> SocketId {
        let id = SocketId(self.next_socket.fetch_add(1, Ordering::Relaxed));
        let socket = Socket {
            to,
            identity: None,
            registered: false,
            reconnect_timeout: Duration::ZERO,
        };
        self.gateway().sockets.insert(id, socket);
        id
    }

    /// Nothing has been heard of a socket for longer than its calls may outlive it.
    pub fn give_up(&self, id: SocketId) {
        if let Some(socket) = self.gateway().sockets.get_mut(&id) {
            tracing::info!(?id, "nothing is heard of a browser any more");
            socket.reconnect_timeout = Duration::ZERO;
        }
        self.disconnect(id);
    }

    /// Forgets a socket; every call decides for itself what that means. Returns how long its calls may outlive it.
    pub fn disconnect(&self, id: SocketId) {
        let patience = self
            .gateway()
            .sockets
            .remove(&id)
            .map(|socket| socket.reconnect_timeout)
            .unwrap_or_default();
        for call in lock(&self.calls).values() {
            let _ = call.send(Event::SocketLost(id, patience));
        }
    }

    /// Sends a frame; a socket that is gone takes nothing.
    pub fn send_frame(&self, id: SocketId, frame: Frame) {
        if let Some(socket) = self.gateway().sockets.get(&id) {
            let _ = socket.to.send(ToSocket::Frame(frame));
        }
    }

    /// Where an identity can be rung.
    pub fn registered(&self, identity: &str) -> Vec<SocketId> {
        let gateway = self.gateway();
        let mut ids: Vec<SocketId> = gateway
            .sockets
            .iter()
            .filter(|(_, socket)| socket.registered && socket.identity.as_deref() == Some(identity))
            .map(|(&id, _)| id)
            .collect();
        ids.sort_by_key(|id| id.0);
        ids
    }

    /// Lets a call be found under this name.
    pub fn enlist(&self, name: &str, call: mpsc::UnboundedSender<Event>) {
        lock(&self.calls).insert(name.to_owned(), call);
    }

    /// A call is over.
    pub fn strike(&self, names: impl Iterator<Item = String>) {
        let mut calls = lock(&self.calls);
        for name in names {
            calls.remove(&name);
        }
    }

    /// Tells a call; false if there is none of this name.
    pub fn tell(&self, name: &str, event: Event) -> bool {
        lock(&self.calls)
            .get(name)
            .is_some_and(|call| call.send(event).is_ok())
    }

    /// Tells a call what happened; false if there is none of this name.
    pub fn input(&self, name: &str, input: Input) -> bool {
        self.tell(name, Event::Input(input))
    }

    /// Is anybody on the line?
    pub fn has_calls(&self) -> bool {
        !lock(&self.calls).is_empty()
    }

    /// Ends every call, as a reset does.
    pub fn hang_up_everything(&self) {
        let parents: Vec<Sid> = self
            .account()
            .calls
            .iter()
            .filter(|leg| leg.parent.is_none())
            .map(|leg| leg.sid.clone())
            .collect();
        for sid in parents {
            self.input(sid.as_str(), Input::End(sid.clone(), false));
        }
    }

    /// Notes what Twilio's debugger would show.
    pub fn alert(&self, call: &Sid, code: u32, text: String, url: String) {
        tracing::warn!(call.sid = %call, code, %url, "alert: {text}");
        self.account().alerts.push(Alert {
            sid: Sid::new("NO"),
            call: call.clone(),
            code,
            text,
            url,
            at: Timestamp::now(),
        });
    }

    /// The token that a browser needs to come back to its call, unless a fault withholds it.
    pub fn reconnect_token(&self, leg: &Sid) -> Option<String> {
        (!self.faults().signal.no_reconnect).then(|| frames::reconnect_token(leg))
    }
}
