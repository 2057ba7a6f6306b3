//! The only place with SQL. One text runs on SQLite and on PostgreSQL where that is sound, on the engine's own pool.
//!
//! SQLite has one writer, a task that takes all waiting commands into one transaction (`writer`), and a pool of readers apart.
//! Times are milliseconds since 1970, ids are text, integers are `i64` everywhere.

mod attempts;
mod backup;
mod callers;
mod calls;
mod causes;
mod changes;
mod checklist;
mod connection;
mod copy;
mod doctor;
mod inbox;
mod load;
mod open;
mod phones;
mod place;
mod postgres;
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
pub use copy::{Copied, Step, copy};
pub use doctor::StoredMend;
pub use inbox::Recorded;
pub use load::Load;
pub use open::migrate;
pub use reconcile::{Backlog, StuckWork, Watch, Watched};
pub use recordings::{Archived, FoundRecording, StoredRecording};
pub use settings::SESSION_SECRET;
pub use users::StoredUser;
pub use value::Value;

use place::Place;
use postgres::Notices;
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
    callers: mpsc::Sender<callers::Question>,
    /// The connection by which those are answered: people's reading never keeps an agent's call waiting.
    answering: Engine,
}

#[derive(Clone)]
enum Engine {
    /// The pool of readers; writing goes through the writer's own connection.
    Sqlite(SqlitePool),
    /// And what other servers on the same database say.
    Postgres(PgPool, Notices),
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
        match code.as_deref() {
            Some(code) if is_transient(code) => Self::Busy,
            Some(_) => Self::Sqlx(Arc::new(error)),
            // The connection was not made, or is lost.
            None if matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => Self::Busy,
            None => Self::Sqlx(Arc::new(error)),
        }
    }
}

/// May the same succeed in a moment?
fn is_transient(code: &str) -> bool {
    match code {
        // SQLITE_BUSY and its extended codes, SQLITE_LOCKED.
        "5" | "6" | "261" | "517" | "773" => true,
        // PostgreSQL: serialisation failure, deadlock, lock not available, cancelled by a time limit, idle for too long in a transaction,
        // too many connections, a standby that takes no writes, a shutdown, a crash, not ready yet.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" | "53300" | "25006" => true,
        code => code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")),
    }
}

/// Runs one reading expression on the pool of whichever engine the store holds.
macro_rules! read {
    ($store:expr, $pool:ident => $query:expr) => {
        match &$store.engine {
            $crate::server::store::Engine::Sqlite($pool) => $query.await?,
            $crate::server::store::Engine::Postgres($pool, _) => $query.await?,
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

    /// What servers on the same database tell each other, as long as it is only said and not stored; `None` where there is but one server. Each
    /// hears its own words, too.
    pub fn notices(&self) -> Option<broadcast::Receiver<Arc<str>>> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(_, notices) => Some(notices.listen()),
        }
    }

    /// Says something to every server on the same database. Less than 8,000 bytes; best effort.
    pub async fn tell_servers(&self, text: &str) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(pool, _) => postgres::send_notice(pool, text).await,
        }
    }

    /// Returns when nothing can be written any more: after [`Store::close`], or a panic.
    pub async fn writer_gone(&self) {
        self.writer.closed().await;
    }

    /// Waits for what is being written, then closes every connection. What comes later fails.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.writer.send(Command::Close { reply }).await.is_ok() {
            let _ = done.await;
        }
        for engine in [&self.engine, &self.answering] {
            match engine {
                Engine::Sqlite(pool) => pool.close().await,
                Engine::Postgres(pool, _) => pool.close().await,
            }
        }
    }

    /// Runs one writing statement, and returns how many rows it wrote. Durable when this returns.
    async fn execute(&self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        match &self.engine {
            Engine::Sqlite(_) => {
                self.command(|reply| Command::Statement { sql, args, reply })
                    .await
            }
            Engine::Postgres(pool, _) => Ok(value::bound!(sql, args)
                .execute(pool)
                .await?
                .rows_affected()),
        }
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
