//! A connection of either engine, for what runs inside the writer's transaction.

use sqlx::{PgConnection, SqliteConnection};

/// The writer's connection, inside its transaction.
pub(super) enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// The few statements that need two texts.
pub(super) struct Text {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Text {
    pub fn of(&self, connection: &Connection<'_>) -> &'static str {
        match connection {
            Connection::Sqlite(_) => self.sqlite,
            Connection::Postgres(_) => self.postgres,
        }
    }
}

macro_rules! on {
    ($connection:expr, $inner:ident => $query:expr) => {
        match $connection {
            $crate::server::store::connection::Connection::Sqlite(connection) => {
                let $inner = &mut **connection;
                $query.await?
            }
            $crate::server::store::connection::Connection::Postgres(connection) => {
                let $inner = &mut **connection;
                $query.await?
            }
        }
    };
}
pub(super) use on;
