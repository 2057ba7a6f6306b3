//! Settings: single values that the installation keeps for itself.

use super::{Result, Store, args, read};

/// Where servers on PostgreSQL keep what signs session cookies.
pub const SESSION_SECRET: &str = "session_secret";

impl Store {
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        const SQL: &str = "select value from settings where name = $1";
        Ok(read!(self, pool => sqlx::query_scalar(SQL).bind(name).fetch_optional(pool)))
    }

    /// The stored value; `value` if there was none, which then is stored. Servers that ask at once get the same.
    pub async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String> {
        const SQL: &str =
            "insert into settings (name, value) values ($1, $2) on conflict (name) do nothing";
        self.execute(SQL, args![name, value]).await?;
        Ok(self
            .setting(name)
            .await?
            .unwrap_or_else(|| value.to_owned()))
    }

    pub async fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        const SQL: &str = "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
        self.execute(SQL, args![name, value]).await.map(drop)
    }

    /// The value, which is then gone.
    pub async fn take_setting(&self, name: &str) -> Result<Option<String>> {
        let value = self.setting(name).await?;
        let taken = self
            .execute("delete from settings where name = $1", args![name])
            .await?;
        Ok(value.filter(|_| taken > 0))
    }
}
