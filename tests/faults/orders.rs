//! The same five callbacks in each of their 120 orders, over HTTP.

use crate::{
    figure,
    support::{sid, spawn_app},
    webhook::Webhook,
};
use almasar::domain::user::Role;
use futures::{StreamExt, stream};
use std::{collections::HashMap, time::Duration};
use tokio::sync::broadcast::error::RecvError;

fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let insert = |order: Vec<usize>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, last);
            order
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

/// With the time at which Twilio says that it happened.
fn callback(call: u32, which: usize) -> Webhook {
    match which {
        step @ 0..4 => Webhook::progress(call, step).with(
            "Timestamp",
            ["03", "05", "08", "15"].map(|sec| format!("Mon, 16 Nov 2020 08:00:{sec} +0000"))[step]
                .as_str(),
        ),
        _ => Webhook::recording(call, "completed"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_120_orders_of_five_callbacks_end_alike_and_never_go_back() {
    let app = spawn_app().await;
    let manager = app.sign_in("manager", Role::Manager).await;
    let mut changes = app.running.state.store.changes();
    let watching = tokio::spawn(async move {
        let mut terminal: HashMap<String, String> = HashMap::new();
        loop {
            match changes.recv().await {
                Ok(change) => {
                    let (sid, status) = (change.view.sid.to_string(), change.view.status);
                    let before = terminal.get(&sid);
                    assert!(
                        before.is_none() || status.is_terminal(),
                        "{sid} went from {before:?} to {status}"
                    );
                    if status.is_terminal() {
                        terminal.insert(sid, status.to_string());
                    }
                }
                Err(RecvError::Lagged(_)) => panic!("the test did not keep up"),
                Err(RecvError::Closed) => return terminal.len(),
            }
        }
    });

    let orders = orders(5);
    assert_eq!(orders.len(), 120);
    stream::iter((1..).zip(&orders))
        .for_each_concurrent(8, |(call, order)| {
            let app = &app;
            async move {
                for which in order {
                    let webhook = callback(call, *which);
                    let params: Vec<_> = webhook.form[1..]
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str()))
                        .collect();
                    let answer = app.twilio(webhook.path, &params).await;
                    assert_eq!(answer.status(), 204, "{order:?}");
                }
            }
        })
        .await;

    let mut alike = 0;
    for (call, order) in (1..).zip(&orders) {
        let record = manager
            .json(&format!("/api/calls/{}", sid("CA", call)))
            .await;
        let told = |name: &str| record[name].to_string();
        assert_eq!(told("status"), "\"completed\"", "{order:?}");
        assert_eq!(told("duration_secs"), "7", "{order:?}");
        assert_eq!(told("started_at"), "\"2020-11-16T08:00:03Z\"", "{order:?}");
        assert_eq!(told("answered_at"), "\"2020-11-16T08:00:08Z\"", "{order:?}");
        assert_eq!(told("ended_at"), "\"2020-11-16T08:00:15Z\"", "{order:?}");
        assert_eq!(record["recording"]["duration_secs"], 7, "{order:?}");
        assert_eq!(record["events"].as_array().unwrap().len(), 5, "{order:?}");
        alike += 1;
    }
    figure("orders that end alike", format_args!("{alike} of 120"));
    app.running.stop().await.unwrap();
    drop(manager);
    let watched = tokio::time::timeout(Duration::from_secs(30), watching).await;
    assert_eq!(watched.unwrap().unwrap(), 120);
}
