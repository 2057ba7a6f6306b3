//! The archive on an S3 server: nanio, which script/bootstrap --tests installs, each test with its own.
#![allow(clippy::unwrap_used)]

mod archiving;
mod moving;
mod outages;
mod store;
#[allow(dead_code, unused_imports)]
#[path = "../support/mod.rs"]
mod support;
mod wire;

use almasar::domain::sid::CallSid;
use support::{ACCOUNT, Person, until};

fn media(recording: &str) -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav")
}

fn play(call: &CallSid) -> String {
    format!("/api/calls/{call}/recording")
}

async fn archived(person: &Person, call: &CallSid) {
    let path = play(call);
    until("the recording is archived", || async {
        person.get(&path).await.headers().contains_key("etag")
    })
    .await;
}
