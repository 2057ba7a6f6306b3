//! Recordings: which are to be fetched, where they lie, which are missing.

use super::{Engine, Result, Store, args, read};
use crate::domain::sid::{CallSid, RecordingSid};
use sqlx::FromRow;

/// A recording as stored, with whose call it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredRecording {
    pub sid: String,
    pub call_sid: String,
    pub status: String,
    /// The identity of the agent whose call it is.
    pub agent_identity: Option<String>,
    /// 1 or 2.
    pub agent_channel: Option<i64>,
    pub started_at: Option<i64>,
    pub created_at: i64,
    pub archived_at: Option<i64>,
    /// Where in the archive.
    pub object_key: Option<String>,
    pub size: Option<i64>,
    /// Lower-case hexadecimal.
    pub sha256: Option<String>,
    /// JSON: loudness, 0 to 255, per channel.
    pub waveform: Option<String>,
    pub attempts: i64,
}

/// What archiving a recording found out about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    pub object_key: String,
    pub content_type: &'static str,
    pub size: i64,
    pub sha256: String,
    pub waveform: Option<String>,
}

/// A recording that Twilio lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecording {
    pub sid: RecordingSid,
    pub call_sid: CallSid,
    pub status: &'static str,
    pub duration_secs: Option<i64>,
    pub channels: Option<i64>,
    pub source: Option<String>,
    pub started_at: Option<i64>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select r.sid, r.call_sid, r.status, c.agent_identity, r.agent_channel, r.started_at, r.created_at, r.archived_at, \
             r.object_key, r.size, r.sha256, r.waveform, r.attempts from recordings r left join calls c on c.sid = r.call_sid ",
            $rest
        )
    };
}

impl Store {
    /// The recording of a call: the one that can be played, if there are several.
    pub async fn recording_of_call(&self, call: &CallSid) -> Result<Option<StoredRecording>> {
        const SQL: &str = select!(
            "where r.call_sid = $1 order by case when r.archived_at is not null then 0 when r.status = 'completed' then 1 else 2 end, \
             r.created_at desc, r.sid limit 1"
        );
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(call.as_str()).fetch_optional(pool)))
    }

    /// Those whose audio is to be fetched now, the longest waiting first.
    pub async fn recordings_due(&self, now: i64, limit: i64) -> Result<Vec<StoredRecording>> {
        const SQL: &str = select!(
            "where r.archived_at is null and r.status = 'completed' and coalesce(r.next_attempt_at, 0) <= $1 \
             order by coalesce(r.next_attempt_at, 0), r.created_at, r.sid limit $2"
        );
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(pool)))
    }

    /// When the next one is due, if any is waiting.
    pub async fn next_recording_due(&self) -> Result<Option<i64>> {
        const SQL: &str = "select min(coalesce(next_attempt_at, 0)) from recordings where archived_at is null and status = 'completed'";
        Ok(read!(self, pool => sqlx::query_scalar::<_, Option<i64>>(SQL).fetch_one(pool)))
    }

    /// Takes a recording for one attempt, until `lease`. False when another server has taken it.
    pub async fn claim_recording(&self, sid: &str, now: i64, lease: i64) -> Result<bool> {
        const SQL: &str = "update recordings set attempts = attempts + 1, next_attempt_at = $3 \
            where sid = $1 and archived_at is null and coalesce(next_attempt_at, 0) <= $2";
        Ok(self.execute(SQL, args![sid, now, lease]).await? > 0)
    }

    /// Keeps a taken recording for longer. False when the lease has run out meanwhile and another server has taken it.
    pub async fn renew_recording(&self, sid: &str, lease: i64, longer: i64) -> Result<bool> {
        const SQL: &str = "update recordings set next_attempt_at = $3 where sid = $1 and next_attempt_at = $2 and archived_at is null";
        Ok(self.execute(SQL, args![sid, lease, longer]).await? > 0)
    }

    /// Gives a taken recording back untried: it is due at once, for whoever comes.
    pub async fn release_recording(&self, sid: &str, lease: i64) -> Result<()> {
        const SQL: &str = "update recordings set attempts = attempts - 1, next_attempt_at = null \
            where sid = $1 and next_attempt_at = $2 and archived_at is null";
        self.execute(SQL, args![sid, lease]).await.map(drop)
    }

    /// Forgets who was fetching what: after a restart all that waits is due. On PostgreSQL another server may be at it: there a lease is
    /// left to run out.
    pub async fn release_recordings(&self) -> Result<()> {
        if matches!(self.engine, Engine::Postgres(..)) {
            return Ok(());
        }
        const SQL: &str = "update recordings set next_attempt_at = null where archived_at is null and status = 'completed' and next_attempt_at is not null";
        self.execute(SQL, args![]).await.map(drop)
    }

    /// In one statement, so that a recording is archived wholly or not at all.
    pub async fn recording_archived(&self, sid: &str, archived: &Archived, now: i64) -> Result<()> {
        const SQL: &str = "update recordings set archived_at = $2, object_key = $3, content_type = $4, size = $5, sha256 = $6, \
            waveform = $7, last_error = null, next_attempt_at = null where sid = $1 and archived_at is null";
        let a = archived;
        self.execute(
            SQL,
            args![
                sid,
                now,
                &a.object_key,
                a.content_type,
                a.size,
                &a.sha256,
                &a.waveform
            ],
        )
        .await
        .map(drop)
    }

    /// It is tried again at `next_attempt_at`.
    pub async fn recording_delayed(
        &self,
        sid: &str,
        error: &str,
        next_attempt_at: i64,
    ) -> Result<()> {
        const SQL: &str = "update recordings set last_error = $2, next_attempt_at = $3 where sid = $1 and archived_at is null";
        self.execute(SQL, args![sid, error, next_attempt_at])
            .await
            .map(drop)
    }

    /// As [`Store::recording_delayed`], but the attempt does not count: it failed by our own archive.
    pub async fn recording_kept_waiting(
        &self,
        sid: &str,
        error: &str,
        next_attempt_at: i64,
    ) -> Result<()> {
        const SQL: &str = "update recordings set attempts = attempts - 1, last_error = $2, next_attempt_at = $3 \
            where sid = $1 and archived_at is null";
        self.execute(SQL, args![sid, error, next_attempt_at])
            .await
            .map(drop)
    }

    /// It is not tried again, unless somebody presses Fetch Recordings and Twilio has it.
    pub async fn recording_failed(&self, sid: &str, error: &str) -> Result<()> {
        const SQL: &str = "update recordings set status = 'failed', last_error = $2, next_attempt_at = null where sid = $1 and archived_at is null";
        self.execute(SQL, args![sid, error]).await.map(drop)
    }

    /// The audio is gone, here and at Twilio; the row stays, so that nobody looks for it again.
    pub async fn recording_deleted(&self, sid: &str) -> Result<()> {
        const SQL: &str = "update recordings set status = 'deleted', archived_at = null, object_key = null, size = null, sha256 = null, \
            waveform = null, next_attempt_at = null where sid = $1";
        self.execute(SQL, args![sid]).await.map(drop)
    }

    /// Recordings from before that time whose audio still is somewhere.
    /// Whose audio is older than that, the oldest first, without the first `skipped`.
    pub async fn recordings_older_than(
        &self,
        before: i64,
        skipped: i64,
        limit: i64,
    ) -> Result<Vec<StoredRecording>> {
        const SQL: &str = select!(
            "where coalesce(r.started_at, r.created_at) < $1 and (r.archived_at is not null or r.status = 'completed') \
             order by coalesce(r.started_at, r.created_at), r.sid limit $2 offset $3"
        );
        Ok(
            read!(self, pool => sqlx::query_as(SQL).bind(before).bind(limit).bind(skipped).fetch_all(pool)),
        )
    }

    /// Those that are in the archive, by SID, after that one.
    pub async fn archived_recordings(
        &self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<StoredRecording>> {
        const SQL: &str =
            select!("where r.archived_at is not null and r.sid > $1 order by r.sid limit $2");
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(pool)))
    }

    /// How many are in the archive.
    pub async fn archived_count(&self) -> Result<i64> {
        const SQL: &str = "select count(*) from recordings where archived_at is not null";
        Ok(read!(self, pool => sqlx::query_scalar(SQL).fetch_one(pool)))
    }

    /// Is it in the archive?
    pub async fn is_archived(&self, sid: &str) -> Result<bool> {
        const SQL: &str =
            "select count(*) from recordings where sid = $1 and archived_at is not null";
        let count: i64 = read!(self, pool => sqlx::query_scalar(SQL).bind(sid).fetch_one(pool));
        Ok(count > 0)
    }

    /// Was its audio deleted?
    pub async fn is_deleted(&self, sid: &RecordingSid) -> Result<bool> {
        const SQL: &str = "select count(*) from recordings where sid = $1 and status = 'deleted'";
        let count: i64 =
            read!(self, pool => sqlx::query_scalar(SQL).bind(sid.as_str()).fetch_one(pool));
        Ok(count > 0)
    }

    /// Calls that were answered, or of which we never heard the end, and that have no recording yet; the newest first. `agent` narrows to one
    /// identity.
    pub async fn calls_without_recording(
        &self,
        agent: Option<&str>,
        limit: i64,
    ) -> Result<Vec<(String, i64)>> {
        const SQL: &str = "select c.sid, c.started_at from calls c where (c.answered_at is not null or c.ended_at is null) \
            and coalesce(c.recording_status, '') <> 'absent' \
            and ($1 is null or c.agent_identity = $1) and not exists (select 1 from recordings r where r.call_sid = c.sid \
            and r.status in ('completed', 'absent', 'deleted')) order by c.started_at desc, c.sid limit $2";
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(agent).bind(limit).fetch_all(pool)))
    }

    /// Is this a call of ours, and of that agent where one is named?
    pub async fn knows_call(&self, call: &CallSid, agent: Option<&str>) -> Result<bool> {
        const SQL: &str =
            "select count(*) from calls where sid = $1 and ($2 is null or agent_identity = $2)";
        let count: i64 = read!(self, pool => sqlx::query_scalar(SQL).bind(call.as_str()).bind(agent).fetch_one(pool));
        Ok(count > 0)
    }

    /// Stores what Twilio lists for a call of ours. True when that was news: a recording that we did not have, or a later state of one.
    pub async fn recording_found(&self, found: &FoundRecording, now: i64) -> Result<bool> {
        const SQL: &str = "insert into recordings (sid, call_sid, status, duration_secs, channels, agent_channel, source, started_at, created_at) \
            select $1, c.sid, $3, $4, $5, case when c.origin = 'page' then 1 else 2 end, $6, $7, $8 from calls c where c.sid = $2 \
            on conflict (sid) do update set status = excluded.status, duration_secs = excluded.duration_secs, channels = excluded.channels, \
            attempts = 0, next_attempt_at = null, last_error = null \
            where recordings.archived_at is null and recordings.status in ('in-progress', 'processing', 'failed') \
            and recordings.status <> excluded.status";
        let f = found;
        let args = args![
            f.sid.as_str(),
            f.call_sid.as_str(),
            f.status,
            f.duration_secs,
            f.channels,
            &f.source,
            f.started_at,
            now
        ];
        Ok(self.execute(SQL, args).await? > 0)
    }
}
