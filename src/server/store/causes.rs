//! The logs of calls that ended badly, many at once.

use super::{Engine, LoggedEvent, Result, Store, read};
use serde_json::json;

#[derive(sqlx::FromRow)]
struct Row {
    call_sid: String,
    #[sqlx(flatten)]
    event: LoggedEvent,
}

/// Of those calls, the ones that failed and the ones of which a browser reported something.
macro_rules! select_bad {
    ($list:literal) => {
        concat!(
            "select e.call_sid, e.leg_sid, e.kind, e.key, e.at, e.received_at, e.params from events e where e.call_sid in (",
            $list,
            ") and (exists (select 1 from calls c where c.sid = e.call_sid and c.status = 'failed')
                or exists (select 1 from events d where d.call_sid = e.call_sid and d.kind = 'diagnostics'))
            order by e.call_sid, e.position"
        )
    };
}

impl Store {
    /// What was reported of those of these calls that failed or that a browser saw end badly; each with its call, in the order in
    /// which it came.
    pub async fn events_of_bad_calls(&self, sids: &[&str]) -> Result<Vec<(String, LoggedEvent)>> {
        let sql = match self.engine {
            Engine::Sqlite(_) => select_bad!("select value from json_each($1)"),
            Engine::Postgres(..) => {
                select_bad!("select value from jsonb_array_elements_text($1::jsonb) as t(value)")
            }
        };
        let list = json!(sids).to_string();
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(sql).bind(&list).fetch_all(pool));
        Ok(rows
            .into_iter()
            .map(|row| (row.call_sid, row.event))
            .collect())
    }
}
