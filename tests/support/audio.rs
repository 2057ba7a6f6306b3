//! A recording: at Twilio, at ours, and in the archive.

use super::{ACCOUNT, Person, until};
use almasar::domain::sid::CallSid;

pub fn media(recording: &str) -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav")
}

pub fn play(call: &CallSid) -> String {
    format!("/api/calls/{call}/recording")
}

pub async fn archived(person: &Person, call: &CallSid) {
    let path = play(call);
    until("the recording is archived", || async {
        person.get(&path).await.headers().contains_key("etag")
    })
    .await;
}
