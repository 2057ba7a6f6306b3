//! The database itself.

use crate::support::{TestDatabase, call_sid};
use almasar::{
    domain::{
        call::{Direct, Event, Fact, Leg, Side, Status},
        user::{Role, User},
    },
    server::{
        config::DatabaseUrl,
        store::{Store, StoreError},
    },
};
use std::os::unix::fs::PermissionsExt;

const NOW: i64 = 1_700_000_000_000;

fn user(n: u32) -> User {
    User {
        id: format!("u{n}"),
        email: format!("u{n}@example.com"),
        name: format!("u{n}"),
        role: Role::Agent,
    }
}

fn placed(n: u32) -> Event {
    let direct = Direct {
        agent: Some(user(1).identity()),
        from: "+15005550006".into(),
        to: "+966569705616".into(),
        attempt: None,
    };
    Event::ours(&call_sid(n), Fact::Placed(direct), NOW + i64::from(n))
}

fn ended(n: u32) -> Event {
    let none = String::new;
    let leg = Leg {
        side: Side::Parent,
        status: Some(Status::Completed),
        duration_secs: None,
        from: none(),
        to: none(),
        direction: none(),
    };
    Event {
        key: "1:completed".into(),
        ..Event::ours(&call_sid(n), Fact::Leg(leg), NOW + 60_000)
    }
}

#[tokio::test]
async fn the_database_is_for_our_eyes_only_and_outlives_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/folder/almasar.db");
    let url = DatabaseUrl::Sqlite(path.clone());
    let store = Store::open(&url).await.unwrap();
    store.insert_user(&user(1), "hash", NOW).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("almasar.db-wal")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    store.close().await;
    assert!(store.insert_user(&user(2), "hash", NOW).await.is_err());
    let store = Store::open(&url).await.unwrap();
    assert_eq!(store.users().await.unwrap(), [user(1)]);
}

async fn open() -> (Store, TestDatabase, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path()).await;
    let store = Store::open(&database.config()).await.unwrap();
    (store, database, dir)
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let (store, _database, _dir) = open().await;
    store.insert_user(&user(1), "hash", NOW).await.unwrap();
    let again = User {
        id: "other".into(),
        ..user(1)
    };
    assert!(matches!(
        store.insert_user(&again, "hash", NOW).await,
        Err(StoreError::EmailTaken)
    ));
    assert_eq!(
        store.user_by_identity("user_u1").await.unwrap(),
        Some(user(1))
    );
    assert_eq!(
        store
            .user_by_email("u1@example.com")
            .await
            .unwrap()
            .unwrap()
            .password_hash,
        "hash"
    );
}

#[tokio::test]
async fn all_who_ask_at_once_whose_browser_calls_get_their_own_answer() {
    let (store, _database, _dir) = open().await;
    for n in 1..=3 {
        store.insert_user(&user(n), "hash", NOW).await.unwrap();
    }
    let asked = (0..600).map(|n| {
        let store = &store;
        async move { store.user_by_identity(&format!("user_u{}", n % 5)).await }
    });
    let answers = futures::future::join_all(asked).await;
    for (n, answer) in (0..).zip(answers) {
        let known = (1..=3).contains(&(n % 5)).then(|| user(n % 5));
        assert_eq!(answer.unwrap(), known, "{n}");
    }
    assert_eq!(store.user_by_identity("\"'").await.unwrap(), None);
}

#[tokio::test]
async fn a_session_ends_by_time_idleness_or_hand() {
    let (store, _database, _dir) = open().await;
    store.insert_user(&user(1), "hash", NOW).await.unwrap();
    store
        .insert_session("s", "u1", NOW, NOW + 10_000)
        .await
        .unwrap();
    assert_eq!(
        store.session_user("s", NOW + 1, 5000).await.unwrap(),
        Some(user(1))
    );
    assert_eq!(
        store.session_user("s", NOW + 5000, 5000).await.unwrap(),
        None,
        "idle"
    );
    assert_eq!(
        store.session_user("s", NOW + 10_000, 50_000).await.unwrap(),
        None,
        "too old"
    );
    store.delete_session("s").await.unwrap();
    assert_eq!(store.session_user("s", NOW + 1, 5000).await.unwrap(), None);
    assert!(
        store
            .insert_session("t", "nobody", NOW, NOW + 1)
            .await
            .is_err(),
        "a session is somebody's"
    );
}

#[tokio::test]
async fn a_setting_is_made_once_and_taken_once() {
    let (store, _database, _dir) = open().await;
    assert_eq!(store.setting_or_insert("a", "1").await.unwrap(), "1");
    assert_eq!(store.setting_or_insert("a", "2").await.unwrap(), "1");
    store.set_setting("a", "3").await.unwrap();
    assert_eq!(store.take_setting("a").await.unwrap().as_deref(), Some("3"));
    assert_eq!(store.take_setting("a").await.unwrap(), None);
}

#[tokio::test]
async fn many_events_at_once_are_all_kept_and_told_in_order() {
    let (store, _database, _dir) = open().await;
    store.insert_user(&user(1), "hash", NOW).await.unwrap();
    let mut changes = store.changes();
    let events = (0..300).flat_map(|n| [ended(n), placed(n), placed(n)]);
    let recorded = futures::future::join_all(events.map(|event| store.record(event))).await;
    assert_eq!(
        recorded
            .into_iter()
            .filter(|recorded| recorded.as_ref().unwrap().new)
            .count(),
        600
    );
    let calls = store.changes_since(0, 1000).await.unwrap();
    assert_eq!(calls.len(), 300);
    assert!(
        calls
            .iter()
            .all(|call| call.view.status == Status::Canceled && call.view.agent.is_some())
    );
    let mut last = 0;
    while let Ok(change) = changes.try_recv() {
        assert!(change.change > last);
        last = change.change;
    }
    assert_eq!(last, store.newest_change().await.unwrap());
}

#[tokio::test]
async fn what_touches_a_call_tells_of_it() {
    let (store, _database, _dir) = open().await;
    store.record(placed(1)).await.unwrap();
    let (before, mut changes) = (store.newest_change().await.unwrap(), store.changes());
    store.touch(&call_sid(1)).await.unwrap();
    store.touch(&call_sid(2)).await.unwrap();
    assert!(changes.recv().await.unwrap().change > before);
    assert!(
        changes.try_recv().is_err(),
        "an unknown call is nothing to tell of"
    );
}
