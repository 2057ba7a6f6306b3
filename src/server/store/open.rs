//! Opening a database: its file and folder, its settings, its schema.

use super::{
    Engine, Store, callers,
    place::Place,
    postgres::{self, Line, Notices},
    writer,
};
use crate::server::config::DatabaseUrl;
use anyhow::Context;
use sqlx::{
    Connection, SqlSafeStr, SqliteConnection,
    migrate::{Migrate, Migration, MigrationType, Migrator},
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// The files of `migrations/`, append-only: number, name, text.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "first",
        include_str!("../../../migrations/0001_first.sql"),
    ),
    (
        2,
        "doctor",
        include_str!("../../../migrations/0002_doctor.sql"),
    ),
    (
        5,
        "reconcile",
        include_str!("../../../migrations/0005_reconcile.sql"),
    ),
    (
        8,
        "attempts",
        include_str!("../../../migrations/0008_attempts.sql"),
    ),
    (
        9,
        "unsure",
        include_str!("../../../migrations/0009_unsure.sql"),
    ),
];

/// Where sqlx keeps which of them are applied.
const TABLE: &str = "_sqlx_migrations";
const READERS: u32 = 8;
/// On PostgreSQL what is no event is written through these too.
const CONNECTIONS: u32 = 16;

impl Store {
    /// Opens the database, making the file (0600) and its folder (0700) when absent, and brings its schema up to date.
    /// Needs a tokio runtime, on which the writer then runs.
    pub async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path)
                .await
                .with_context(|| format!("DATABASE_URL: cannot open {}", path.display())),
            DatabaseUrl::Postgres(url) => open_postgres(url.expose())
                .await
                .context("DATABASE_URL: cannot open the PostgreSQL database"),
        }
    }
}

async fn open_sqlite(path: &Path) -> anyhow::Result<Store> {
    let options = open_file(path)?;
    let writing = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    migrator().run(&writing).await?;
    let options = options.busy_timeout(Duration::from_secs(2)).read_only(true);
    let reading = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            // A connection to a file does not break off: asking whether it lives would be one more journey to its thread for every statement.
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
    };
    let (writer, changes) = writer::spawn(writer::Pool::Sqlite(writing, None)).await?;
    let answering = Engine::Sqlite(reading(1).await?);
    Ok(Store {
        callers: callers::spawn(answering.clone()),
        answering,
        engine: Engine::Sqlite(reading(READERS).await?),
        writer,
        changes,
        place: Some(Arc::new(Place::of(path)?)),
    })
}

/// Makes the file when it is absent.
pub(super) fn open_file(path: &Path) -> std::io::Result<SqliteConnectOptions> {
    make_private_file(path)?;
    Ok(SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk before anyone is told of it: NORMAL may lose acknowledged commits in a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(writer::LOCK_WAIT))
}

/// Brings a database's schema up to date, and returns how many migrations that took, and of how many in all.
pub async fn migrate(database: &DatabaseUrl) -> anyhow::Result<(usize, usize)> {
    let before = applied(database).await?;
    Store::open(database).await?.close().await;
    let after = applied(database).await?;
    Ok((after - before, after))
}

/// How many migrations it has; none where there is no database yet.
async fn applied(database: &DatabaseUrl) -> anyhow::Result<usize> {
    let listed = match database {
        DatabaseUrl::Sqlite(path) if !path.exists() => return Ok(0),
        DatabaseUrl::Sqlite(path) => {
            let mut connection = SqliteConnection::connect_with(&open_file(path)?).await?;
            connection.ensure_migrations_table(TABLE).await?;
            connection.list_applied_migrations(TABLE).await?
        }
        DatabaseUrl::Postgres(url) => {
            let options = postgres::options(url.expose())?;
            let mut connection = postgres::connect(&options).await?;
            connection.ensure_migrations_table(TABLE).await?;
            connection.list_applied_migrations(TABLE).await?
        }
    };
    Ok(listed.len())
}

/// The numbers of the migrations that this program knows.
pub(super) fn versions() -> impl Iterator<Item = i64> {
    MIGRATIONS.iter().map(|(version, _, _)| *version)
}

async fn open_postgres(url: &str) -> anyhow::Result<Store> {
    let options = postgres::options(url)?;
    postgres::migrate(&options).await?;
    let options = postgres::bounded(options);
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
    };
    let notices = Notices::new();
    let listening = options.clone().application_name("almasar listener");
    let (writer, changes) = writer::spawn(writer::Pool::Postgres(
        Box::new(Line::new(options.clone())),
        postgres::notifications(listening, notices.clone()),
    ))
    .await?;
    let answering = Engine::Postgres(pool(1).await?, notices.clone());
    Ok(Store {
        callers: callers::spawn(answering.clone()),
        answering,
        engine: Engine::Postgres(pool(CONNECTIONS).await?, notices),
        writer,
        changes,
        place: None,
    })
}

pub(super) fn migrator() -> Migrator {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect());
    // The database may have been the next version's: migrations only expand, so that one can go back.
    migrator.set_ignore_missing(true);
    migrator
}

/// Nobody but us reads the database; SQLite gives its -wal and -shm files the mode of the file itself.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}
