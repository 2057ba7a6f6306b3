//! The server is killed at random moments under a load of webhooks, and started again.

use crate::{
    figure,
    installation::{Installation, soon},
    load::Load,
    long, spread,
};
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_however_often_the_server_is_killed() {
    let (kills, least) = if long() { (1_000, 10_000) } else { (50, 500) };
    let installation = Arc::new(Installation::new().await);
    let (load, carriers) = Load::begin(&installation);

    let mut recoveries = Vec::new();
    let mut killed = 0;
    while killed < kills || load.acknowledged() < least {
        // One in ten does not even live to be ready.
        let mut server = if rand::random_ratio(1, 10) {
            installation.launch()
        } else {
            let server = installation.start().await;
            recoveries.push(server.ready_after);
            server
        };
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..400))).await;
        server.kill();
        killed += 1;
        if killed % 50 == 0 {
            installation.assert_sound().await;
        }
    }

    let mut server = installation.start().await;
    load.end(carriers).await;
    server.kill();
    let (median, _, worst) = spread(&mut recoveries);
    figure(
        "kills",
        format_args!("{killed}, ready again after {median:.0?} (median), {worst:.0?} at worst"),
    );
    assert!(load.acknowledged() >= least);
    load.settle("killed").await;
    assert!(median <= soon(), "{median:?}");
}
