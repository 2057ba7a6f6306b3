//! Changes of calls, numbered in the order of their commits.

use super::{
    Result, Store, StoreError, read,
    view::{ViewRow, select_views},
};
use crate::domain::view::CallView;
use std::sync::Arc;
use tokio::sync::broadcast;

/// A call as it is since the change of that number.
#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    pub change: i64,
    pub view: CallView,
}

/// Changes in the order of their numbers, and the last number that was given away by then, by whomever.
pub(super) struct Changes {
    pub list: Vec<CallChange>,
    pub upto: i64,
}

/// Whom to tell of changes, and up to which number they have been told.
pub(super) struct Told {
    sender: broadcast::Sender<Arc<CallChange>>,
    upto: i64,
}

impl Told {
    /// `room` is how far a listener may fall behind before it has to begin anew.
    pub fn new(room: usize) -> Self {
        Self {
            sender: broadcast::channel(room).0,
            upto: 0,
        }
    }

    pub fn sender(&self) -> broadcast::Sender<Arc<CallChange>> {
        self.sender.clone()
    }

    pub fn upto(&self) -> i64 {
        self.upto
    }

    pub fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub fn tell(&mut self, changes: Changes) {
        for change in changes.list {
            // Nobody listening is no error.
            let _ = self.sender.send(Arc::new(change));
        }
        self.upto = changes.upto;
    }

    /// Nobody is to be told of what changed up to that number, which is committed: nobody listened.
    pub fn skip(&mut self, upto: i64) {
        self.upto = upto;
    }
}

impl Store {
    /// Every change from now on, in the order of their numbers, each after its commit: ours at once, those of other processes on the same
    /// database when we next write, or within `writer::LOOK_EVERY`.
    pub fn changes(&self) -> broadcast::Receiver<Arc<CallChange>> {
        self.changes.subscribe()
    }

    /// The newest change's number.
    pub async fn newest_change(&self) -> Result<i64> {
        Ok(
            read!(self, pool => sqlx::query_scalar("select coalesce(max(change), 0) from calls").fetch_one(pool)),
        )
    }

    /// Calls that changed after that change, oldest change first, `limit` at most.
    pub async fn changes_since(&self, change: i64, limit: i64) -> Result<Vec<CallChange>> {
        const SQL: &str = select_views!("where c.change > $1 order by c.change limit $2");
        let rows: Vec<ViewRow> =
            read!(self, pool => sqlx::query_as(SQL).bind(change).bind(limit).fetch_all(pool));
        rows.into_iter().map(CallChange::try_from).collect()
    }
}

impl TryFrom<ViewRow> for CallChange {
    type Error = StoreError;
    fn try_from(row: ViewRow) -> Result<Self> {
        Ok(Self {
            change: row.change,
            view: row.try_into()?,
        })
    }
}
