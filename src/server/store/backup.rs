//! A copy of the SQLite database as it is at one moment, made while servers go on writing. <https://www.sqlite.org/lang_vacuum.html>

use crate::server::config::DatabaseUrl;
use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// Writes the copy to `file`, which must not be there yet, and returns its size in bytes. The copy is checked and on the disk when this returns.
pub async fn backup(database: &DatabaseUrl, file: &Path) -> Result<u64> {
    let DatabaseUrl::Sqlite(path) = database else {
        bail!(
            "DATABASE_URL is PostgreSQL, which has its own tools: `pg_dump --format=custom --file=FILE` (see docs/operations.md)"
        );
    };
    ensure!(
        path.is_file(),
        "DATABASE_URL: there is no database at {}",
        path.display()
    );
    reserve(file)?;
    let copied = copy(path, file).await;
    if copied.is_err() {
        // An unfinished copy must not be taken for one.
        let _ = fs::remove_file(file);
    }
    copied.with_context(|| format!("copying {} to {}", path.display(), file.display()))
}

/// Makes the file, empty and for nobody else's eyes: SQLite takes an empty file for a new one.
fn reserve(file: &Path) -> Result<()> {
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
    {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already, and a backup overwrites nothing: name another file",
                file.display()
            )
        }
        Err(error) => Err(error).with_context(|| format!("making {}", file.display())),
    }
}

async fn copy(path: &Path, file: &Path) -> Result<u64> {
    let target = file.to_str().context("the file's name is not UTF-8")?;
    let mut source = open(path).await?;
    sqlx::query("vacuum into $1")
        .bind(target)
        .execute(&mut source)
        .await?;
    source.close().await?;

    let mut copy = open(file).await?;
    let found: String = sqlx::query_scalar("pragma integrity_check")
        .fetch_one(&mut copy)
        .await?;
    copy.close().await?;
    ensure!(found == "ok", "the copy is damaged: {found}");

    let copy = fs::File::open(file)?;
    copy.sync_all()?;
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(copy.metadata()?.len())
}

async fn open(path: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(10));
    SqliteConnection::connect_with(&options).await
}
