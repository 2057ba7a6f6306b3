//! Which tables there are, by the migrations themselves: read from an empty database in memory.

use super::super::{Value, open::migrator};
use anyhow::{Result, ensure};
use sqlx::{Connection, SqliteConnection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
}

#[derive(Debug)]
pub(super) struct Table {
    pub name: String,
    /// In the order of the table.
    pub columns: Vec<(String, Kind)>,
    /// The names of those that are unique together.
    pub key: Vec<String>,
}

impl Table {
    /// All columns, with commas.
    pub fn list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    /// The key of a row that has all columns.
    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let keyed = self.columns.iter().zip(row);
        keyed
            .filter(|((name, _), _)| self.key.contains(name))
            .map(|(_, value)| value.clone())
            .collect()
    }
}

/// Every table of ours, a table that refers to another after it.
pub(super) async fn tables() -> Result<Vec<Table>> {
    let mut empty = SqliteConnection::connect("sqlite::memory:").await?;
    migrator().run(&mut empty).await?;
    let names: Vec<String> = sqlx::query_scalar(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like '\\_sqlx%' escape '\\'
            order by rowid",
    )
    .fetch_all(&mut empty)
    .await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        tables.push(table(&mut empty, name).await?);
    }
    Ok(tables)
}

async fn table(empty: &mut SqliteConnection, name: String) -> Result<Table> {
    let columns: Vec<(String, String)> =
        sqlx::query_as("select name, type from pragma_table_info($1) order by cid")
            .bind(&name)
            .fetch_all(&mut *empty)
            .await?;
    let columns = columns
        .into_iter()
        .map(|(column, kind)| match kind.to_lowercase().as_str() {
            "text" => Ok((column, Kind::Text)),
            "bigint" => Ok((column, Kind::Int)),
            other => anyhow::bail!("{name}.{column} is of the type {other}, which is not copied"),
        })
        .collect::<Result<_>>()?;
    let key: Vec<String> = sqlx::query_scalar(
        "select i.name from pragma_index_info((select name from pragma_index_list($1) where \"unique\" = 1 and partial = 0
            order by origin = 'pk' desc, seq limit 1)) i order by i.seqno",
    )
    .bind(&name)
    .fetch_all(&mut *empty)
    .await?;
    ensure!(!key.is_empty(), "{name} has no key by which to compare it");
    Ok(Table { name, columns, key })
}
