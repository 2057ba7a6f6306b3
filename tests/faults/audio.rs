//! Recordings that are not there yet, come in halves, and a server that is killed while it archives them.

use crate::{
    figure,
    installation::Installation,
    long,
    support::{
        ACCOUNT, sid,
        stand_in::{Answer, StandIn, wav},
    },
    webhook::Webhook,
};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// The audio of that recording, which is no other's: some seconds of the same, and the recording's own number in its samples.
fn audio(number: u32) -> Vec<u8> {
    let mut bytes = wav().to_vec();
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// What Twilio answers at first, in the place of the audio.
fn faults(number: u32) -> Vec<Answer> {
    let whole = || audio(number).into();
    match number % 6 {
        0 => vec![],
        1 => vec![Answer::status(404)],
        2 => vec![Answer::wav(whole()).cut()],
        3 => vec![Answer::status(500), Answer::wav(whole()).cut()],
        4 => vec![Answer::wav(wav().slice(..wav().len() / 3))],
        _ => vec![Answer::status(429).header("retry-after", "1")],
    }
}

/// The file of that recording in the archive, once it is there.
fn archived(installation: &Installation, number: u32) -> Option<PathBuf> {
    let name = format!("{}.wav", sid("RE", number));
    let years = fs::read_dir(installation.recordings()).ok()?.flatten();
    let months = years.flat_map(|year| fs::read_dir(year.path()).into_iter().flatten().flatten());
    let mut files = months.map(|month| month.path().join(&name));
    files.find(|file| file.is_file())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recording_is_archived_whole_and_none_is_deleted_at_twilio_whatever_is_killed() {
    let (count, kills) = if long() { (200, 40) } else { (40, 5) };
    let twilio = StandIn::spawn().await;
    let installation = Installation::new().await.with_twilio_at(twilio.url());
    for number in 1..=count {
        let media = format!(
            "/2010-04-01/Accounts/{ACCOUNT}/Recordings/{}.wav",
            sid("RE", number)
        );
        let whole = Answer::wav(audio(number).into());
        let answers = faults(number).into_iter().chain([whole]);
        twilio.answers("GET", &media, answers);
    }
    let mut server = installation.start().await;
    let began = Instant::now();
    let each = count / (kills + 1);
    for number in 1..=count {
        for webhook in [
            Webhook::progress(number, 3),
            Webhook::recording(number, "completed"),
        ] {
            assert!(installation.takes(&webhook).await);
        }
        if number % each == 0 && number / each <= kills {
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..30))).await;
            server.kill();
            server = installation.start().await;
        }
    }
    let waiting = "select count(*) from recordings where archived_at is null";
    while installation.count(waiting).await > 0 {
        assert!(
            began.elapsed() < Duration::from_secs(600),
            "{}",
            installation.said()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.kill();
    let whole = (1..=count).filter(|number| {
        let file = archived(&installation, *number);
        file.is_some_and(|file| fs::read(file).unwrap() == audio(*number))
    });
    let whole = whole.count();
    let deleted = twilio.asked("/Recordings/");
    let deleted = deleted
        .iter()
        .filter(|asked| asked.method == "DELETE")
        .count();
    let hashes = installation
        .count("select count(*) from recordings where length(sha256) = 64 and size > 0")
        .await;
    figure(
        "recordings that came late or in halves",
        format_args!(
            "{whole} of {count} archived, byte for byte, with {kills} kills meanwhile, {deleted} deleted at Twilio, after {:.0?}",
            began.elapsed()
        ),
    );
    assert_eq!((whole, deleted), (count as usize, 0));
    assert_eq!(hashes, i64::from(count));
    let left = fs::read_dir(installation.recordings().join("incoming"));
    assert!(
        left.map_or(0, Iterator::count) <= kills as usize,
        "halves are left"
    );
    installation.assert_sound().await;
}
