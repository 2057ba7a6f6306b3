//! What nobody will ask for again is swept away.

use crate::support::*;
use almasar::{
    domain::user::Role,
    server::{clock, serve},
};
use tokio::{net::TcpListener, sync::Mutex};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn at_its_start_the_server_sweeps_away_old_phones_and_ended_sessions() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (store, id, now) = (&app.running.state.store, &agent.user.id, clock::now());
    store
        .upsert_phone(id, "old", now - 2 * DAY_MS)
        .await
        .unwrap();
    store.upsert_phone(id, "new", now).await.unwrap();
    for (name, begun) in [("idle", now - 2 * DAY_MS), ("ended", now - 8 * DAY_MS)] {
        let ends = begun + 7 * DAY_MS;
        store.insert_session(name, id, begun, ends).await.unwrap();
    }
    let config = app.running.state.config.as_ref().clone();
    let rows = Mutex::new(app.rows().await);
    app.running.stop().await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let again = serve::start(config, listener).await.unwrap();
    let counted = || async {
        let mut rows = rows.lock().await;
        let tabs: Vec<(String,)> = rows.all("select tab from phones").await;
        (tabs, rows.count("select count(*) from sessions").await)
    };
    until("what is old is gone, and no more than that", || async {
        counted().await == (vec![("new".to_owned(),)], 1)
    })
    .await;
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(8), again.stop());
    stopped.await.expect("the sweep goes on").unwrap();
}
