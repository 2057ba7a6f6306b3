//! The bus of what changes while people watch: calls, in the order of their change numbers, and the progress of Fetch Recordings.

use super::said::Said;
use crate::{
    domain::{user::User, view::FetchProgress},
    server::store::{CallChange, Store},
};
use std::sync::Arc;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    mpsc,
};

/// A handle on the bus; cheap to clone.
#[derive(Clone)]
pub struct Live {
    store: Store,
    fetches: broadcast::Sender<(String, FetchProgress)>,
    /// Where several servers may be listened to: what is sent here comes out at each of them, this one among them.
    elsewhere: Option<mpsc::UnboundedSender<(String, FetchProgress)>>,
    /// What was said of the newest changes.
    pub said: Said,
}

/// One message after the other, so that what was done last is told last.
fn through_the_database(
    store: Store,
    mut notices: broadcast::Receiver<Arc<str>>,
    fetches: broadcast::Sender<(String, FetchProgress)>,
) -> mpsc::UnboundedSender<(String, FetchProgress)> {
    let (sender, mut outgoing) = mpsc::unbounded_channel::<(String, FetchProgress)>();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                next = outgoing.recv() => {
                    let Some(told) = next else { return };
                    let said = serde_json::to_string(&told).unwrap_or_default();
                    if let Err(error) = store.tell_servers(&said).await {
                        tracing::warn!(%error, "how far Fetch Recordings is could not be told");
                    }
                }
                heard = notices.recv() => match heard {
                    Ok(said) => if let Ok(told) = serde_json::from_str(&said) {
                        // Nobody listening is no error.
                        let _ = fetches.send(told);
                    },
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }
    });
    sender
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
            elsewhere: store
                .notices()
                .map(|notices| through_the_database(store.clone(), notices, fetches.clone())),
            store: store.clone(),
            fetches,
            said: Said::default(),
        }
    }

    /// Tells a user's open pages how far Fetch Recordings has got, whichever server each of them hears.
    pub fn publish_fetch(&self, user_id: &str, progress: FetchProgress) {
        let told = (user_id.to_owned(), progress);
        // Nobody listening is no error.
        let _ = match &self.elsewhere {
            None => self.fetches.send(told).map(drop).map_err(drop),
            Some(elsewhere) => elsewhere.send(told).map_err(drop),
        };
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
