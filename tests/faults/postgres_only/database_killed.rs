//! It is PostgreSQL that dies, again and again, and not our server.

use crate::{
    cluster::Cluster, figure, installation::Installation, load::Load, long, spread,
    support::TestDatabase,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How soon everything is taken again once PostgreSQL answers.
const HEALED: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "for PostgreSQL: script/postgres"]
async fn what_was_acknowledged_is_there_once_however_often_the_database_is_killed() {
    let kills = if long() { 40 } else { 6 };
    let mut cluster = Cluster::start_new().await;
    let installation = Installation::on(TestDatabase::at(&cluster.url())).await;
    let installation = Arc::new(installation);
    let mut server = installation.start().await;
    let (load, carriers) = Load::begin(&installation);
    let mut healed = Vec::new();
    for number in 0..kills {
        tokio::time::sleep(Duration::from_millis(rand::random_range(100..600))).await;
        if number % 2 == 0 {
            cluster.kill();
        } else {
            cluster.shut_down_at_once();
        }
        let before = load.acknowledged();
        cluster.start().await;
        let back = Instant::now();
        while load.acknowledged() <= before {
            assert!(
                back.elapsed() < Duration::from_secs(60),
                "{}",
                installation.said()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        healed.push(back.elapsed());
        assert!(
            server.is_running(),
            "it ended with its database: {}",
            installation.said()
        );
    }
    load.end(carriers).await;
    server.kill();
    let (median, _, worst) = spread(&mut healed);
    figure(
        "the database killed",
        format_args!(
            "{kills} times, acknowledged again {median:.0?} after its return (median), {worst:.0?} at worst"
        ),
    );
    load.settle("the database killed").await;
    assert!(worst <= HEALED, "{worst:?}");
}
