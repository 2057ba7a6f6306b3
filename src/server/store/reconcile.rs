//! Reconciliation: of which calls Twilio is asked, and when; and all work that does not get on.

use super::{Result, Store, args, read};
use crate::domain::sid::CallSid;
use sqlx::FromRow;

/// Which calls are to be watched, and from when on. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// A call is asked about so long after it began, unless it has ended.
    pub after_start: i64,
    /// Its recording so long after it ended, unless it has come.
    pub after_end: i64,
    /// Recordings of calls that ended earlier are not missed.
    pub ended_since: i64,
    /// Are calls recorded?
    pub recorded: bool,
}

/// A watched call whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Watched {
    pub call_sid: String,
    /// How often Twilio was asked.
    pub asked: i64,
    /// How often in a row it did not answer.
    pub failures: i64,
    pub started_at: i64,
    pub answered_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// When something was last heard of it.
    pub heard_at: i64,
    /// 1 where it has ended, and Twilio can still say how.
    pub unsure: i64,
    /// Of how many recordings no more will be heard: they are there, or there is none.
    pub recordings: i64,
}

/// What waits, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromRow)]
pub struct Backlog {
    /// Calls of which Twilio has not said yet what became of them, although it was asked.
    pub calls: i64,
    /// Answered calls whose recording is missing.
    pub recordings: i64,
    /// When the question that waits longest was due.
    pub question_due_at: Option<i64>,
    /// Since when the audio that waits longest could have been fetched.
    pub audio_since: Option<i64>,
}

/// Work that does not get on by itself, for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StuckWork {
    /// `audio`: a recording that is not archived; `recording`: one that never came; `call`: one whose end is unknown.
    pub work: String,
    pub call_sid: String,
    pub since: i64,
    pub attempts: i64,
    pub last_error: Option<String>,
    /// When we ceased to try by ourselves.
    pub given_up: bool,
}

/// The number of recordings of call `c` that are settled. `recording_status` is that of one without a SID.
macro_rules! settled {
    () => {
        "((select count(*) from recordings r where r.call_sid = c.sid and r.status in ('completed', 'absent', 'failed', 'deleted')) \
         + case when c.recording_status in ('absent', 'failed') then 1 else 0 end)"
    };
}

impl Store {
    /// Watches what has changed after that change, up to and including this one. A call that is watched already stays as it is.
    pub async fn watch_changes(&self, after: i64, upto: i64, w: &Watch, now: i64) -> Result<u64> {
        const SQL: &str = concat!(
            "insert into reconciliations (call_sid, since, asked, failures, next_at) \
             select c.sid, cast($3 as bigint), 0, 0, \
             case when c.ended_at is null then c.started_at + cast($4 as bigint) else c.ended_at + cast($5 as bigint) end \
             from calls c where c.change > $1 and c.change <= $2 and (c.ended_at is null or c.unsure = 1 \
             or (cast($6 as bigint) = 1 and c.answered_at is not null and c.ended_at >= $7 and ",
            settled!(),
            " = 0)) on conflict (call_sid) do nothing"
        );
        let recorded = i64::from(w.recorded);
        self.execute(
            SQL,
            args![
                after,
                upto,
                now,
                w.after_start,
                w.after_end,
                recorded,
                w.ended_since
            ],
        )
        .await
    }

    /// The watched calls whose turn it is, the longest waiting first.
    pub async fn reconciliations_due(&self, now: i64, limit: i64) -> Result<Vec<Watched>> {
        const SQL: &str = concat!(
            "select k.call_sid, k.asked, k.failures, c.started_at, c.answered_at, c.ended_at, coalesce(c.unsure, 0) as unsure, \
             coalesce((select max(e.at) from events e where e.call_sid = c.sid), c.started_at) as heard_at, ",
            settled!(),
            " as recordings from reconciliations k join calls c on c.sid = k.call_sid \
             where k.next_at <= $1 order by k.next_at, k.call_sid limit $2"
        );
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(pool)))
    }

    /// Takes a call for one question; whatever becomes of us, it is not asked about again before `next_at`. False when another server has taken it.
    pub async fn claim_reconciliation(
        &self,
        call: &CallSid,
        now: i64,
        next_at: i64,
    ) -> Result<bool> {
        const SQL: &str = "update reconciliations set asked = asked + 1, next_at = $3 where call_sid = $1 and next_at <= $2";
        let taken = self
            .execute(SQL, args![call.as_str(), now, next_at])
            .await?;
        Ok(taken > 0)
    }

    /// Its next turn is at `next_at`. An `error` is one more failure in a row; none is the end of the row.
    pub async fn reconciliation_delayed(
        &self,
        call: &str,
        error: Option<&str>,
        next_at: i64,
    ) -> Result<()> {
        const SQL: &str = "update reconciliations set next_at = $3, last_error = $2, \
            failures = case when cast($2 as text) is null then 0 else failures + 1 end where call_sid = $1";
        self.execute(SQL, args![call, error, next_at])
            .await
            .map(drop)
    }

    /// Nothing more is to be asked about it.
    pub async fn reconciliation_done(&self, call: &str) -> Result<()> {
        self.execute(
            "delete from reconciliations where call_sid = $1",
            args![call],
        )
        .await
        .map(drop)
    }

    /// Nothing more is asked about it, and this is why.
    pub async fn reconciliation_given_up(&self, call: &str, reason: &str, now: i64) -> Result<()> {
        const SQL: &str = "update reconciliations set next_at = null, given_up_at = $3, last_error = $2 where call_sid = $1";
        self.execute(SQL, args![call, reason, now]).await.map(drop)
    }

    /// What was given up before that time is of no interest any more.
    pub async fn forget_reconciliations(&self, before: i64) -> Result<()> {
        const SQL: &str = "delete from reconciliations where given_up_at < $1";
        self.execute(SQL, args![before]).await.map(drop)
    }

    /// What waits. A recording is missing when its call ended before `ended_before`.
    pub async fn backlog(&self, ended_before: i64) -> Result<Backlog> {
        const SQL: &str = concat!(
            "select (select count(*) from reconciliations k join calls c on c.sid = k.call_sid \
             where c.ended_at is null and k.failures > 0) as calls, \
             (select count(*) from reconciliations k join calls c on c.sid = k.call_sid \
             where c.ended_at < $1 and c.answered_at is not null and k.given_up_at is null and ",
            settled!(),
            " = 0) as recordings, (select min(next_at) from reconciliations) as question_due_at, \
             (select min(created_at) from recordings where archived_at is null and status = 'completed') as audio_since"
        );
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(ended_before).fetch_one(pool)))
    }

    /// What has waited since before `patience` or was given up after `given_up_since`, the oldest first.
    pub async fn stuck_work(
        &self,
        patience: i64,
        given_up_since: i64,
        limit: i64,
    ) -> Result<Vec<StuckWork>> {
        const SQL: &str = concat!(
            "select 'audio' as work, r.call_sid, r.created_at as since, r.attempts, r.last_error, r.status = 'failed' as given_up \
             from recordings r where r.archived_at is null \
             and ((r.status = 'completed' and r.created_at < $1) or (r.status = 'failed' and r.created_at >= $2)) \
             union all \
             select case when c.answered_at is null or c.ended_at is null then 'call' else 'recording' end, k.call_sid, k.since, k.asked, k.last_error, \
             k.given_up_at is not null from reconciliations k join calls c on c.sid = k.call_sid \
             where (k.given_up_at >= $2 or (k.failures > 0 and k.since < $1)) and (c.ended_at is null or ",
            settled!(),
            " = 0) order by 3 limit $3"
        );
        Ok(
            read!(self, pool => sqlx::query_as(SQL).bind(patience).bind(given_up_since).bind(limit).fetch_all(pool)),
        )
    }
}
