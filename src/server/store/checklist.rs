//! What is stored of the newest calls from the page, as the test checklist asks for it: one statement.

use super::{Result, Store, StoreError, read};
use crate::domain::{
    call::Evidence,
    checklist::{Sound, TestCall},
    sid::CallSid,
};

#[derive(sqlx::FromRow)]
struct Row {
    sid: String,
    to_number: String,
    started_at: i64,
    ended_at: Option<i64>,
    duration_secs: Option<i64>,
    evidence: String,
    waveform: Option<String>,
    agent_channel: Option<i64>,
    reported: i64,
    heard: i64,
}

impl Store {
    /// Calls from the page that began at or after `since` (milliseconds), newest first.
    pub async fn test_calls(&self, since: i64, limit: i64) -> Result<Vec<TestCall>> {
        const SQL: &str = "select c.sid, c.to_number, c.started_at, c.ended_at, c.duration_secs, c.evidence, r.waveform, r.agent_channel,
                (select count(*) from events e where e.call_sid = c.sid and e.kind = 'recording' and e.key = r.sid || ':completed') as reported,
                (select count(*) from events e where e.call_sid = c.sid and e.kind = 'played') as heard
            from calls c
            left join recordings r on r.sid = (
                select sid from recordings where call_sid = c.sid
                order by case when archived_at is not null then 0 when status = 'completed' then 1 else 2 end, created_at desc, sid
                limit 1
            )
            where c.origin = 'page' and c.started_at >= $1 order by c.started_at desc, c.sid desc limit $2";
        let rows: Vec<Row> =
            read!(self, pool => sqlx::query_as(SQL).bind(since).bind(limit).fetch_all(pool));
        rows.into_iter().map(TestCall::try_from).collect()
    }
}

impl TryFrom<Row> for TestCall {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of call {}", row.sid));
        let evidence: Evidence =
            serde_json::from_str(&row.evidence).map_err(|_| corrupt("evidence"))?;
        let channels: Option<Vec<Vec<u8>>> = row
            .waveform
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| corrupt("waveform"))?;
        Ok(Self {
            sid: CallSid::parse(&row.sid).map_err(|_| corrupt("sid"))?,
            sound: channels
                .and_then(|channels| Sound::heard(&channels, row.agent_channel.unwrap_or(1))),
            to: row.to_number,
            started_at: row.started_at,
            over: row.ended_at.is_some(),
            talked_secs: row.duration_secs.unwrap_or_default(),
            evidence,
            recording_reported: row.reported > 0,
            recording_heard: row.heard > 0,
        })
    }
}
