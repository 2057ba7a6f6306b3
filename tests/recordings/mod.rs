//! Recordings, from Twilio's callback to the player.

mod archiving;
mod keeping;
mod playing;

use crate::support::*;
use almasar::domain::sid::CallSid;

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
