//! Whose browser calls: every request for TwiML asks, while an agent waits. All who ask at once are answered by one statement, since each
//! statement costs a journey to the connection's thread and back, and hundreds of them at once mostly wait for each other.

use super::{Engine, Result, Store, StoreError, users::UserRow};
use crate::domain::user::User;
use sqlx::FromRow;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::{mpsc, oneshot};

const QUEUE: usize = 4096;
const BATCH: usize = 256;

/// A client identity, and who wants to know.
pub(super) struct Question {
    identity: String,
    reply: oneshot::Sender<Result<Option<User>>>,
}

/// Answers until nobody can ask any more.
pub(super) fn spawn(engine: Engine) -> mpsc::Sender<Question> {
    let (sender, mut queue) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut questions = Vec::new();
        while queue.recv_many(&mut questions, BATCH).await > 0 {
            let found = find(&engine, &questions).await;
            for Question { identity, reply } in questions.drain(..) {
                let answer = match &found {
                    Ok(users) => Ok(users.get(&identity).cloned()),
                    Err(error) => Err(error.clone()),
                };
                // Whoever asked may have gone.
                let _ = reply.send(answer);
            }
        }
    });
    sender
}

async fn find(engine: &Engine, questions: &[Question]) -> Result<HashMap<String, User>> {
    const SQLITE: &str = "select identity, id, email, name, role from users
        where disabled_at is null and identity in (select value from json_each($1))";
    const POSTGRES: &str = "select identity, id, email, name, role from users
        where disabled_at is null and identity in (select value from jsonb_array_elements_text($1::jsonb) as t(value))";
    #[derive(FromRow)]
    struct Row {
        identity: String,
        #[sqlx(flatten)]
        user: UserRow,
    }
    let identities: BTreeSet<&str> = questions
        .iter()
        .map(|question| question.identity.as_str())
        .collect();
    let list = serde_json::to_string(&identities)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let rows: Vec<Row> = match engine {
        Engine::Sqlite(pool) => sqlx::query_as(SQLITE).bind(&list).fetch_all(pool).await?,
        Engine::Postgres(pool, _) => sqlx::query_as(POSTGRES).bind(&list).fetch_all(pool).await?,
    };
    rows.into_iter()
        .map(|row| Ok((row.identity, row.user.try_into()?)))
        .collect()
}

impl Store {
    /// The user whose browser is `client:IDENTITY`, unless disabled.
    pub async fn user_by_identity(&self, identity: &str) -> Result<Option<User>> {
        let (reply, answer) = oneshot::channel();
        let question = Question {
            identity: identity.to_owned(),
            reply,
        };
        self.callers
            .send(question)
            .await
            .map_err(|_| StoreError::Busy)?;
        answer.await.unwrap_or(Err(StoreError::Busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::DatabaseUrl;
    use std::time::Duration;

    #[tokio::test]
    async fn people_who_read_keep_no_caller_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let database = DatabaseUrl::Sqlite(folder.path().join("almasar.db"));
        let store = Store::open(&database).await.unwrap();
        let Engine::Sqlite(readers) = &store.engine else {
            panic!("another engine");
        };
        let mut all = Vec::new();
        for _ in 0..readers.options().get_max_connections() {
            all.push(readers.acquire().await.unwrap());
        }
        let asked = store.user_by_identity("user_of_nobody");
        let answered = tokio::time::timeout(Duration::from_secs(2), asked).await;
        assert!(answered.expect("an answer").unwrap().is_none());
    }
}
