//! Events in sets: append what is new, fold it into the calls it concerns, store those, number the changes. All in the writer's one
//! transaction, each table by one statement however many events there are.

mod rows;

use super::{
    Result, StoreError, attempts,
    changes::{CallChange, Changes, Told},
    connection::{Connection, Text, on},
    view::{ViewRow, select_views},
};
use crate::domain::{
    call::{Call, Change, Event, Evidence, Fact},
    sid::CallSid,
};
use rows::{Renumbered, append, renumber, upsert_calls, upsert_recordings};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The call as it is after an event, and whether the event was new.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub call: Call,
    pub new: bool,
}

/// What one transaction took in.
pub(super) struct TakenIn {
    /// For each event, in order.
    pub recorded: Vec<Recorded>,
    /// The last change number that is given away.
    pub upto: i64,
}

/// A call, and the number of its last change; 0 before it is stored.
#[derive(Clone)]
pub(super) struct Known {
    pub call: Call,
    pub change: i64,
}

impl Known {
    pub fn new(sid: CallSid) -> Self {
        Self {
            call: Call::new(sid),
            change: 0,
        }
    }

    /// From a row of `sid`, `change` and `evidence`.
    pub fn read((sid, change, evidence): (String, i64, String)) -> Result<Self> {
        let corrupt = || StoreError::Corrupt(format!("evidence of call {sid}"));
        let evidence: Evidence = serde_json::from_str(&evidence).map_err(|_| corrupt())?;
        let sid = CallSid::parse(&sid).map_err(|_| corrupt())?;
        Ok(Self {
            call: Call { sid, evidence },
            change,
        })
    }
}

/// Takes in a set of events, and gives new change numbers to the calls of `touched` besides.
pub(super) async fn take_in(
    mut connection: Connection<'_>,
    events: &[Event],
    touched: &BTreeSet<String>,
) -> Result<TakenIn> {
    let c = &mut connection;
    // A number for each event, and one for the call that it changes.
    let count = (2 * events.len() + touched.len()) as i64;
    // First, since on PostgreSQL this row's lock makes other servers wait until we have committed.
    let upto = allocate(c, count).await?;
    let mut number = upto - count;
    let mut recorded = Vec::with_capacity(events.len());
    // Nearly always all of them at once: which call an event is about is known but for what a browser reports.
    for set in events.chunk_by(|one, next| !attempts::seeks(one) && !attempts::seeks(next)) {
        recorded.append(&mut take_in_set(c, set, &mut number).await?);
    }
    let touched = touched.iter().map(|sid| {
        number += 1;
        Renumbered { sid, number }
    });
    renumber(c, &touched.collect::<Vec<_>>()).await?;
    Ok(TakenIn { recorded, upto })
}

/// One set of events, each table by one statement.
async fn take_in_set(
    c: &mut Connection<'_>,
    events: &[Event],
    number: &mut i64,
) -> Result<Vec<Recorded>> {
    let sids = events.iter().flat_map(attempts::sids).collect();
    let mut calls = load(c, &sids).await?;
    let attempts::Settled { events, joined } = attempts::settle(c, events, &mut calls).await?;
    let new = append(c, &events, *number).await?;
    *number += events.len() as i64;

    let mut changed: BTreeSet<&str> = joined.iter().map(CallSid::as_str).collect();
    let mut stale = changed.clone();
    let mut recordings = BTreeMap::new();
    for (event, is_new) in events.iter().zip(&new) {
        let known = calls
            .entry(event.call.clone())
            .or_insert_with(|| Known::new(event.call.clone()));
        if !is_new {
            continue;
        }
        if let Some(change) = known.call.apply(event) {
            stale.insert(event.call.as_str());
            if change == Change::Visible {
                changed.insert(event.call.as_str());
            }
        }
        keep_recording(&mut recordings, event);
    }
    let recorded_anew = upsert_recordings(c, recordings, &calls).await?;
    changed.extend(recorded_anew.iter().map(String::as_str));

    // What is written anyway takes its number along.
    let mut others = Vec::new();
    for &sid in &changed {
        *number += 1;
        let number = *number;
        match calls.get_mut(sid).filter(|_| stale.contains(sid)) {
            Some(known) => known.change = number,
            None => others.push(Renumbered { sid, number }),
        }
    }
    upsert_calls(c, stale.iter().filter_map(|sid| calls.get(*sid))).await?;
    renumber(c, &others).await?;

    let recorded = events.iter().zip(new).filter_map(|(event, new)| {
        Some(Recorded {
            call: calls.get(&event.call)?.call.clone(),
            new,
        })
    });
    Ok(recorded.collect())
}

/// What has changed since what was told, by us or by other processes: all of it is committed, up to the number that comes with it.
pub(super) async fn changes(mut connection: Connection<'_>, told: &Told) -> Result<Changes> {
    const NEWEST: &str = "select value from counters where name = 'change'";
    const SQL: &str = select_views!("where c.change > $1 and c.change <= $2 order by c.change");
    let c = &mut connection;
    let upto: i64 = on!(c, c => sqlx::query_scalar(NEWEST).fetch_one(c));
    let after = told.upto();
    // Whoever begins to listen from now on reads the database first and finds it there: where nobody listens yet, nothing is read.
    if upto <= after || !told.is_heard() {
        return Ok(Changes {
            list: Vec::new(),
            upto,
        });
    }
    let rows: Vec<ViewRow> = on!(c, c => sqlx::query_as(SQL).bind(after).bind(upto).fetch_all(c));
    let list = rows
        .into_iter()
        .map(CallChange::try_from)
        .collect::<Result<_>>()?;
    Ok(Changes { list, upto })
}

/// Reserves `count` numbers and returns the last one of them.
async fn allocate(c: &mut Connection<'_>, count: i64) -> Result<i64> {
    macro_rules! sql {
        () => {
            "update counters set value = value + $1 where name = 'change' returning value"
        };
    }
    const SQL: Text = Text {
        sqlite: sql!(),
        // And tells other servers, once this is committed.
        postgres: concat!(
            "with given as (",
            sql!(),
            ") select value from given, pg_notify('almasar_changes', given.value::text)"
        ),
    };
    let sql = SQL.of(c);
    Ok(on!(c, c => sqlx::query_scalar(sql).bind(count).fetch_one(c)))
}

async fn load(c: &mut Connection<'_>, sids: &BTreeSet<&str>) -> Result<HashMap<CallSid, Known>> {
    const SQL: Text = Text {
        sqlite: "select sid, change, evidence from calls where sid in (select value from json_each($1))",
        postgres: "select sid, change, evidence from calls where sid in (select value from jsonb_array_elements_text($1::jsonb) as t(value))",
    };
    let (sql, list) = (SQL.of(c), json(sids)?);
    let rows: Vec<_> = on!(c, c => sqlx::query_as(sql).bind(&list).fetch_all(c));
    rows.into_iter()
        .map(|row| Known::read(row).map(|known| (known.call.sid.clone(), known)))
        .collect()
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

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
