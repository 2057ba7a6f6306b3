//! The writer: one task that takes all waiting commands into one transaction, commits, and answers everyone.
//!
//! One flush to the disk then serves up to 256 callers (group commit), and no two writers ever wait for each other.

use super::{Result, StoreError, Value, value::bound};
use sqlx::{PgPool, SqliteConnection, SqlitePool};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a caller waits for room in the queue.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long the writer waits for another process's lock; under Twilio's 15 seconds.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(10);
const QUEUE: usize = 4096;
const BATCH: usize = 256;

/// Something to write.
pub(super) enum Command {
    Statement { sql: &'static str, args: Vec<Value>, reply: oneshot::Sender<Result<u64>> },
    /// The last command: no other is taken after it.
    Close { reply: oneshot::Sender<()> },
}

/// Tells the caller, once the transaction has been committed or has failed.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

pub(super) fn spawn_sqlite(pool: SqlitePool) -> mpsc::Sender<Command> {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        while let Some((commands, closing)) = next_batch(&mut queue).await {
            write_sqlite(&pool, commands).await;
            if let Some(reply) = closing {
                pool.close().await;
                let _ = reply.send(());
                return;
            }
        }
    });
    sender
}

pub(super) fn spawn_postgres(_pool: PgPool) -> mpsc::Sender<Command> {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        while let Some((_, closing)) = next_batch(&mut queue).await {
            if let Some(reply) = closing {
                let _ = reply.send(());
                return;
            }
        }
    });
    sender
}

/// All that is waiting, up to a batch, and who asked to close after it.
async fn next_batch(queue: &mut mpsc::Receiver<Command>) -> Option<(Vec<Command>, Option<oneshot::Sender<()>>)> {
    let mut commands = Vec::new();
    if queue.recv_many(&mut commands, BATCH).await == 0 {
        return None;
    }
    let closing = commands.iter().position(|command| matches!(command, Command::Close { .. }));
    let reply = closing.and_then(|at| match commands.drain(at..).next() {
        Some(Command::Close { reply }) => Some(reply),
        _ => None,
    });
    Some((commands, reply))
}

async fn write_sqlite(pool: &SqlitePool, commands: Vec<Command>) {
    let mut answers: Vec<Answer> = Vec::with_capacity(commands.len());
    let written = async {
        let mut transaction = pool.begin_with("begin immediate").await?;
        for command in commands {
            answers.push(write_one(&mut transaction, command).await);
        }
        transaction.commit().await
    };
    let failure = written.await.err().map(StoreError::from);
    for answer in answers {
        answer(failure.clone());
    }
}

/// A statement that fails by itself (a constraint, say) undoes only itself: the others of its batch are not concerned.
async fn write_one(connection: &mut SqliteConnection, command: Command) -> Answer {
    match command {
        Command::Statement { sql, args, reply } => {
            let done = bound!(sql, args).execute(connection).await.map(|done| done.rows_affected()).map_err(StoreError::from);
            answer(reply, done)
        }
        Command::Close { .. } => Box::new(|_| ()),
    }
}

fn answer<T: Send + 'static>(reply: oneshot::Sender<Result<T>>, done: Result<T>) -> Answer {
    Box::new(move |failure| {
        // Whoever asked may have gone.
        let _ = reply.send(match failure {
            Some(failure) => Err(failure),
            None => done,
        });
    })
}
