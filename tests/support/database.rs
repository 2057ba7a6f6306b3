//! A database for each test: a file in the test's folder, or one on the PostgreSQL server that `ALMASAR_TEST_POSTGRES` names
//! (`script/postgres` starts one), gone with the test.

use almasar::server::config::{DatabaseUrl, Secret};
use sqlx::{
    Connection, FromRow, PgConnection, SqliteConnection, postgres::PgRow, sqlite::SqliteRow,
};
use std::path::Path;
use url::Url;

/// The URL of the PostgreSQL server, if it is on that engine that the tests run.
fn server() -> Option<Url> {
    let url = std::env::var("ALMASAR_TEST_POSTGRES").ok()?;
    Some(Url::parse(&url).unwrap())
}

pub fn on_postgres() -> bool {
    server().is_some()
}

/// An empty database.
pub struct TestDatabase {
    url: String,
    /// Its name on that server.
    on: Option<(Url, String)>,
}

impl TestDatabase {
    /// On the engine that the tests run on.
    pub async fn new(folder: &Path) -> Self {
        let Some(server) = server() else {
            return Self::sqlite(&folder.join("data/almasar.db"));
        };
        let name = format!("test_{:016x}", rand::random::<u64>());
        run(&server, format!("create database {name}")).await;
        let mut url = server.clone();
        url.set_path(&name);
        Self {
            url: url.into(),
            on: Some((server, name)),
        }
    }

    /// A file, whatever the other tests run on.
    pub fn sqlite(file: &Path) -> Self {
        Self {
            url: format!("sqlite://{}", file.display()),
            on: None,
        }
    }

    /// One that is there already, and stays.
    #[allow(dead_code)]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            on: None,
        }
    }

    /// The same database, for another server; it goes when the first one's does.
    pub fn shared(&self) -> Self {
        Self {
            url: self.url.clone(),
            on: None,
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn config(&self) -> DatabaseUrl {
        match self.url.strip_prefix("sqlite://") {
            Some(path) => DatabaseUrl::Sqlite(path.into()),
            None => DatabaseUrl::Postgres(Secret::new(&self.url)),
        }
    }

    /// Somebody else's connection to it.
    pub async fn connect(&self) -> Rows {
        Rows::of(&self.config()).await
    }
}

impl Drop for TestDatabase {
    /// Servers of the test may be connected still.
    fn drop(&mut self) {
        let Some((server, name)) = self.on.take() else {
            return;
        };
        // Here no future can be waited for, and the test's own runtime is busy with dropping this.
        let dropping = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(run(&server, format!("drop database {name} with (force)")));
        });
        let _ = dropping.join();
    }
}

async fn run(server: &Url, sql: String) {
    let mut connection = PgConnection::connect(server.as_str()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// What is stored, seen past the server.
pub enum Rows {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Rows {
    pub async fn of(database: &DatabaseUrl) -> Self {
        match database {
            DatabaseUrl::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                Self::Sqlite(SqliteConnection::connect(&url).await.unwrap())
            }
            DatabaseUrl::Postgres(url) => {
                Self::Postgres(PgConnection::connect(url.expose()).await.unwrap())
            }
        }
    }

    /// Statements, as they are.
    pub async fn run(&mut self, sql: &str) {
        let text = sqlx::AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn all<T>(&mut self, sql: &'static str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let found = match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await,
        };
        found.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The one number that the statement gives.
    pub async fn count(&mut self, sql: &'static str) -> i64 {
        self.all::<(i64,)>(sql).await[0].0
    }

    /// From now on nobody else can write of calls, until [`Rows::unlock`].
    pub async fn lock(&mut self) {
        self.run(match self {
            Self::Sqlite(_) => "begin immediate",
            Self::Postgres(_) => "begin; select value from counters for update",
        })
        .await;
    }

    pub async fn unlock(&mut self) {
        self.run("rollback").await;
    }
}
