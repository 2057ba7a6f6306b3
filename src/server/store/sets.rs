//! Many rows into a table by one statement. SQLite is given the values themselves: it needs five times as long to take them out of JSON.
//! PostgreSQL is given JSON, so that the statement is one and the same for any number of rows.

use super::{
    Result, StoreError, Value,
    connection::{Connection, on},
    value::bound,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::sync::OnceLock;

/// SQLite's statements have room for so many rows: enough that half of it is used, few enough that all stay prepared.
const SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const LARGEST: usize = SIZES[SIZES.len() - 1];

/// How rows come into a table. The first column is never null.
pub(super) struct Set<const N: usize> {
    table: &'static str,
    columns: [Column; N],
    on_conflict: &'static str,
    sqlite: [OnceLock<String>; SIZES.len()],
    postgres: OnceLock<String>,
}

/// Its name, and its type in PostgreSQL.
pub(super) type Column = (&'static str, &'static str);

impl<const N: usize> Set<N> {
    pub const fn new(table: &'static str, columns: [Column; N], on_conflict: &'static str) -> Self {
        Self {
            table,
            columns,
            on_conflict,
            sqlite: [const { OnceLock::new() }; SIZES.len()],
            postgres: OnceLock::new(),
        }
    }

    /// Returns how many rows were written.
    pub async fn write(
        &'static self,
        c: &mut Connection<'_>,
        rows: Vec<[Value; N]>,
    ) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        if let Connection::Postgres(_) = c {
            let sql = self.postgres.get_or_init(|| self.of_json()).as_str();
            let rows: Vec<_> = rows.iter().map(|row| self.named(row)).collect();
            let rows = serde_json::to_string(&rows)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            return Ok(on!(c, c => async {
                let done = sqlx::query(sql).bind(&rows).execute(c).await;
                done.map(|done| done.rows_affected())
            }));
        }
        let mut written = 0;
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let (sql, room) = self.of_values(rows.len());
            // What is not bound is null, and no row.
            let values = rows.by_ref().take(room).flatten();
            written += on!(c, c => async {
                bound!(sql, values).execute(c).await.map(|done| done.rows_affected())
            });
        }
        Ok(written)
    }

    /// For so many rows, or for as many as one statement has room for; and how many that are.
    fn of_values(&'static self, rows: usize) -> (&'static str, usize) {
        let fits = |size: &usize| *size >= rows.min(LARGEST);
        let place = SIZES.iter().position(fits).unwrap_or(SIZES.len() - 1);
        let room = SIZES[place];
        let text = self.sqlite[place].get_or_init(|| {
            let row = format!("({})", ["?"; N].join(","));
            let values = vec![row; room].join(",");
            format!(
                "insert into {} ({}) select * from (values {values}) where column1 is not null {}",
                self.table,
                self.names(),
                self.on_conflict
            )
        });
        (text, room)
    }

    fn of_json(&self) -> String {
        let names = self.names();
        let typed = self.columns.map(|(name, kind)| format!("{name} {kind}"));
        format!(
            "insert into {} ({names}) select {names} from jsonb_to_recordset($1::jsonb) as t({}) {}",
            self.table,
            typed.join(", "),
            self.on_conflict
        )
    }

    fn names(&self) -> String {
        self.columns.map(|(name, _)| name).join(", ")
    }

    fn named<'r>(&'r self, row: &'r [Value; N]) -> Named<'r> {
        Named(&self.columns, row)
    }
}

/// A row as a JSON object.
struct Named<'r>(&'r [Column], &'r [Value]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for ((name, _), value) in self.0.iter().zip(self.1) {
            match value {
                Value::Int(value) => object.serialize_entry(name, value)?,
                Value::Text(value) => object.serialize_entry(name, value)?,
            }
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection as _, SqliteConnection};

    static THINGS: Set<2> = Set::new(
        "things",
        [("name", "text"), ("size", "bigint")],
        "on conflict (name) do update set size = excluded.size",
    );

    #[tokio::test]
    async fn any_number_of_rows_is_written() {
        let mut sqlite = SqliteConnection::connect("sqlite::memory:")
            .await
            .expect("a database");
        let schema = "create table things (name text not null primary key, size bigint)";
        sqlx::query(schema)
            .execute(&mut sqlite)
            .await
            .expect("a table");
        let mut c = Connection::Sqlite(&mut sqlite);
        let mut before = 0;
        for many in [0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 200] {
            let row = |n: i64| [Value::from(format!("{many}/{n}")), Value::from(n)];
            let written = THINGS.write(&mut c, (0..many).map(row).collect()).await;
            assert_eq!(written.expect("written"), many as u64);
            let again = (0..many).map(row).collect();
            assert_eq!(
                THINGS.write(&mut c, again).await.expect("written"),
                many as u64
            );
            before += many;
        }
        let kept: i64 = sqlx::query_scalar("select count(*) from things")
            .fetch_one(&mut sqlite)
            .await
            .expect("a number");
        assert_eq!(kept, before);
    }

    #[test]
    fn postgresql_is_given_named_columns() {
        assert_eq!(
            THINGS.of_json(),
            "insert into things (name, size) select name, size from jsonb_to_recordset($1::jsonb) as t(name text, size bigint) \
             on conflict (name) do update set size = excluded.size"
        );
        let row = [Value::from("a\"b"), Value::from(None::<i64>)];
        let json = serde_json::to_string(&THINGS.named(&row)).expect("JSON");
        assert_eq!(json, r#"{"name":"a\"b","size":null}"#);
    }
}
