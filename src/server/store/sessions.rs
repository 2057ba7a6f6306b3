//! Sessions, known by a hash of their token.

use super::{Result, Store, args, read, users::UserRow};
use crate::domain::user::User;

/// A session in use is marked as seen at most this often: reading pages should not write.
const TOUCH_EVERY_MS: i64 = 60_000;

impl Store {
    pub async fn insert_session(
        &self,
        id_hash: &str,
        user_id: &str,
        now: i64,
        expires_at: i64,
    ) -> Result<()> {
        const SQL: &str = "insert into sessions (id_hash, user_id, created_at, last_seen_at, expires_at) values ($1, $2, $3, $3, $4)";
        self.execute(SQL, args![id_hash, user_id, now, expires_at])
            .await
            .map(drop)
    }

    /// Whose session this is, if it has not ended, been idle for `idle_ms`, or its user been disabled.
    pub async fn session_user(
        &self,
        id_hash: &str,
        now: i64,
        idle_ms: i64,
    ) -> Result<Option<User>> {
        const SQL: &str = "select u.id, u.email, u.name, u.role, s.last_seen_at
            from sessions s join users u on u.id = s.user_id
            where s.id_hash = $1 and s.expires_at > $2 and s.last_seen_at > $3 and u.disabled_at is null";
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: UserRow,
            last_seen_at: i64,
        }
        let row: Option<Row> = read!(self, pool => sqlx::query_as(SQL).bind(id_hash).bind(now).bind(now - idle_ms).fetch_optional(pool));
        let Some(row) = row else { return Ok(None) };
        if now - row.last_seen_at >= TOUCH_EVERY_MS {
            // Not waited for: a page is not to be slow, or to fail, because this cannot be written.
            let (store, id_hash) = (self.clone(), id_hash.to_owned());
            tokio::spawn(async move {
                let touched = store.execute("update sessions set last_seen_at = $2 where id_hash = $1 and last_seen_at < $2", args![id_hash, now]);
                if let Err(error) = touched.await {
                    tracing::warn!(%error, "could not mark a session as seen");
                }
            });
        }
        row.user.try_into().map(Some)
    }

    pub async fn delete_session(&self, id_hash: &str) -> Result<()> {
        self.execute("delete from sessions where id_hash = $1", args![id_hash])
            .await
            .map(drop)
    }

    /// Sweeps away the sessions that have ended, by time or by idleness.
    pub async fn forget_sessions(&self, now: i64, idle_ms: i64) -> Result<()> {
        self.execute(
            "delete from sessions where expires_at <= $1 or last_seen_at <= $2",
            args![now, now - idle_ms],
        )
        .await
        .map(drop)
    }

    /// Signs a user out everywhere.
    pub async fn delete_sessions_of(&self, user_id: &str) -> Result<()> {
        self.execute("delete from sessions where user_id = $1", args![user_id])
            .await
            .map(drop)
    }
}
