//! The only place with SQL. One text runs on SQLite and on PostgreSQL where that is sound, on the engine's own pool.
//!
//! SQLite has one writer, a task that takes all waiting commands into one transaction (`writer`), and a pool of readers apart.
//! Times are milliseconds since 1970, ids are text, integers are `i64` everywhere.

mod backup;
mod calls;
mod causes;
mod changes;
mod checklist;
mod connection;
mod doctor;
mod inbox;
mod load;
mod open;
mod phones;
mod place;
mod reconcile;
mod recordings;
mod sessions;
mod sets;
mod settings;
mod users;
mod value;
mod view;
mod writer;

pub use backup::backup;
pub use calls::{CallQuery, LoggedEvent};
pub use changes::CallChange;
pub use doctor::StoredMend;
pub use inbox::Recorded;
pub use load::Load;
pub use reconcile::{Backlog, StuckWork, Watch, Watched};
pub use recordings::{Archived, FoundRecording, StoredRecording};
pub use users::StoredUser;
pub use value::Value;

use place::Place;
use sqlx::{PgPool, SqlitePool};
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};
use writer::Command;

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    writer: mpsc::Sender<Command>,
    changes: broadcast::Sender<Arc<CallChange>>,
    /// SQLite's file.
    place: Option<Arc<Place>>,
}

#[derive(Clone)]
enum Engine {
    /// The pool of readers; writing goes through the writer's own connection.
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// There is a user with this e-mail address already.
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// Too much is waiting, or somebody else holds the write lock. Nothing was written; trying again may help.
    #[error("the database is busy")]
    Busy,
    /// The SQLite file was moved away, removed or replaced. What is written goes where nobody will look for it.
    #[error(
        "the database file is not where it was opened: put it back, or restart the server on the one that is there now"
    )]
    Gone,
    #[error("the database failed: {0}")]
    Sqlx(Arc<sqlx::Error>),
    /// A row holds what we would never write.
    #[error("the database holds a value that makes no sense: {0}")]
    Corrupt(String),
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(|error| error.code())
            .map(|code| code.into_owned());
        // SQLITE_BUSY and its extended codes, SQLITE_LOCKED; PostgreSQL's lock_not_available.
        match code.as_deref() {
            Some("5" | "6" | "261" | "517" | "773" | "55P03") => Self::Busy,
            _ if matches!(error, sqlx::Error::PoolTimedOut) => Self::Busy,
            _ => Self::Sqlx(Arc::new(error)),
        }
    }
}

/// Runs one reading expression on the pool of whichever engine the store holds.
macro_rules! read {
    ($store:expr, $pool:ident => $query:expr) => {
        match &$store.engine {
            $crate::server::store::Engine::Sqlite($pool) => $query.await?,
            $crate::server::store::Engine::Postgres($pool) => $query.await?,
        }
    };
}
pub(in crate::server::store) use read;

/// Values to bind, in the order of `$1`, `$2`, …: `args![id, now, None::<i64>]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::server::store::Value::from($value)),*] };
}
pub(in crate::server::store) use args;

impl Store {
    /// Does the database answer?
    pub async fn ping(&self) -> Result<()> {
        self.in_its_place()?;
        let _: i64 =
            read!(self, pool => sqlx::query_scalar("select cast(1 as bigint)").fetch_one(pool));
        Ok(())
    }

    /// Waits for what is being written, then closes every connection. What comes later fails.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.writer.send(Command::Close { reply }).await.is_ok() {
            let _ = done.await;
        }
        match &self.engine {
            Engine::Sqlite(pool) => pool.close().await,
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// Runs one writing statement, and returns how many rows it wrote. Durable when this returns.
    async fn execute(&self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        match &self.engine {
            Engine::Sqlite(_) => {
                self.command(|reply| Command::Statement {
                    sql,
                    args,
                    touch: None,
                    reply,
                })
                .await
            }
            Engine::Postgres(pool) => Ok(value::bound!(sql, args)
                .execute(pool)
                .await?
                .rows_affected()),
        }
    }

    /// As [`Store::execute`], and, if any row was written, tells everybody that the call has changed: both or neither.
    #[allow(dead_code)]
    async fn execute_and_touch(
        &self,
        sql: &'static str,
        args: Vec<Value>,
        call_sid: &str,
    ) -> Result<u64> {
        self.command(|reply| Command::Statement {
            sql,
            args,
            touch: Some(call_sid.to_owned()),
            reply,
        })
        .await
    }

    /// Hands a command to the writer and waits for its commit.
    async fn command<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.writer
            .send_timeout(command(reply), writer::PATIENCE)
            .await
            .map_err(|_| StoreError::Busy)?;
        let answer = answer.await.unwrap_or(Err(StoreError::Busy))?;
        // Looked at after the commit: nothing is promised that only a file without a name holds.
        self.in_its_place()?;
        Ok(answer)
    }

    fn in_its_place(&self) -> Result<()> {
        match &self.place {
            Some(place) if !place.is_kept() => Err(StoreError::Gone),
            _ => Ok(()),
        }
    }
}
