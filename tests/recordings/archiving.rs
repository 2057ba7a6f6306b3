//! From Twilio into the archive, whatever comes between.

use crate::support::{
    stand_in::{Answer, StandIn, wav},
    *,
};
use almasar::{
    domain::user::Role,
    server::{clock, recordings::fetch},
};
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_recording_that_is_404_at_twilio_says_so_and_is_archived_when_it_is_there() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.recorded_call(&call, &agent.user).await;
    until("it was tried", || async {
        !app.rest.asked(&recording).is_empty()
    })
    .await;
    let answer = agent.get(&play(&call)).await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-type"].to_str().ok()
        ),
        (404, Some("application/problem+json"))
    );
    assert!(
        answer.json::<Value>().await.unwrap()["title"]
            .as_str()
            .is_some_and(|title| title.contains("Twilio"))
    );

    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let later = clock::now() + 60_000;
    until("it is tried again", || async {
        fetch::archive_due(&app.running.state, later).await.unwrap() > 0
    })
    .await;
    archived(&agent, &call).await;
}

#[tokio::test]
async fn a_recording_that_stays_404_is_given_up() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    app.recorded_call(&call, &agent.user).await;
    let mut now = clock::now();
    for _ in 0..14 {
        now += 2 * 60 * 60 * 1000;
        fetch::archive_due(&app.running.state, now).await.unwrap();
    }
    assert_eq!(
        agent.json(&format!("/api/calls/{call}")).await["recording"]["status"],
        "failed"
    );
}

#[tokio::test]
async fn a_download_that_is_cut_short_leaves_nothing_and_is_repeated() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav()).cut()]);
    app.recorded_call(&call, &agent.user).await;
    until("it was tried", || async {
        !app.rest.asked(&recording).is_empty()
    })
    .await;
    let incoming = app.folder().join("recordings/incoming");
    let empty = || std::fs::read_dir(&incoming).map_or(0, Iterator::count) == 0;
    until("the rest is removed", || async { empty() }).await;
    assert!(!agent.get(&play(&call)).await.headers().contains_key("etag"));

    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let later = clock::now() + 60_000;
    // Now, or already by the server's own task.
    fetch::archive_due(&app.running.state, later).await.unwrap();
    archived(&agent, &call).await;
    assert!(empty());
}

#[tokio::test]
async fn a_full_disk_while_archiving_is_got_over_within_ten_seconds_of_there_being_room() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    // No test may fill a disk; an archive that takes nothing, for anybody, is the same fault by another cause.
    let (archive, away) = (
        app.folder().join("recordings"),
        app.folder().join("recordings.away"),
    );
    std::fs::rename(&archive, &away).expect("moved away");
    std::fs::write(&archive, "no folder").expect("a file in its place");
    app.recorded_call(&call, &agent.user).await;
    // Long enough that pauses which double, from five seconds on, would by now outlast the ten.
    let broken = Instant::now();
    until("it has been tried for a while", || async {
        let due = app.running.state.store.next_recording_due().await.unwrap();
        due.is_some_and(|due| due > 0) && broken.elapsed() > Duration::from_secs(17)
    })
    .await;
    let streamed = agent.get(&play(&call)).await;
    assert_eq!(streamed.status(), 200, "meanwhile it is Twilio's");
    assert!(!streamed.headers().contains_key("etag"));

    std::fs::remove_file(&archive).expect("removed");
    std::fs::rename(&away, &archive).expect("moved back");
    let healed = Duration::from_secs(10);
    tokio::time::timeout(healed, archived(&agent, &call))
        .await
        .expect("it is archived within ten seconds");
}

#[tokio::test]
async fn credentials_stay_behind_when_twilio_sends_us_elsewhere() {
    let app = spawn_app().await;
    let elsewhere = StandIn::spawn().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    elsewhere.answers("GET", "/audio", [Answer::wav(wav())]);
    app.rest.answers(
        "GET",
        &media(&recording),
        [Answer::redirect(format!("{}/audio", elsewhere.url()))],
    );
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    assert!(
        app.rest.asked(&recording)[0]
            .headers
            .contains_key("authorization")
    );
    assert!(
        elsewhere
            .asked("/audio")
            .iter()
            .all(|asked| !asked.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn a_recording_url_in_a_callback_is_never_fetched() {
    let app = spawn_app().await;
    let trap = StandIn::spawn().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.answered_call(&call, &agent.user).await;
    let url = format!("{}/trap", trap.url());
    let params = [
        ("CallSid", call.as_str()),
        ("RecordingSid", &recording),
        ("RecordingStatus", "completed"),
        ("RecordingUrl", &url),
    ];
    assert_eq!(
        app.twilio("/api/calls/webhook/recording", &params)
            .await
            .status(),
        204
    );
    archived(&agent, &call).await;
    assert!(trap.asked("").is_empty());
}
