//! What the doctor leaves: the nonces of echoes that came through, and the record of what was mended.

use super::{Result, Store, args, read};
use crate::domain::sid::CallSid;

/// A nonce that nobody asked for is swept away after this time.
const FORGOTTEN_MS: i64 = 60 * 60 * 1000;

/// Who changed what at Twilio.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredMend {
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// A user's e-mail address, or `command line`.
    pub who: String,
    pub application_sid: String,
    /// JSON: field → value.
    pub before: String,
    pub after: String,
}

impl Store {
    /// A signed echo with this nonce arrived.
    pub async fn insert_echo(&self, nonce: &str, now: i64) -> Result<()> {
        self.execute(
            "delete from echoes where at < $1",
            args![now - FORGOTTEN_MS],
        )
        .await?;
        const SQL: &str =
            "insert into echoes (nonce, at) values ($1, $2) on conflict (nonce) do nothing";
        self.execute(SQL, args![nonce, now]).await.map(drop)
    }

    /// Whether an echo with this nonce has arrived; it is forgotten then.
    pub async fn take_echo(&self, nonce: &str) -> Result<bool> {
        self.execute("delete from echoes where nonce = $1", args![nonce])
            .await
            .map(|gone| gone > 0)
    }

    /// Has anything been reported of this leg?
    pub async fn knows_leg(&self, sid: &CallSid) -> Result<bool> {
        const SQL: &str = "select count(*) from events where leg_sid = $1";
        let count: i64 =
            read!(self, pool => sqlx::query_scalar(SQL).bind(sid.as_str()).fetch_one(pool));
        Ok(count > 0)
    }

    pub async fn insert_mend(&self, mend: &StoredMend) -> Result<()> {
        const SQL: &str = "insert into mends (id, at, who, application_sid, before, after) values ($1, $2, $3, $4, $5, $6)";
        let args = args![
            &mend.id,
            mend.at,
            &mend.who,
            &mend.application_sid,
            &mend.before,
            &mend.after
        ];
        self.execute(SQL, args).await.map(drop)
    }

    /// The newest first.
    pub async fn mends(&self, limit: i64) -> Result<Vec<StoredMend>> {
        const SQL: &str = "select id, at, who, application_sid, before, after from mends order by at desc, id desc limit $1";
        Ok(read!(self, pool => sqlx::query_as(SQL).bind(limit).fetch_all(pool)))
    }
}
