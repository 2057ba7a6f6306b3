//! The rows behind the list: what a change does to them. Only the row that changed is drawn again.

use crate::{
    components::when::{Day, Zone},
    domain::{sid::CallSid, view::CallView},
};
use leptos::prelude::*;

/// One row.
#[derive(Debug, Clone)]
pub struct Entry {
    pub sid: CallSid,
    pub day: Day,
    /// Came while the page was open.
    pub arrived: bool,
    pub call: ArcRwSignal<CallView>,
}

impl Entry {
    fn new(call: CallView, zone: &Zone, arrived: bool) -> Self {
        let day = zone
            .local(&call.started_at)
            .map_or_else(|| zone.today(), |local| local.day);
        Self {
            sid: call.sid.clone(),
            day,
            arrived,
            call: ArcRwSignal::new(call),
        }
    }

    fn started_at(&self) -> String {
        self.call.with_untracked(|call| call.started_at.clone())
    }
}

/// The rows, newest first.
#[derive(Debug, Clone, Copy)]
pub struct Entries(RwSignal<Vec<Entry>>);

impl Entries {
    pub fn new(calls: Vec<CallView>, zone: &Zone) -> Self {
        Self(RwSignal::new(
            calls
                .into_iter()
                .map(|call| Entry::new(call, zone, false))
                .collect(),
        ))
    }

    pub fn replace(self, calls: Vec<CallView>, zone: &Zone) {
        let kept: Vec<CallSid> = calls.iter().map(|call| call.sid.clone()).collect();
        self.0
            .update(|entries| entries.retain(|entry| kept.contains(&entry.sid)));
        calls
            .into_iter()
            .for_each(|call| self.apply(call, zone, true));
    }

    /// The call as it now is: a new row where `may_add`, else a change of the row that it has.
    pub fn apply(self, call: CallView, zone: &Zone, may_add: bool) {
        let known = self
            .0
            .with_untracked(|entries| entries.iter().find(|entry| entry.sid == call.sid).cloned());
        match known {
            Some(entry) if entry.started_at() == call.started_at => entry.call.set(call),
            // An earlier start became known: the row may belong elsewhere.
            Some(entry) => {
                let moved = Entry {
                    day: Entry::new(call.clone(), zone, false).day,
                    ..entry
                };
                moved.call.set(call);
                self.0.update(|entries| {
                    entries.retain(|entry| entry.sid != moved.sid);
                    insert(entries, moved);
                });
            }
            None if may_add => self
                .0
                .update(|entries| insert(entries, Entry::new(call, zone, true))),
            None => {}
        }
    }

    pub fn is_empty(self) -> bool {
        self.0.with(Vec::is_empty)
    }

    /// The days that have calls, newest first.
    pub fn days(self) -> Vec<Day> {
        let mut days: Vec<Day> = self
            .0
            .with(|entries| entries.iter().map(|entry| entry.day).collect());
        days.dedup();
        days
    }

    pub fn of(self, day: Day) -> Vec<Entry> {
        self.0.with(|entries| {
            entries
                .iter()
                .filter(|entry| entry.day == day)
                .cloned()
                .collect()
        })
    }
}

/// RFC 3339 in UTC sorts as text, as long as all have the same form.
fn insert(entries: &mut Vec<Entry>, entry: Entry) {
    let started_at = entry.started_at();
    let at = entries.partition_point(|other| other.started_at() > started_at);
    entries.insert(at, entry);
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::domain::call::{Direction, Status};

    fn call(n: u32, started_at: &str, status: Status) -> CallView {
        CallView {
            sid: CallSid::parse(&format!("CA{n:032x}")).expect("is a SID"),
            direction: Direction::Outbound,
            agent: None,
            from: String::new(),
            to: "+966569705616".into(),
            status,
            started_at: started_at.into(),
            answered_at: None,
            ended_at: None,
            duration_secs: None,
            child_sid: None,
            recording: None,
            reason: None,
            cause: None,
        }
    }

    /// Signals live as long as what owns them.
    fn owner() -> Owner {
        let owner = Owner::new();
        owner.set();
        owner
    }

    fn shown(entries: Entries) -> Vec<(u8, &'static str)> {
        entries.0.with_untracked(|all| {
            all.iter()
                .map(|e| (e.day.day, e.call.with_untracked(|c| c.status.as_str())))
                .collect()
        })
    }

    #[test]
    fn a_change_touches_its_row_alone_and_a_new_call_comes_first() {
        let _owner = owner();
        let zone = Zone::new("Asia/Riyadh");
        let entries = Entries::new(
            vec![call(1, "2026-11-22T09:00:00.000Z", Status::Ringing)],
            &zone,
        );
        entries.apply(
            call(2, "2026-11-22T22:00:00.000Z", Status::Initiated),
            &zone,
            true,
        );
        entries.apply(
            call(1, "2026-11-22T09:00:00.000Z", Status::Completed),
            &zone,
            true,
        );
        assert_eq!(shown(entries), [(23, "initiated"), (22, "completed")]);
        assert_eq!(entries.days().len(), 2);
    }

    #[test]
    fn a_page_of_older_calls_takes_no_new_ones() {
        let _owner = owner();
        let zone = Zone::new("UTC");
        let entries = Entries::new(vec![], &zone);
        entries.apply(
            call(1, "2026-11-22T09:00:00.000Z", Status::Ringing),
            &zone,
            false,
        );
        assert!(entries.is_empty());
    }

    #[test]
    fn a_start_that_turns_out_earlier_moves_the_row() {
        let _owner = owner();
        let zone = Zone::new("UTC");
        let calls = vec![
            call(2, "2026-11-22T10:00:00.000Z", Status::Busy),
            call(1, "2026-11-22T09:00:00.000Z", Status::Ringing),
        ];
        let entries = Entries::new(calls, &zone);
        entries.apply(
            call(2, "2026-11-21T08:00:00.000Z", Status::Busy),
            &zone,
            true,
        );
        assert_eq!(shown(entries), [(22, "ringing"), (21, "busy")]);
    }

    #[test]
    fn a_reset_drops_what_is_gone_and_keeps_the_rest() {
        let _owner = owner();
        let zone = Zone::new("UTC");
        let entries = Entries::new(
            vec![call(1, "2026-11-22T09:00:00.000Z", Status::Ringing)],
            &zone,
        );
        entries.replace(
            vec![
                call(3, "2026-11-22T11:00:00.000Z", Status::Busy),
                call(2, "2026-11-22T10:00:00.000Z", Status::Failed),
            ],
            &zone,
        );
        assert_eq!(shown(entries), [(22, "busy"), (22, "failed")]);
    }
}
