//! A whole installation, from one database to another: what `almasar migrate --from URL --to URL` does.
//!
//! The source is read in one snapshot and the target written in one transaction, which is committed only after every row has been read back
//! and compared. Nothing is known here of what the tables mean: which there are, and what is in them, the migrations say.

mod schema;
mod side;

use super::{Value, settings::SESSION_SECRET};
use crate::server::config::DatabaseUrl;
use anyhow::{Context, Result, bail, ensure};
use futures::TryStreamExt;
use schema::{Table, tables};
use side::Side;
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    pin::pin,
};

/// Rows that one statement writes: the widest table has eighteen columns, and SQLite binds 32,766 values at most.
const BATCH: usize = 500;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// So many rows of that table are written, of so many.
    Copied { table: &'a str, rows: u64, of: u64 },
    /// All rows of that table are in both databases, and the same.
    Compared { table: &'a str, rows: u64 },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub tables: usize,
    pub rows: u64,
    /// Texts with a NUL, which PostgreSQL stores in none: there it is U+FFFD now.
    pub replaced: u64,
    /// Did a session secret go along? Then people stay signed in.
    pub secret: bool,
}

/// Copies everything. Whatever fails leaves the target as it was, and the source is never written to.
pub async fn copy(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Copied> {
    ensure!(from != to, "both are the same database");
    let tables = tables().await?;
    let secret = kept_secret(from)?;
    let mut source = Side::source(from)
        .await
        .context("the source cannot be opened")?;
    let before = source.begin_reading().await?;
    source.assert_current().await?;
    let mut target = Side::target(to)
        .await
        .context("the target cannot be opened")?;
    target.begin_writing().await?;
    assert_empty(&mut target, &tables).await?;

    let mut copied = Copied {
        tables: tables.len(),
        rows: 0,
        replaced: 0,
        secret: false,
    };
    for table in &tables {
        copied.replaced += write(&mut source, &mut target, table, tell)
            .await
            .with_context(|| format!("copying {}", table.name))?;
    }
    for table in &tables {
        let rows = compare(&mut source, &mut target, table).await?;
        copied.rows += rows;
        let table = &table.name;
        tell(Step::Compared { table, rows });
    }
    let secret = match secret {
        Some(secret) => Some(secret),
        None => source.setting(SESSION_SECRET).await?,
    };
    ensure!(
        source.end_reading().await? == before,
        "something was written to the source meanwhile: stop every server that uses it, and begin again"
    );
    // Last, since a file that it makes beside the target is not undone with the rest.
    if let Some(secret) = secret {
        copied.secret = true;
        hand_over(&mut target, to, &secret).await?;
    }
    target.commit().await?;
    Ok(copied)
}

/// A new database has one row: the counter, which has counted nothing.
async fn assert_empty(target: &mut Side, tables: &[Table]) -> Result<()> {
    for table in tables {
        let used = match table.name.as_str() {
            "counters" => "counters where value <> 0",
            name => name,
        };
        let rows = target.count(used).await?;
        ensure!(
            rows == 0,
            "the target is in use: its table {} has {rows} rows. Name an empty database",
            table.name
        );
    }
    target.run("delete from counters").await
}

/// Returns in how many texts a NUL was replaced.
async fn write(
    source: &mut Side,
    target: &mut Side,
    table: &Table,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<u64> {
    let of = source.count(&table.name).await?;
    let (mut rows, mut replaced) = (0, 0);
    let stores_nul = target.stores_nul();
    let mut batch = Vec::with_capacity(BATCH);
    let mut reading = pin!(source.read(table));
    loop {
        let row = reading.try_next().await?;
        let ended = row.is_none();
        if let Some(mut row) = row {
            if !stores_nul {
                replaced += replace_nul(&mut row);
            }
            batch.push(row);
        }
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            rows += batch.len() as u64;
            target.insert(table, std::mem::take(&mut batch)).await?;
            let table = &table.name;
            tell(Step::Copied { table, rows, of });
        }
        if ended {
            return Ok(replaced);
        }
    }
}

fn replace_nul(row: &mut [Value]) -> u64 {
    let mut replaced = 0;
    for value in row {
        if let Value::Text(Some(text)) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{fffd}");
            replaced += 1;
        }
    }
    replaced
}

/// Reads every row of both, in the order of its key, and returns how many there are.
async fn compare(source: &mut Side, target: &mut Side, table: &Table) -> Result<u64> {
    let stores_nul = target.stores_nul();
    let (mut theirs, mut ours) = (pin!(source.read(table)), pin!(target.read(table)));
    let mut rows = 0;
    loop {
        let (mut expected, found) = tokio::try_join!(theirs.try_next(), ours.try_next())?;
        if let Some(expected) = expected.as_mut().filter(|_| !stores_nul) {
            replace_nul(expected);
        }
        if expected != found {
            // What is in a row is nobody's business; which one it is may be said.
            let key = |row: &Option<Vec<Value>>| row.as_ref().map(|row| table.key_of(row));
            bail!(
                "{}, row {}: {:?} in the source is not what {:?} is in the target",
                table.name,
                rows + 1,
                key(&expected),
                key(&found)
            );
        }
        match found {
            Some(_) => rows += 1,
            None => return Ok(rows),
        }
    }
}

/// The one beside a SQLite file.
fn kept_secret(database: &DatabaseUrl) -> Result<Option<String>> {
    let Some(file) = database.session_secret_file() else {
        return Ok(None);
    };
    match fs::read_to_string(&file) {
        Ok(secret) => Ok(Some(secret)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

/// The session secret to where servers on the target look for it, and nowhere else.
async fn hand_over(target: &mut Side, to: &DatabaseUrl, secret: &str) -> Result<()> {
    match to.session_secret_file() {
        Some(file) => {
            target
                .run("delete from settings where name = 'session_secret'")
                .await?;
            write_secret(&file, secret).with_context(|| format!("making {}", file.display()))
        }
        None => target.set_setting(SESSION_SECRET, secret).await,
    }
}

fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}
