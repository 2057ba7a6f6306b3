//! The bus of what changes while people watch: calls, in the order of their change numbers, and the progress of Fetch Recordings.

use crate::{
    domain::{user::User, view::FetchProgress},
    i18n::Locale,
    server::store::{CallChange, Store},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{
    OnceCell,
    broadcast::{self, error::RecvError},
    mpsc,
};

/// Of so many changes what was said of them is kept, for those who have not heard it yet.
const KEPT: usize = 256;

/// A handle on the bus; cheap to clone.
#[derive(Clone)]
pub struct Live {
    store: Store,
    fetches: broadcast::Sender<(String, FetchProgress)>,
    /// Where several servers may be listened to: what is sent here comes out at each of them, this one among them.
    elsewhere: Option<mpsc::UnboundedSender<(String, FetchProgress)>>,
    said: Said,
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

/// Those who are told the same in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reader {
    locale: Locale,
    may_set_up: bool,
}

impl Reader {
    pub fn of(user: &User, locale: Locale) -> Self {
        Self {
            locale,
            may_set_up: user.role.may_set_up(),
        }
    }
}

/// What is said of the newest changes, worked out once for all who read alike: why a call ended is read from its log, and with five
/// hundred pages open that must not be done five hundred times while Twilio waits.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<BTreeMap<i64, HashMap<Reader, Words>>>>);

type Words = Arc<OnceCell<Arc<str>>>;

impl Said {
    fn of(&self, change: i64, reader: Reader) -> Words {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let words = kept.entry(change).or_default().entry(reader).or_default();
        let words = words.clone();
        while kept.len() > KEPT {
            kept.pop_first();
        }
        words
    }
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

    /// What such readers are told of that change. Only the first of them works it out; the others wait for it.
    pub async fn said_of<F: Future<Output = String>>(
        &self,
        change: i64,
        reader: Reader,
        work_out: impl FnOnce() -> F,
    ) -> Arc<str> {
        let words = self.said.of(change, reader);
        let said = words.get_or_init(|| async { work_out().await.into() });
        said.await.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    const READER: Reader = Reader {
        locale: Locale::en,
        may_set_up: false,
    };

    #[test]
    fn those_who_read_alike_share_what_is_said_and_others_do_not() {
        let said = Said::default();
        let first = said.of(1, READER);
        assert!(Arc::ptr_eq(&first, &said.of(1, READER)));
        let others = [
            (2, READER),
            (
                1,
                Reader {
                    locale: Locale::ar,
                    ..READER
                },
            ),
            (
                1,
                Reader {
                    may_set_up: true,
                    ..READER
                },
            ),
        ];
        for (change, reader) in others {
            assert!(!Arc::ptr_eq(&first, &said.of(change, reader)));
        }
    }

    #[test]
    fn only_what_was_said_of_the_newest_changes_is_kept() {
        let said = Said::default();
        let newest = KEPT as i64 + 10;
        for change in 1..=newest {
            said.of(change, READER);
        }
        let kept = said.0.lock().expect("nobody failed");
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept.keys().next_back(), Some(&newest));
    }
}
