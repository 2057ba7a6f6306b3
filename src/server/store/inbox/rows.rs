//! What the inbox writes: a statement for each table.

use super::{Known, json};
use crate::{
    domain::{
        call::{Event, Fact, Origin, Ranked},
        recording::RecordingStatus,
        sid::CallSid,
    },
    server::store::{
        Result, Value,
        connection::{Connection, Text, on},
        sets::Set,
        view::as_word,
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Appends the events, at the positions after `number`, and says of each whether it was not there yet.
pub(super) async fn append(
    c: &mut Connection<'_>,
    events: &[Event],
    number: i64,
) -> Result<Vec<bool>> {
    static EVENTS: Set<8> = Set::new(
        "events",
        [
            ("leg_sid", "text"),
            ("kind", "text"),
            ("key", "text"),
            ("call_sid", "text"),
            ("position", "bigint"),
            ("at", "bigint"),
            ("received_at", "bigint"),
            ("params", "text"),
        ],
        "on conflict (leg_sid, kind, key) do nothing",
    );
    let row = |(position, event): (i64, &Event)| {
        Ok([
            event.leg.as_str().into(),
            event.fact.kind().into(),
            (&event.key).into(),
            event.call.as_str().into(),
            position.into(),
            event.at.into(),
            event.received_at.into(),
            json(&Parameters(&event.params))?.into(),
        ])
    };
    let rows = (number + 1..).zip(events).map(row);
    let written = EVENTS.write(c, rows.collect::<Result<_>>()?).await?;
    if written == events.len() as u64 {
        return Ok(vec![true; events.len()]);
    }
    // Some were there already. Of a repeated event, also within this set, the row has the position of the first.
    const SQL: Text = Text {
        sqlite: "select position from events where call_sid in (select value from json_each($1)) and position > $2",
        postgres: "select position from events where call_sid in (select value from jsonb_array_elements_text($1::jsonb) as t(value))
            and position > $2",
    };
    let sids: BTreeSet<&str> = events.iter().map(|event| event.call.as_str()).collect();
    let (sql, list) = (SQL.of(c), json(&sids)?);
    let appended: Vec<i64> =
        on!(c, c => sqlx::query_scalar(sql).bind(&list).bind(number).fetch_all(c));
    let appended: HashSet<i64> = appended.into_iter().collect();
    Ok((number + 1..)
        .take(events.len())
        .map(|position| appended.contains(&position))
        .collect())
}

/// As an object, sorted by name; of a repeated name all values, in a list.
struct Parameters<'e>(&'e [(String, String)]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs: Vec<&(String, String)> = self.0.iter().collect();
        pairs.sort_by_key(|(name, _)| name);
        let mut object = serializer.serialize_map(None)?;
        for same in pairs.chunk_by(|one, other| one.0 == other.0) {
            match same {
                [(name, value)] => object.serialize_entry(name, value)?,
                [(name, _), ..] => {
                    let values: Vec<&str> = same.iter().map(|(_, value)| value.as_str()).collect();
                    object.serialize_entry(name, &values)?;
                }
                [] => {}
            }
        }
        object.end()
    }
}

/// Writes what is further on than what is stored, and returns the calls that this concerns.
pub(super) async fn upsert_recordings(
    c: &mut Connection<'_>,
    recordings: BTreeMap<String, &Event>,
    calls: &HashMap<CallSid, Known>,
) -> Result<Vec<String>> {
    macro_rules! sql {
        ($from:literal) => {
            concat!(
                "insert into recordings (sid, call_sid, status, duration_secs, channels, agent_channel, source, started_at, created_at) ",
                $from,
                " on conflict (sid) do update set status = excluded.status,
                    duration_secs = coalesce(excluded.duration_secs, recordings.duration_secs),
                    channels = coalesce(excluded.channels, recordings.channels),
                    agent_channel = excluded.agent_channel,
                    source = coalesce(excluded.source, recordings.source),
                    started_at = coalesce(excluded.started_at, recordings.started_at)
                where (case recordings.status when 'in-progress' then 0 when 'processing' then 1 when 'absent' then 2 when 'failed' then 3
                        when 'completed' then 4 else 5 end)
                    < (case excluded.status when 'in-progress' then 0 when 'processing' then 1 when 'absent' then 2 when 'failed' then 3
                        when 'completed' then 4 else 5 end)
                returning call_sid"
            )
        };
    }
    const SQL: Text = Text {
        sqlite: sql!("select json_extract(value, '$.sid'), json_extract(value, '$.call_sid'), json_extract(value, '$.status'),
            json_extract(value, '$.duration_secs'), json_extract(value, '$.channels'), json_extract(value, '$.agent_channel'),
            json_extract(value, '$.source'), json_extract(value, '$.started_at'), json_extract(value, '$.created_at')
            from json_each($1) where true"),
        postgres: sql!("select sid, call_sid, status, duration_secs, channels, agent_channel, source, started_at, created_at
            from jsonb_to_recordset($1::jsonb) as t(sid text, call_sid text, status text, duration_secs bigint, channels bigint,
                agent_channel bigint, source text, started_at bigint, created_at bigint)"),
    };
    if recordings.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = recordings
        .iter()
        .filter_map(|(sid, event)| match &event.fact {
            Fact::Recording { status, duration_secs, channels, source, started_at, .. } => {
                let origin = calls.get(&event.call).and_then(|known| known.call.evidence.origin.as_ref());
                let agent_channel = if origin.is_some_and(|origin| origin.value == Origin::Page) { 1 } else { 2 };
                Some(serde_json::json!({
                    "sid": sid, "call_sid": event.call, "status": status, "duration_secs": duration_secs, "channels": channels,
                    "agent_channel": agent_channel, "source": source, "started_at": started_at, "created_at": event.received_at,
                }))
            }
            _ => None,
        })
        .collect();
    let sql = SQL.of(c);
    let list = json(&rows)?;
    Ok(on!(c, c => sqlx::query_scalar(sql).bind(&list).fetch_all(c)))
}

pub(super) async fn upsert_calls<'a>(
    c: &mut Connection<'_>,
    calls: impl Iterator<Item = &'a Known>,
) -> Result<()> {
    static CALLS: Set<18> = Set::new(
        "calls",
        [
            ("sid", "text"),
            ("change", "bigint"),
            ("evidence", "text"),
            ("direction", "text"),
            ("origin", "text"),
            ("agent_identity", "text"),
            ("from_number", "text"),
            ("to_number", "text"),
            ("status", "text"),
            ("reason", "text"),
            ("started_at", "bigint"),
            ("answered_at", "bigint"),
            ("ended_at", "bigint"),
            ("duration_secs", "bigint"),
            ("child_sid", "text"),
            ("recording_status", "text"),
            ("attempt", "text"),
            ("unsure", "bigint"),
        ],
        "on conflict (sid) do update set change = excluded.change, evidence = excluded.evidence, direction = excluded.direction,
            origin = excluded.origin, agent_identity = excluded.agent_identity, from_number = excluded.from_number,
            to_number = excluded.to_number, status = excluded.status, reason = excluded.reason, started_at = excluded.started_at,
            answered_at = excluded.answered_at, ended_at = excluded.ended_at, duration_secs = excluded.duration_secs,
            child_sid = excluded.child_sid, recording_status = excluded.recording_status, attempt = excluded.attempt, unsure = excluded.unsure",
    );
    let rows = calls.map(row).collect::<Result<_>>()?;
    CALLS.write(c, rows).await.map(drop)
}

fn row(Known { call, change }: &Known) -> Result<[Value; 18]> {
    let (evidence, outcome) = (&call.evidence, call.outcome());
    let text = |ranked: &Option<Ranked<String>>| ranked.as_ref().map(|ranked| ranked.value.clone());
    Ok([
        call.sid.as_str().into(),
        (*change).into(),
        json(evidence)?.into(),
        outcome.direction.as_str().into(),
        evidence
            .origin
            .as_ref()
            .map(|origin| origin.value.as_str())
            .into(),
        text(&evidence.agent).into(),
        text(&evidence.from).unwrap_or_default().into(),
        text(&evidence.to).unwrap_or_default().into(),
        outcome.status.as_str().into(),
        outcome.reason.and_then(as_word).into(),
        evidence.started_at().into(),
        outcome.answered_at.into(),
        outcome.ended_at.into(),
        outcome.duration_secs.into(),
        evidence.child_sid.as_ref().map(CallSid::as_str).into(),
        evidence.recording.map(RecordingStatus::as_str).into(),
        evidence.attempt.as_ref().map(CallSid::as_str).into(),
        call.is_unsure().then_some(1).into(),
    ])
}

/// A call's new change number.
#[derive(Serialize)]
pub(super) struct Renumbered<'s> {
    pub sid: &'s str,
    pub number: i64,
}

/// Gives their numbers to calls of which nothing else is written; to those that there are.
pub(super) async fn renumber(c: &mut Connection<'_>, changed: &[Renumbered<'_>]) -> Result<()> {
    const SQL: Text = Text {
        sqlite: "update calls set change = json_extract(t.value, '$.number') from json_each($1) as t
            where calls.sid = json_extract(t.value, '$.sid')",
        postgres: "update calls set change = t.number from jsonb_to_recordset($1::jsonb) as t(sid text, number bigint)
            where calls.sid = t.sid",
    };
    if changed.is_empty() {
        return Ok(());
    }
    let sql = SQL.of(c);
    let list = json(&changed)?;
    on!(c, c => async { sqlx::query(sql).bind(&list).execute(c).await.map(drop) });
    Ok(())
}
