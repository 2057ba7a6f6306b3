//! Calls: what is written goes through the writer; what is read is whole answers.

use super::{
    Result, Store, Value, args,
    inbox::Recorded,
    read, value,
    view::{ViewRow, select_views},
    writer::Command,
};
use crate::domain::{
    call::{Event, Status},
    sid::CallSid,
    view::CallView,
};
use sqlx::AssertSqlSafe;

/// Which calls to list; what is `None` or empty does not narrow. Newest first.
#[derive(Debug, Clone, Default)]
pub struct CallQuery {
    /// The client identity of the agent.
    pub agent_identity: Option<String>,
    pub statuses: Vec<Status>,
    /// Digits that either number contains.
    pub digits: Option<String>,
    /// Started at or after, in milliseconds.
    pub since: Option<i64>,
    /// Started before.
    pub until: Option<i64>,
    /// Only what comes after this call in the list.
    pub after: Option<(i64, String)>,
    pub limit: i64,
}

/// What was reported of a call, as the log has it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LoggedEvent {
    pub leg_sid: String,
    pub kind: String,
    pub key: String,
    pub at: i64,
    pub received_at: i64,
    /// JSON
    pub params: String,
}

impl Store {
    /// Appends an event and folds it into its call. Durable when this returns; a repeated event changes nothing.
    pub async fn record(&self, event: Event) -> Result<Recorded> {
        self.command(|reply| Command::Event {
            event: Box::new(event),
            reply,
        })
        .await
    }

    /// Gives a call a new change number and tells everybody, since something that it shows has changed elsewhere.
    pub async fn touch(&self, sid: &CallSid) -> Result<()> {
        self.command(|reply| Command::Touch {
            sid: sid.to_string(),
            reply,
        })
        .await
    }

    /// A call as people see it.
    pub async fn call(&self, sid: &CallSid) -> Result<Option<CallView>> {
        const SQL: &str = select_views!("where c.sid = $1");
        let row: Option<ViewRow> =
            read!(self, pool => sqlx::query_as(SQL).bind(sid.as_str()).fetch_optional(pool));
        row.map(CallView::try_from).transpose()
    }

    /// The calls that match, newest first, each with its place in the list.
    pub async fn call_views(&self, query: &CallQuery) -> Result<Vec<(i64, CallView)>> {
        let (sql, args) = listing(query);
        let rows: Vec<ViewRow> = match &self.engine {
            super::Engine::Sqlite(pool) => {
                value::bound!(@bind sqlx::query_as(AssertSqlSafe(sql)), args)
                    .fetch_all(pool)
                    .await?
            }
            super::Engine::Postgres(pool, _) => {
                value::bound!(@bind sqlx::query_as(AssertSqlSafe(sql)), args)
                    .fetch_all(pool)
                    .await?
            }
        };
        rows.into_iter()
            .map(|row| Ok((row.started_at, row.try_into()?)))
            .collect()
    }

    /// What was reported of a call, in the order in which it came.
    pub async fn events_of(&self, sid: &CallSid) -> Result<Vec<LoggedEvent>> {
        const SQL: &str = "select leg_sid, kind, key, at, received_at, params from events where call_sid = $1 order by position";
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(sid.as_str()).fetch_all(pool)))
    }
}

/// Only fragments that are written here make up the statement; every value is bound.
fn listing(query: &CallQuery) -> (String, Vec<Value>) {
    let mut sql = String::from(select_views!("where true"));
    let mut values = Vec::new();
    let mut narrow = |fragment: &str, bind: Vec<Value>| {
        let mut fragment = fragment.to_owned();
        for (place, value) in bind.into_iter().enumerate() {
            values.push(value);
            fragment = fragment.replace(&format!("?{place}"), &format!("${}", values.len()));
        }
        sql.push_str(&fragment);
    };
    if let Some(identity) = &query.agent_identity {
        narrow(" and c.agent_identity = ?0", args![identity]);
    }
    if !query.statuses.is_empty() {
        let places: Vec<String> = (0..query.statuses.len())
            .map(|place| format!("?{place}"))
            .collect();
        narrow(
            &format!(" and c.status in ({})", places.join(", ")),
            query
                .statuses
                .iter()
                .map(|status| status.as_str().into())
                .collect(),
        );
    }
    if let Some(digits) = &query.digits {
        narrow(
            " and (c.to_number like ?0 or c.from_number like ?0)",
            args![format!("%{digits}%")],
        );
    }
    if let Some(since) = query.since {
        narrow(" and c.started_at >= ?0", args![since]);
    }
    if let Some(until) = query.until {
        narrow(" and c.started_at < ?0", args![until]);
    }
    if let Some((started_at, sid)) = &query.after {
        narrow(
            " and (c.started_at, c.sid) < (?0, ?1)",
            args![*started_at, sid],
        );
    }
    narrow(
        " order by c.started_at desc, c.sid desc limit ?0",
        args![query.limit],
    );
    (sql, values)
}
