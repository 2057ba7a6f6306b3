//! The bus of what changes while people watch: calls, in the order of their change numbers, and the progress of Fetch Recordings.

use crate::{
    domain::{user::User, view::FetchProgress},
    server::store::{CallChange, Store},
};
use std::sync::Arc;
use tokio::sync::broadcast::{self, error::RecvError};

/// A handle on the bus; cheap to clone.
#[derive(Clone)]
pub struct Live {
    store: Store,
    fetches: broadcast::Sender<(String, FetchProgress)>,
}

/// What one listener gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    Call(Arc<CallChange>),
    Fetch(FetchProgress),
    /// The listener was too slow, and missed something.
    Missed,
}

/// One user's view of the bus, from the moment it was made.
pub struct Listener {
    user: User,
    calls: broadcast::Receiver<Arc<CallChange>>,
    fetches: broadcast::Receiver<(String, FetchProgress)>,
}

impl Live {
    /// The store publishes every change of a call itself, after its commit.
    pub fn new(store: &Store) -> Self {
        let (fetches, _) = broadcast::channel(64);
        Self {
            store: store.clone(),
            fetches,
        }
    }

    /// Tells a user's open pages how far Fetch Recordings has got.
    pub fn publish_fetch(&self, user_id: &str, progress: FetchProgress) {
        // Nobody listening is no error.
        let _ = self.fetches.send((user_id.to_owned(), progress));
    }

    pub fn listen(&self, user: User) -> Listener {
        Listener {
            user,
            calls: self.store.changes(),
            fetches: self.fetches.subscribe(),
        }
    }
}

impl Listener {
    /// The next update that this user may see; `None` when the store is gone.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            tokio::select! {
                change = self.calls.recv() => match change {
                    Ok(change) if self.may_see(&change) => return Some(Update::Call(change)),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Some(Update::Missed),
                    Err(RecvError::Closed) => return None,
                },
                Ok((user_id, progress)) = self.fetches.recv() => {
                    if user_id == self.user.id {
                        return Some(Update::Fetch(progress));
                    }
                }
            }
        }
    }

    pub fn may_see(&self, change: &CallChange) -> bool {
        self.user
            .may_see_call_of(change.view.agent.as_ref().map(|agent| agent.id.as_str()))
    }
}
