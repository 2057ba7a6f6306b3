//! The source or the target of a copy, on either engine.

use super::{
    super::{
        Value,
        open::{migrator, open_file, versions},
        postgres,
    },
    schema::{Kind, Table},
};
use crate::server::config::DatabaseUrl;
use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, ColumnIndex, ConnectOptions, Connection, Database, Decode, PgConnection,
    Postgres, QueryBuilder, Row, Sqlite, SqliteConnection, Type, sqlite::SqliteConnectOptions,
};

pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// One text, on whichever engine.
macro_rules! on {
    ($side:expr, $connection:ident => $query:expr) => {
        match $side {
            Side::Sqlite($connection) => $query.await?,
            Side::Postgres($connection) => $query.await?,
        }
    };
}

impl Side {
    /// What is there already.
    pub async fn source(database: &DatabaseUrl) -> Result<Self> {
        Ok(match database {
            DatabaseUrl::Sqlite(path) => {
                ensure!(path.is_file(), "there is no database at {}", path.display());
                let options = SqliteConnectOptions::new().filename(path).read_only(true);
                let options = options.disable_statement_logging();
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            DatabaseUrl::Postgres(url) => {
                // Every statement here is slow, and none of them is a fault.
                let options = postgres::options(url.expose())?.disable_statement_logging();
                Self::Postgres(postgres::connect(&options).await?)
            }
        })
    }

    /// With its schema made, or brought up to date.
    pub async fn target(database: &DatabaseUrl) -> Result<Self> {
        Ok(match database {
            DatabaseUrl::Sqlite(path) => {
                let options = open_file(path)?.disable_statement_logging();
                let mut connection = SqliteConnection::connect_with(&options).await?;
                migrator().run(&mut connection).await?;
                Self::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => {
                let options = postgres::options(url.expose())?.disable_statement_logging();
                postgres::migrate(&options).await?;
                Self::Postgres(postgres::connect(&options).await?)
            }
        })
    }

    /// From now on this sees one moment. What it returns tells whether anybody has written since.
    pub async fn begin_reading(&mut self) -> Result<i64> {
        let version = match self {
            Self::Sqlite(_) => {
                let version = self.number("pragma data_version").await?;
                self.run("begin").await?;
                version
            }
            Self::Postgres(_) => {
                self.run("begin isolation level repeatable read read only")
                    .await?;
                self.number("select coalesce(max(value), 0) from counters")
                    .await?
            }
        };
        // The snapshot is that of the first reading.
        self.count("_sqlx_migrations")
            .await
            .context("the source is no database of Almasar's")?;
        Ok(version)
    }

    pub async fn end_reading(&mut self) -> Result<i64> {
        self.run("commit").await?;
        self.number(match self {
            Self::Sqlite(_) => "pragma data_version",
            Self::Postgres(_) => "select coalesce(max(value), 0) from counters",
        })
        .await
    }

    /// Has it the schema that this program knows?
    pub async fn assert_current(&mut self) -> Result<()> {
        const SQL: &str = "select version from _sqlx_migrations order by version";
        let found: Vec<i64> = on!(self, c => sqlx::query_scalar(SQL).fetch_all(c));
        ensure!(
            versions().all(|version| found.contains(&version)),
            "the source's schema is older than this program: run `almasar migrate` on it first"
        );
        ensure!(
            found.len() == versions().count(),
            "the source's schema is newer than this program: use the one that wrote it"
        );
        Ok(())
    }

    pub async fn begin_writing(&mut self) -> Result<()> {
        self.run(match self {
            Self::Sqlite(_) => "begin immediate",
            Self::Postgres(_) => "begin",
        })
        .await
    }

    pub async fn commit(mut self) -> Result<()> {
        self.run("commit").await?;
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(mut connection) => {
                // So many new rows are planned for wrongly until they have been looked at.
                sqlx::raw_sql("analyze").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// PostgreSQL has none in a text.
    pub fn stores_nul(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub async fn run(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(sql).execute(c).await.map(drop)?,
            Self::Postgres(c) => sqlx::raw_sql(sql).execute(c).await.map(drop)?,
        }
        Ok(())
    }

    async fn number(&mut self, sql: &'static str) -> Result<i64> {
        Ok(on!(self, c => sqlx::query_scalar(sql).fetch_one(c)))
    }

    /// Of a table of ours, or a part of one.
    pub async fn count(&mut self, rows: &str) -> Result<u64> {
        let sql = format!("select count(*) from {rows}");
        let count: i64 =
            on!(self, c => sqlx::query_scalar(AssertSqlSafe(sql.as_str())).fetch_one(c));
        Ok(count.unsigned_abs())
    }

    pub async fn setting(&mut self, name: &str) -> Result<Option<String>> {
        const SQL: &str = "select value from settings where name = $1";
        Ok(on!(self, c => sqlx::query_scalar(SQL).bind(name).fetch_optional(c)))
    }

    pub async fn set_setting(&mut self, name: &str, value: &str) -> Result<()> {
        const SQL: &str = "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
        macro_rules! set {
            ($connection:expr) => {
                sqlx::query(SQL)
                    .bind(name)
                    .bind(value)
                    .execute($connection)
                    .await
                    .map(drop)?
            };
        }
        match self {
            Self::Sqlite(c) => set!(c),
            Self::Postgres(c) => set!(c),
        }
        Ok(())
    }

    /// Every row, in the order of its key, which is the same on both engines.
    pub fn read<'a>(&'a mut self, table: &'a Table) -> BoxStream<'a, Result<Vec<Value>>> {
        // PostgreSQL sorts texts as people do; SQLite, and its "C", by bytes.
        let collate = match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " collate \"C\"",
        };
        let order: Vec<String> = table
            .key
            .iter()
            .map(|name| {
                let is_text = table.columns.contains(&(name.clone(), Kind::Text));
                format!("{name}{}", if is_text { collate } else { "" })
            })
            .collect();
        let sql = AssertSqlSafe(format!(
            "select {} from {} order by {}",
            table.list(),
            table.name,
            order.join(", ")
        ));
        match self {
            Self::Sqlite(c) => sqlx::query(sql)
                .fetch(c)
                .map(|row| values(&row?, table))
                .boxed(),
            Self::Postgres(c) => sqlx::query(sql)
                .fetch(c)
                .map(|row| values(&row?, table))
                .boxed(),
        }
    }

    pub async fn insert(&mut self, table: &Table, rows: Vec<Vec<Value>>) -> Result<()> {
        macro_rules! insert {
            ($engine:ty, $connection:expr) => {{
                let into = format!("insert into {} ({}) ", table.name, table.list());
                let mut query = QueryBuilder::<$engine>::new(into);
                query.push_values(rows, |mut place, row| {
                    for value in row {
                        match value {
                            Value::Int(value) => place.push_bind(value),
                            Value::Text(value) => place.push_bind(value),
                        };
                    }
                });
                query.build().execute($connection).await?;
            }};
        }
        match self {
            Self::Sqlite(c) => insert!(Sqlite, c),
            Self::Postgres(c) => insert!(Postgres, c),
        }
        Ok(())
    }
}

fn values<R>(row: &R, table: &Table) -> Result<Vec<Value>>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<i64>: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database,
{
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, (name, kind))| {
            let value = match kind {
                Kind::Int => row.try_get(place).map(Value::Int),
                Kind::Text => row.try_get(place).map(Value::Text),
            };
            value.with_context(|| format!("{}.{name}", table.name))
        })
        .collect()
}
