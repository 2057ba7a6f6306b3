//! Changes of calls, numbered in the order of their commits.

use super::{
    Result, Store, read,
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

impl Store {
    /// Every change from now on, in the order of their numbers, each after its commit.
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
        rows.into_iter()
            .map(|row| {
                Ok(CallChange {
                    change: row.change,
                    view: row.try_into()?,
                })
            })
            .collect()
    }
}
