//! Which browsers can be rung: one row per user and tab, renewed by the page's heartbeat.

use super::{Result, Store, args, read};

/// Rows that nobody renewed for so long are swept away.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1000;

impl Store {
    pub async fn upsert_phone(&self, user_id: &str, tab: &str, now: i64) -> Result<()> {
        const SQL: &str = "insert into phones (user_id, tab, seen_at) values ($1, $2, $3)
            on conflict (user_id, tab) do update set seen_at = excluded.seen_at";
        self.execute(SQL, args![user_id, tab, now]).await.map(drop)
    }

    pub async fn drop_phone(&self, user_id: &str, tab: &str) -> Result<()> {
        self.execute(
            "delete from phones where user_id = $1 and tab = $2",
            args![user_id, tab],
        )
        .await
        .map(drop)
    }

    /// Has a phone of this user been heard of since then?
    pub async fn has_phone(&self, user_id: &str, since: i64) -> Result<bool> {
        const SQL: &str = "select count(*) from phones where user_id = $1 and seen_at >= $2";
        let count: i64 =
            read!(self, pool => sqlx::query_scalar(SQL).bind(user_id).bind(since).fetch_one(pool));
        Ok(count > 0)
    }

    /// Sweeps away the rows of browsers that went without a word.
    pub async fn forget_phones(&self, now: i64) -> Result<()> {
        self.execute(
            "delete from phones where seen_at < $1",
            args![now - FORGOTTEN_MS],
        )
        .await
        .map(drop)
    }
}
