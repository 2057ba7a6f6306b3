//! Events in sets: append what is new, fold it into the calls it concerns, store those, number the changes. All in the writer's one
//! transaction, each table by one statement however many events there are.

use super::{
    Result, StoreError,
    changes::{CallChange, Changes, Told},
    view::{ViewRow, as_word, select_views},
};
use crate::domain::{
    call::{Call, Change, Event, Evidence, Fact, Origin},
    sid::CallSid,
};
use serde_json::json;
use sqlx::{PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The call as it is after an event, and whether the event was new.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub call: Call,
    pub new: bool,
}

/// The writer's connection, inside its transaction.
pub(super) enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// The few statements that need two texts.
struct Text {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Text {
    fn of(&self, connection: &Connection<'_>) -> &'static str {
        match connection {
            Connection::Sqlite(_) => self.sqlite,
            Connection::Postgres(_) => self.postgres,
        }
    }
}

macro_rules! on {
    ($connection:expr, $inner:ident => $query:expr) => {
        match $connection {
            Connection::Sqlite(connection) => {
                let $inner = &mut **connection;
                $query.await?
            }
            Connection::Postgres(connection) => {
                let $inner = &mut **connection;
                $query.await?
            }
        }
    };
}

/// What one transaction took in.
pub(super) struct TakenIn {
    /// For each event, in order.
    pub recorded: Vec<Recorded>,
    /// What people see of every call that changed; before our own, what other processes changed.
    pub changes: Changes,
}

/// Takes in a set of events, and gives new change numbers to the calls of `touched` besides. Numbers that were given away since `told`,
/// and not by us, are those of another process on the same database.
pub(super) async fn take_in(
    mut connection: Connection<'_>,
    events: &[Event],
    touched: &BTreeSet<String>,
    told: &Told,
) -> Result<TakenIn> {
    let c = &mut connection;
    let sids: BTreeSet<&str> = events.iter().map(|event| event.call.as_str()).collect();
    let count = (events.len() + sids.len() + touched.len()) as i64;
    // First, since on PostgreSQL this row's lock makes other servers wait until we have committed.
    let mut number = allocate(c, count).await?;
    let upto = number + count;
    let mut changes = elsewhere(c, told, number).await?;
    let mut calls = load(c, &sids).await?;
    let mut new = append(c, events, &mut number).await?;

    let mut stale = BTreeSet::new();
    let mut changed: BTreeSet<String> = touched.clone();
    let mut recordings = BTreeMap::new();
    let mut news = Vec::with_capacity(events.len());
    for event in events {
        let is_new = new.remove(&(
            event.leg.as_str().to_owned(),
            event.fact.kind().to_owned(),
            event.key.clone(),
        ));
        news.push(is_new);
        let call = calls
            .entry(event.call.clone())
            .or_insert_with(|| Call::new(event.call.clone()));
        if !is_new {
            continue;
        }
        if let Some(change) = call.apply(event) {
            stale.insert(event.call.clone());
            if change == Change::Visible {
                changed.insert(event.call.as_str().to_owned());
            }
        }
        keep_recording(&mut recordings, event);
    }
    changed.extend(upsert_recordings(c, recordings, &calls).await?);
    upsert_calls(c, stale.iter().filter_map(|sid| calls.get(sid))).await?;
    changes.extend(renumber(c, &changed, &mut number).await?);

    let recorded = events.iter().zip(news).filter_map(|(event, new)| {
        Some(Recorded {
            call: calls.get(&event.call)?.clone(),
            new,
        })
    });
    Ok(TakenIn {
        recorded: recorded.collect(),
        changes: Changes {
            list: changes,
            upto,
        },
    })
}

/// What other processes have changed.
pub(super) async fn look_elsewhere(mut connection: Connection<'_>, told: &Told) -> Result<Changes> {
    const SQL: &str = "select value from counters where name = 'change'";
    let c = &mut connection;
    let upto: i64 = on!(c, c => sqlx::query_scalar(SQL).fetch_one(c));
    let list = elsewhere(c, told, upto).await?;
    Ok(Changes { list, upto })
}

/// What changed after what was told, up to the number `upto`, which is committed. Whoever begins to listen from now on reads the database
/// first and finds it there: where nobody listens yet, nothing is read.
async fn elsewhere(c: &mut Connection<'_>, told: &Told, upto: i64) -> Result<Vec<CallChange>> {
    const SQL: &str = select_views!("where c.change > $1 and c.change <= $2 order by c.change");
    let after = told.upto();
    if upto <= after || !told.is_heard() {
        return Ok(Vec::new());
    }
    let rows: Vec<ViewRow> = on!(c, c => sqlx::query_as(SQL).bind(after).bind(upto).fetch_all(c));
    rows.into_iter().map(CallChange::try_from).collect()
}

/// Reserves `count` numbers and returns the last one used before them.
async fn allocate(c: &mut Connection<'_>, count: i64) -> Result<i64> {
    const SQL: &str =
        "update counters set value = value + $1 where name = 'change' returning value";
    let last: i64 = on!(c, c => sqlx::query_scalar(SQL).bind(count).fetch_one(c));
    Ok(last - count)
}

async fn load(c: &mut Connection<'_>, sids: &BTreeSet<&str>) -> Result<HashMap<CallSid, Call>> {
    const SQL: Text = Text {
        sqlite: "select sid, evidence from calls where sid in (select value from json_each($1))",
        postgres: "select sid, evidence from calls where sid in (select value from jsonb_array_elements_text($1::jsonb) as t(value))",
    };
    let sql = SQL.of(c);
    let list = json!(sids).to_string();
    let rows: Vec<(String, String)> = on!(c, c => sqlx::query_as(sql).bind(&list).fetch_all(c));
    rows.into_iter()
        .map(|(sid, evidence)| {
            let corrupt = || StoreError::Corrupt(format!("evidence of call {sid}"));
            let evidence: Evidence = serde_json::from_str(&evidence).map_err(|_| corrupt())?;
            let sid = CallSid::parse(&sid).map_err(|_| corrupt())?;
            Ok((sid.clone(), Call { sid, evidence }))
        })
        .collect()
}

/// Appends the events, and returns the keys of those that were not there yet.
async fn append(
    c: &mut Connection<'_>,
    events: &[Event],
    number: &mut i64,
) -> Result<HashSet<(String, String, String)>> {
    const SQL: Text = Text {
        sqlite: "insert into events (leg_sid, kind, key, call_sid, position, at, received_at, params)
            select json_extract(value, '$.leg_sid'), json_extract(value, '$.kind'), json_extract(value, '$.key'),
                json_extract(value, '$.call_sid'), json_extract(value, '$.position'), json_extract(value, '$.at'),
                json_extract(value, '$.received_at'), json_extract(value, '$.params')
            from json_each($1) where true
            on conflict (leg_sid, kind, key) do nothing returning leg_sid, kind, key",
        postgres: "insert into events (leg_sid, kind, key, call_sid, position, at, received_at, params)
            select leg_sid, kind, key, call_sid, position, at, received_at, params
            from jsonb_to_recordset($1::jsonb) as t(leg_sid text, kind text, key text, call_sid text, position bigint, at bigint,
                received_at bigint, params text)
            on conflict (leg_sid, kind, key) do nothing returning leg_sid, kind, key",
    };
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<_> = events
        .iter()
        .map(|event| {
            *number += 1;
            json!({
                "leg_sid": event.leg, "kind": event.fact.kind(), "key": event.key, "call_sid": event.call, "position": *number,
                "at": event.at, "received_at": event.received_at, "params": params(event).to_string(),
            })
        })
        .collect();
    let sql = SQL.of(c);
    let list = json!(rows).to_string();
    let new: Vec<(String, String, String)> =
        on!(c, c => sqlx::query_as(sql).bind(&list).fetch_all(c));
    Ok(new.into_iter().collect())
}

/// As an object; of a repeated name all values, in a list.
fn params(event: &Event) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for (name, value) in &event.params {
        match object.get_mut(name) {
            None => drop(object.insert(name.clone(), value.as_str().into())),
            Some(serde_json::Value::Array(list)) => list.push(value.as_str().into()),
            Some(one) => *one = json!([one.clone(), value]),
        }
    }
    object.into()
}

fn keep_recording<'e>(recordings: &mut BTreeMap<String, &'e Event>, event: &'e Event) {
    let rank = |event: &Event| match &event.fact {
        Fact::Recording { status, .. } => status.map(|status| status.rank()),
        _ => None,
    };
    if let Fact::Recording {
        sid: Some(sid),
        status: Some(_),
        ..
    } = &event.fact
    {
        let known = recordings.entry(sid.as_str().to_owned()).or_insert(event);
        if rank(known) < rank(event) {
            *known = event;
        }
    }
}

/// Writes what is further on than what is stored, and returns the calls that this concerns.
async fn upsert_recordings(
    c: &mut Connection<'_>,
    recordings: BTreeMap<String, &Event>,
    calls: &HashMap<CallSid, Call>,
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
                let origin = calls.get(&event.call).and_then(|call| call.evidence.origin.as_ref());
                let agent_channel = if origin.is_some_and(|origin| origin.value == Origin::Page) { 1 } else { 2 };
                Some(json!({
                    "sid": sid, "call_sid": event.call, "status": status, "duration_secs": duration_secs, "channels": channels,
                    "agent_channel": agent_channel, "source": source, "started_at": started_at, "created_at": event.received_at,
                }))
            }
            _ => None,
        })
        .collect();
    let sql = SQL.of(c);
    let list = json!(rows).to_string();
    Ok(on!(c, c => sqlx::query_scalar(sql).bind(&list).fetch_all(c)))
}

async fn upsert_calls<'a>(
    c: &mut Connection<'_>,
    calls: impl Iterator<Item = &'a Call>,
) -> Result<()> {
    macro_rules! sql {
        ($from:literal) => {
            concat!(
                "insert into calls (sid, change, evidence, direction, origin, agent_identity, from_number, to_number, status, reason,
                    started_at, answered_at, ended_at, duration_secs, child_sid, recording_status) ",
                $from,
                " on conflict (sid) do update set evidence = excluded.evidence, direction = excluded.direction, origin = excluded.origin,
                    agent_identity = excluded.agent_identity, from_number = excluded.from_number, to_number = excluded.to_number,
                    status = excluded.status, reason = excluded.reason, started_at = excluded.started_at,
                    answered_at = excluded.answered_at, ended_at = excluded.ended_at, duration_secs = excluded.duration_secs,
                    child_sid = excluded.child_sid, recording_status = excluded.recording_status"
            )
        };
    }
    const SQL: Text = Text {
        // `change` is unique: minus the row's place until `renumber` gives the number.
        sqlite: sql!("select json_extract(value, '$.sid'), -1 - key, json_extract(value, '$.evidence'), json_extract(value, '$.direction'),
            json_extract(value, '$.origin'), json_extract(value, '$.agent'), json_extract(value, '$.from'), json_extract(value, '$.to'),
            json_extract(value, '$.status'), json_extract(value, '$.reason'), json_extract(value, '$.started_at'),
            json_extract(value, '$.answered_at'), json_extract(value, '$.ended_at'), json_extract(value, '$.duration_secs'),
            json_extract(value, '$.child_sid'), json_extract(value, '$.recording_status') from json_each($1) where true"),
        postgres: sql!("select t.sid, -t.place, t.evidence, t.direction, t.origin, t.agent, t.from_number, t.to_number, t.status, t.reason,
            t.started_at, t.answered_at, t.ended_at, t.duration_secs, t.child_sid, t.recording_status
            from (select row_number() over () as place, r.sid, r.evidence, r.direction, r.origin, r.agent, r.\"from\" as from_number,
                r.\"to\" as to_number, r.status, r.reason, r.started_at, r.answered_at, r.ended_at, r.duration_secs, r.child_sid,
                r.recording_status from jsonb_to_recordset($1::jsonb) as r(sid text, evidence text, direction text, origin text,
                agent text, \"from\" text, \"to\" text, status text, reason text, started_at bigint, answered_at bigint, ended_at bigint,
                duration_secs bigint, child_sid text, recording_status text)) as t"),
    };
    let rows: Vec<_> = calls.map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = SQL.of(c);
    let list = json!(rows).to_string();
    on!(c, c => async { sqlx::query(sql).bind(&list).execute(c).await.map(drop) });
    Ok(())
}

fn row(call: &Call) -> serde_json::Value {
    let (evidence, outcome) = (&call.evidence, call.outcome());
    let text = |ranked: &Option<crate::domain::call::Ranked<String>>| {
        ranked.as_ref().map(|ranked| ranked.value.clone())
    };
    json!({
        "sid": call.sid, "evidence": json!(evidence).to_string(), "direction": outcome.direction,
        "origin": evidence.origin.as_ref().map(|origin| origin.value), "agent": text(&evidence.agent),
        "from": text(&evidence.from).unwrap_or_default(), "to": text(&evidence.to).unwrap_or_default(), "status": outcome.status,
        "reason": outcome.reason.and_then(as_word), "started_at": evidence.started_at(), "answered_at": outcome.answered_at,
        "ended_at": outcome.ended_at, "duration_secs": outcome.duration_secs, "child_sid": evidence.child_sid,
        "recording_status": evidence.recording,
    })
}

/// Gives every changed call its new number, and reads what people see of it.
async fn renumber(
    c: &mut Connection<'_>,
    changed: &BTreeSet<String>,
    number: &mut i64,
) -> Result<Vec<CallChange>> {
    const NUMBER: Text = Text {
        sqlite: "update calls set change = $2 + t.key + 1 from json_each($1) as t where calls.sid = t.value",
        postgres: "update calls set change = $2 + t.place from jsonb_array_elements_text($1::jsonb) with ordinality as t(value, place)
            where calls.sid = t.value",
    };
    const VIEWS: Text = Text {
        sqlite: select_views!("where c.sid in (select value from json_each($1)) order by c.change"),
        postgres: select_views!(
            "where c.sid in (select value from jsonb_array_elements_text($1::jsonb) as t(value)) order by c.change"
        ),
    };
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let list = json!(changed).to_string();
    let (sql, after) = (NUMBER.of(c), *number);
    on!(c, c => async { sqlx::query(sql).bind(&list).bind(after).execute(c).await.map(drop) });
    *number += changed.len() as i64;
    let sql = VIEWS.of(c);
    let rows: Vec<ViewRow> = on!(c, c => sqlx::query_as(sql).bind(&list).fetch_all(c));
    rows.into_iter().map(CallChange::try_from).collect()
}
