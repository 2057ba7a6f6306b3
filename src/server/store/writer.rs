//! The writer: one task that takes all waiting commands into one transaction, commits, answers everyone, and tells of the changes.
//!
//! One flush to the disk then serves up to 256 callers (group commit), no two writers ever wait for each other, and changes are told in
//! the order of their numbers. What is told is read after the commit, and only when somebody listens. Another process may write too
//! (`almasar recordings fetch` beside the server): what it changed is read by the same statement, in the order of the numbers, so that a
//! listener who has seen a number has missed none before it.

use super::{
    Result, StoreError, Value,
    changes::{CallChange, Told},
    connection::Connection,
    inbox::{self, Recorded, TakenIn},
    postgres::{LONGEST_WRITE, Line},
    value::bound,
};
use crate::domain::call::Event;
use sqlx::{PgConnection, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::{MissedTickBehavior, timeout},
};

/// How long a caller waits for room in the queue.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long the writer waits for another process's lock; under Twilio's 15 seconds.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often to look, without having anything to write, for what other processes changed.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);
const QUEUE: usize = 4096;
const BATCH: usize = 256;
/// How far a listener may fall behind before it has to begin anew.
const CHANGES: usize = 1024;

/// Something to write.
pub(super) enum Command {
    Event {
        event: Box<Event>,
        reply: oneshot::Sender<Result<Recorded>>,
    },
    Touch {
        sid: String,
        reply: oneshot::Sender<Result<()>>,
    },
    /// On SQLite alone: PostgreSQL takes writes on any connection.
    Statement {
        sql: &'static str,
        args: Vec<Value>,
        reply: oneshot::Sender<Result<u64>>,
    },
    /// The last command: no other is taken after it.
    Close { reply: oneshot::Sender<()> },
}

/// Where the writer's transactions run.
pub(super) enum Pool {
    /// One connection, the only one that writes. It is kept between transactions: a pool makes two journeys to its thread of handing it out again.
    Sqlite(SqlitePool, Option<PoolConnection<Sqlite>>),
    /// And the number up to which other servers have changed something, as it is heard of.
    Postgres(Box<Line>, watch::Receiver<i64>),
}

pub(super) async fn spawn(
    mut pool: Pool,
) -> Result<(mpsc::Sender<Command>, broadcast::Sender<Arc<CallChange>>)> {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    let mut told = Told::new(CHANGES);
    let changes = told.sender();
    // With nobody listening yet, this reads only where we stand.
    pool.tell(&mut told).await?;
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = next_batch(&mut queue) => next,
                () = pool.news(told.upto()) => {
                    pool.try_telling(&mut told).await;
                    // Missed notifications would have been of what was looked for just now.
                    look.reset();
                    continue;
                }
                _ = look.tick() => {
                    pool.try_telling(&mut told).await;
                    continue;
                }
            };
            let Some((batch, closing)) = next else { return };
            batch.write(&mut pool, &mut told).await;
            if let Some(reply) = closing {
                match &mut pool {
                    Pool::Sqlite(pool, kept) => {
                        drop(kept.take());
                        pool.close().await;
                    }
                    Pool::Postgres(line, _) => line.close().await,
                }
                let _ = reply.send(());
                return;
            }
        }
    });
    Ok((sender, changes))
}

impl Pool {
    /// Tells what has been changed, by us or by other processes, since the last time.
    async fn tell(&mut self, told: &mut Told) -> Result<()> {
        let found = match self {
            Pool::Sqlite(pool, kept) => {
                let connection = connected(pool, kept).await?;
                inbox::changes(Connection::Sqlite(connection), told).await?
            }
            Pool::Postgres(line, _) => line.changes(told).await?,
        };
        told.tell(found);
        Ok(())
    }

    async fn try_telling(&mut self, told: &mut Told) {
        if let Err(error) = self.tell(told).await {
            tracing::warn!(%error, "what was changed could not be read yet, and is told later");
        }
    }

    /// Returns when somebody else is heard to have changed something after the change of that number. Never on SQLite, which tells nobody.
    async fn news(&mut self, told: i64) {
        let Pool::Postgres(_, newest) = self else {
            return std::future::pending().await;
        };
        while newest.changed().await.is_ok() {
            if *newest.borrow_and_update() > told {
                return;
            }
        }
        std::future::pending().await
    }
}

async fn connected<'k>(
    pool: &SqlitePool,
    kept: &'k mut Option<PoolConnection<Sqlite>>,
) -> Result<&'k mut PoolConnection<Sqlite>> {
    match kept {
        Some(connection) => Ok(connection),
        None => Ok(kept.insert(pool.acquire().await?)),
    }
}

/// What one transaction does, sorted by kind: statements first, then the events as a set.
#[derive(Default)]
struct Batch {
    statements: Vec<(&'static str, Vec<Value>)>,
    events: Vec<Event>,
    touched: BTreeSet<String>,
    statement_replies: Vec<oneshot::Sender<Result<u64>>>,
    event_replies: Vec<oneshot::Sender<Result<Recorded>>>,
    touch_replies: Vec<oneshot::Sender<Result<()>>>,
}

struct Written {
    statements: Vec<Result<u64>>,
    /// `None` where there was nothing but statements.
    taken_in: Option<TakenIn>,
}

/// All that is waiting, up to a batch, and who asked to close after it.
async fn next_batch(
    queue: &mut mpsc::Receiver<Command>,
) -> Option<(Batch, Option<oneshot::Sender<()>>)> {
    let mut commands = Vec::new();
    if queue.recv_many(&mut commands, BATCH).await == 0 {
        return None;
    }
    let mut batch = Batch::default();
    for command in commands {
        match command {
            Command::Event { event, reply } => {
                batch.events.push(*event);
                batch.event_replies.push(reply);
            }
            Command::Touch { sid, reply } => {
                batch.touched.insert(sid);
                batch.touch_replies.push(reply);
            }
            Command::Statement { sql, args, reply } => {
                batch.statements.push((sql, args));
                batch.statement_replies.push(reply);
            }
            Command::Close { reply } => return Some((batch, Some(reply))),
        }
    }
    Some((batch, None))
}

impl Batch {
    async fn write(mut self, pool: &mut Pool, told: &mut Told) {
        let written = match pool {
            Pool::Sqlite(pool, kept) => self.write_sqlite(pool, kept).await,
            Pool::Postgres(line, _) => self.write_postgres(line).await,
        };
        // Whoever asked may have gone: an answer that nobody takes is no error.
        match written {
            Ok(written) => {
                let mut recorded = Vec::new();
                if let Some(taken_in) = written.taken_in {
                    recorded = taken_in.recorded;
                    if !told.is_heard() {
                        told.skip(taken_in.upto);
                    } else {
                        pool.try_telling(told).await;
                    }
                }
                self.statement_replies
                    .into_iter()
                    .zip(written.statements)
                    .for_each(|(reply, done)| drop(reply.send(done)));
                self.event_replies
                    .into_iter()
                    .zip(recorded)
                    .for_each(|(reply, done)| drop(reply.send(Ok(done))));
                self.touch_replies
                    .into_iter()
                    .for_each(|reply| drop(reply.send(Ok(()))));
            }
            Err(error) => {
                self.statement_replies
                    .into_iter()
                    .for_each(|reply| drop(reply.send(Err(error.clone()))));
                self.event_replies
                    .into_iter()
                    .for_each(|reply| drop(reply.send(Err(error.clone()))));
                self.touch_replies
                    .into_iter()
                    .for_each(|reply| drop(reply.send(Err(error.clone()))));
            }
        }
    }

    /// A connection whose transaction has failed is not used again: on a full disk SQLite ends the transaction by itself, and sqlx, whose own
    /// rollback then finds none, believes in it for ever and begins no other.
    async fn write_sqlite(
        &mut self,
        pool: &SqlitePool,
        kept: &mut Option<PoolConnection<Sqlite>>,
    ) -> Result<Written> {
        let connection = connected(pool, kept).await?;
        let written = self.write_through(connection).await;
        if written.is_err()
            && let Some(mut spoilt) = kept.take()
        {
            spoilt.close_on_drop();
        }
        written
    }

    /// A statement that fails by itself (a constraint, say) undoes only itself: the others of its batch are not concerned.
    async fn write_through(&mut self, connection: &mut SqliteConnection) -> Result<Written> {
        use sqlx::Connection as _;
        let mut transaction = connection.begin_with("begin immediate").await?;
        let mut statements = Vec::with_capacity(self.statements.len());
        for (sql, args) in self.statements.drain(..) {
            let done = match bound!(sql, args).execute(&mut *transaction).await {
                Err(error) if may_have_ended_transaction(&error) => return Err(error.into()),
                done => done
                    .map(|done| done.rows_affected())
                    .map_err(StoreError::from),
            };
            statements.push(done);
        }
        let taken_in = self.take_in(Connection::Sqlite(&mut transaction)).await?;
        transaction.commit().await?;
        Ok(Written {
            statements,
            taken_in,
        })
    }

    /// A second time, on another connection, if the first one was lost: that the database was restarted is found out by the first who writes
    /// after it. What is written may then be there already, as if it had been sent twice.
    async fn write_postgres(&self, line: &mut Line) -> Result<Written> {
        let mut again = true;
        loop {
            let mut connection = line.take().await?;
            // A connection on which nothing is heard is closed by being dropped.
            let written = timeout(LONGEST_WRITE, self.write_on(&mut connection))
                .await
                .map_err(|_| StoreError::Busy)?;
            let kept = line.put_back(connection, written.is_err()).await;
            if kept || !again {
                return written;
            }
            again = false;
        }
    }

    async fn write_on(&self, connection: &mut PgConnection) -> Result<Written> {
        use sqlx::Connection as _;
        let mut transaction = connection.begin().await?;
        let taken_in = self.take_in(Connection::Postgres(&mut transaction)).await?;
        transaction.commit().await?;
        Ok(Written {
            statements: Vec::new(),
            taken_in,
        })
    }

    async fn take_in(&self, connection: Connection<'_>) -> Result<Option<TakenIn>> {
        if self.events.is_empty() && self.touched.is_empty() {
            return Ok(None);
        }
        inbox::take_in(connection, &self.events, &self.touched)
            .await
            .map(Some)
    }
}

/// Is this an error on which SQLite may end the whole transaction? What came next would be written without one, in part.
/// SQLITE_BUSY, NOMEM, INTERRUPT, IOERR, FULL: <https://www.sqlite.org/lang_transaction.html>
fn may_have_ended_transaction(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<i32>().ok());
    // An extended code carries the primary one in its low byte.
    code.is_none_or(|code| matches!(code & 0xff, 5 | 7 | 9 | 10 | 13))
}
