//! Opening a database: its file and folder, its settings, its schema.

use super::{Engine, Store, place::Place, writer};
use crate::server::config::DatabaseUrl;
use anyhow::Context;
use sqlx::{
    Connection, PgConnection, PgPool, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, path::Path, str::FromStr, sync::Arc, time::Duration};

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
];

const READERS: u32 = 8;

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
    make_private_file(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk before anyone is told of it: NORMAL may lose acknowledged commits in a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(writer::LOCK_WAIT);
    let writing = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    migrator().run(&writing).await?;
    let reading: SqlitePool = SqlitePoolOptions::new()
        .max_connections(READERS)
        // A connection to a file does not break off: asking whether it lives would be one more journey to its thread for every statement.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options.busy_timeout(Duration::from_secs(2)).read_only(true))
        .await?;
    let (writer, changes) = writer::spawn(writer::Pool::Sqlite(writing, None)).await?;
    Ok(Store {
        engine: Engine::Sqlite(reading),
        writer,
        changes,
        place: Some(Arc::new(Place::of(path)?)),
    })
}

async fn open_postgres(url: &str) -> anyhow::Result<Store> {
    let options = PgConnectOptions::from_str(url)?;
    // A failed migration keeps its advisory lock for as long as its connection lives: this one is closed in any case.
    let mut migrating = PgConnection::connect_with(&options).await?;
    let migrated = migrator().run(&mut migrating).await;
    migrating.close().await?;
    migrated?;
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await?;
    let (writer, changes) = writer::spawn(writer::Pool::Postgres(pool.clone())).await?;
    Ok(Store {
        engine: Engine::Postgres(pool),
        writer,
        changes,
        place: None,
    })
}

fn migrator() -> Migrator {
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
