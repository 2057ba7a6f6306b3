//! Users.

use super::{Result, Store, StoreError, args, read, value::storable};
use crate::domain::user::User;

/// A user as stored, with what only sign-in may see.
#[derive(Debug, Clone)]
pub struct StoredUser {
    pub user: User,
    /// PHC string
    pub password_hash: String,
    pub disabled: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: String,
    email: String,
    name: String,
    role: String,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;
    fn try_from(row: UserRow) -> Result<Self> {
        let role = row
            .role
            .parse()
            .map_err(|_| StoreError::Corrupt(format!("role {:?} of user {}", row.role, row.id)))?;
        Ok(Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role,
        })
    }
}

impl Store {
    pub async fn count_users(&self) -> Result<i64> {
        Ok(read!(self, pool => sqlx::query_scalar("select count(*) from users").fetch_one(pool)))
    }

    /// By e-mail address in lower case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<StoredUser>> {
        const SQL: &str =
            "select id, email, name, role, password_hash, disabled_at from users where email = $1";
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: UserRow,
            password_hash: String,
            disabled_at: Option<i64>,
        }
        let email = storable(email);
        let row: Option<Row> =
            read!(self, pool => sqlx::query_as(SQL).bind(&*email).fetch_optional(pool));
        row.map(|row| {
            Ok(StoredUser {
                user: row.user.try_into()?,
                password_hash: row.password_hash,
                disabled: row.disabled_at.is_some(),
            })
        })
        .transpose()
    }

    pub async fn user_by_id(&self, id: &str) -> Result<Option<User>> {
        const SQL: &str = "select id, email, name, role from users where id = $1";
        let row: Option<UserRow> =
            read!(self, pool => sqlx::query_as(SQL).bind(id).fetch_optional(pool));
        row.map(User::try_from).transpose()
    }

    /// Everybody, in the order they were added.
    pub async fn users(&self) -> Result<Vec<User>> {
        const SQL: &str = "select id, email, name, role from users order by created_at, id";
        let rows: Vec<UserRow> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool));
        rows.into_iter().map(User::try_from).collect()
    }

    /// Fails with [`StoreError::EmailTaken`] when there is one with this address.
    pub async fn insert_user(&self, user: &User, password_hash: &str, now: i64) -> Result<()> {
        const SQL: &str =
            "insert into users (id, email, name, role, password_hash, identity, created_at)
            values ($1, $2, $3, $4, $5, $6, $7) on conflict (email) do nothing";
        let args = args![
            &user.id,
            &user.email,
            &user.name,
            user.role.as_str(),
            password_hash,
            user.identity(),
            now
        ];
        match self.execute(SQL, args).await? {
            0 => Err(StoreError::EmailTaken),
            _ => Ok(()),
        }
    }
}
