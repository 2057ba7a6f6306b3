//! PostgreSQL: how its connections are made, the one that the writer keeps for itself, and how servers on one database hear of each other.

use super::{
    Result, StoreError,
    changes::{Changes, Told},
    connection::Connection,
    inbox,
    open::migrator,
    writer::LOCK_WAIT,
};
use sqlx::{
    Connection as _, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::timeout,
};

/// Where a writer says, in its own transaction, up to which number changes are given away.
const CHANGES: &str = "almasar_changes";
/// Where servers tell each other what is for nobody to keep.
const NOTICES: &str = "almasar_notices";
/// How long a server that does not answer may keep us.
const CONNECT: Duration = Duration::from_secs(5);
/// After a failure it must be known soon whether the connection is still one.
const PING: Duration = Duration::from_secs(1);
/// A set of commands that is not written by then never will be: the lock's time, and what the statements need.
pub(super) const LONGEST_WRITE: Duration = Duration::from_secs(15);
const RECONNECT: Duration = Duration::from_secs(1);
/// A connection whose other end went without a word looks like one on which nothing is said.
const LISTENER_CHECK: Duration = Duration::from_secs(30);

/// What `DATABASE_URL` says, and nothing besides: for schema changes and copies, which take as long as they take.
pub(super) fn options(url: &str) -> sqlx::Result<PgConnectOptions> {
    // That a table is there already is no news to anybody.
    let quiet = [("client_min_messages", "warning")];
    let options = PgConnectOptions::from_str(url)?.options(quiet);
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("almasar"),
    })
}

/// As the server connects. Nobody waits for ever, and a server that vanished in the middle of a transaction does not keep the others from
/// writing for longer than callbacks can wait.
pub(super) fn bounded(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("statement_timeout", LONGEST_WRITE.as_millis()),
        ("lock_timeout", LOCK_WAIT.as_millis()),
        ("idle_in_transaction_session_timeout", 5_000),
    ])
}

/// Brings the schema up to date, one server at a time: by an advisory lock. A migration that fails keeps it for as long as its connection
/// lives, so that one is closed in any case.
pub(super) async fn migrate(options: &PgConnectOptions) -> anyhow::Result<()> {
    let mut connection = connect(options).await?;
    let migrated = migrator().run(&mut connection).await;
    connection.close().await?;
    Ok(migrated?)
}

pub(super) async fn connect(options: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    timeout(CONNECT, PgConnection::connect_with(options))
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// The connection that the writer has for itself, so that it never waits for those who read. Made anew whenever it is lost.
pub(super) struct Line {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Line {
    pub fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: None,
        }
    }

    /// A connection that may turn out to be lost. Who is content with it puts it back.
    pub async fn take(&mut self) -> Result<PgConnection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Ok(connect(&self.options).await?),
        }
    }

    /// Keeps a connection for the next time, unless it is lost. Returns whether it is kept.
    pub async fn put_back(&mut self, mut connection: PgConnection, failed: bool) -> bool {
        // This ends the transaction, too.
        if failed && !matches!(timeout(PING, connection.ping()).await, Ok(Ok(()))) {
            return false;
        }
        self.connection = Some(connection);
        true
    }

    /// What has been changed since what was told, by whichever server.
    pub async fn changes(&mut self, told: &Told) -> Result<Changes> {
        let mut connection = self.take().await?;
        let reading = inbox::changes(Connection::Postgres(&mut connection), told);
        let found = timeout(LONGEST_WRITE, reading)
            .await
            .map_err(|_| StoreError::Busy)??;
        self.connection = Some(connection);
        Ok(found)
    }

    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = timeout(PING, connection.close()).await;
        }
    }
}

/// What servers tell each other, in words of their own; best effort. A server hears itself, too.
#[derive(Clone)]
pub(super) struct Notices(broadcast::Sender<Arc<str>>);

impl Notices {
    pub fn new() -> Self {
        Self(broadcast::channel(256).0)
    }

    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.subscribe()
    }
}

pub(super) async fn send_notice(pool: &PgPool, text: &str) -> Result<()> {
    const SQL: &str = "select pg_notify('almasar_notices', $1)";
    Ok(sqlx::query(SQL).bind(text).execute(pool).await.map(drop)?)
}

/// The number up to which changes are given away, as the newest notification has it; `i64::MAX` where some may have been missed. Until the
/// receiver is gone.
pub(super) fn notifications(options: PgConnectOptions, notices: Notices) -> watch::Receiver<i64> {
    let (newest, receiver) = watch::channel(0);
    tokio::spawn(async move {
        let mut well = true;
        while let Err(error) = hear(&options, &newest, &notices, &mut well).await {
            if std::mem::replace(&mut well, false) {
                tracing::warn!(%error, "other servers are not heard; their changes are looked for instead");
            }
            tokio::select! {
                () = newest.closed() => return,
                () = tokio::time::sleep(RECONNECT) => {}
            }
        }
    });
    receiver
}

/// Listens until nobody is interested any more, or the connection is lost.
async fn hear(
    options: &PgConnectOptions,
    newest: &watch::Sender<i64>,
    notices: &Notices,
    well: &mut bool,
) -> sqlx::Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen_all([CHANGES, NOTICES]).await?;
    if !std::mem::replace(well, true) {
        tracing::info!("other servers are heard again");
    }
    // Nobody told us of what came before.
    newest.send_replace(i64::MAX);
    loop {
        let heard = tokio::select! {
            () = newest.closed() => return Ok(()),
            heard = timeout(LISTENER_CHECK, listener.try_recv()) => heard,
        };
        match heard {
            Ok(heard) => {
                let heard = heard?.ok_or(sqlx::Error::WorkerCrashed)?;
                if heard.channel() == NOTICES {
                    // Nobody listening is no error.
                    let _ = notices.0.send(heard.payload().into());
                } else {
                    newest.send_replace(heard.payload().parse().unwrap_or(i64::MAX));
                }
            }
            Err(_) => {
                timeout(CONNECT, listener.execute("select 1"))
                    .await
                    .map_err(|_| sqlx::Error::PoolTimedOut)??;
            }
        }
    }
}
