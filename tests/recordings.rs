use crate::with_twilio::{
    ACCOUNT, Person, TestApp, sid,
    stand_in::{Answer, wav},
    until,
};
use almasar::{
    domain::user::Role,
    server::{
        clock,
        recordings::{fetch, retention},
    },
};
use serde_json::{Value, json};

fn media(recording: &str) -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.wav")
}

fn play(call: &str) -> String {
    format!("/api/calls/{call}/recording")
}

async fn archived(person: &Person, call: &str) {
    let path = play(call);
    until("the recording is archived", || async {
        person
            .get(&path)
            .send()
            .await
            .expect("an answer")
            .headers()
            .contains_key("etag")
    })
    .await;
}

#[tokio::test]
async fn a_completed_recording_is_archived_and_played_from_the_archive() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.recorded_call(&agent, &call, &recording).await;
    archived(&agent, &call).await;

    let whole = agent.get(&play(&call)).send().await.expect("an answer");
    assert_eq!(whole.status(), 200);
    assert_eq!(
        (
            whole.headers()["content-type"].to_str().ok(),
            whole.headers()["accept-ranges"].to_str().ok()
        ),
        (Some("audio/wav"), Some("bytes"))
    );
    let etag = whole.headers()["etag"].clone();
    assert_eq!(whole.bytes().await.expect("a body"), wav());
    assert!(
        app.twilio
            .asked(&recording)
            .iter()
            .all(|asked| asked.path.ends_with("?RequestedChannels=2"))
    );

    for (range, status, content_range, length) in [
        ("bytes=0-0", 206, "bytes 0-0/32044", 1),
        ("bytes=-1", 206, "bytes 32043-32043/32044", 1),
        ("bytes=32000-99999", 206, "bytes 32000-32043/32044", 44),
        ("bytes=32044-", 416, "bytes */32044", 0),
        ("bytes=9-1", 416, "bytes */32044", 0),
    ] {
        let part = agent
            .get(&play(&call))
            .header("Range", range)
            .send()
            .await
            .expect("an answer");
        assert_eq!(
            (
                part.status().as_u16(),
                part.headers()["content-range"].to_str().ok()
            ),
            (status, Some(content_range)),
            "{range}"
        );
        assert_eq!(part.bytes().await.expect("a body").len(), length, "{range}");
    }
    let many = format!("bytes={}", vec!["0-0"; 200].join(","));
    assert_eq!(
        agent
            .get(&play(&call))
            .header("Range", many)
            .send()
            .await
            .expect("an answer")
            .status(),
        416
    );

    let known = agent
        .get(&play(&call))
        .header("If-None-Match", &etag)
        .send()
        .await
        .expect("an answer");
    assert_eq!(known.status(), 304);
    for (if_range, status) in [(etag.to_str().expect("text"), 206), ("\"another\"", 200)] {
        let part = agent
            .get(&play(&call))
            .header("Range", "bytes=0-9")
            .header("If-Range", if_range)
            .send()
            .await
            .expect("an answer");
        assert_eq!(part.status(), status, "{if_range}");
    }
    let kept = agent
        .get(&format!("{}?download=1", play(&call)))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        kept.headers()["content-disposition"],
        format!("attachment; filename=\"{call}.wav\"")
    );

    let waveform = agent.json(&format!("/api/calls/{call}/waveform")).await;
    assert_eq!(waveform["agent_channel"], 1);
    assert_eq!(
        (&waveform["channels"][0][0], &waveform["channels"][0][119]),
        (&json!(255), &json!(0))
    );
    assert_eq!(
        (&waveform["channels"][1][0], &waveform["channels"][1][119]),
        (&json!(0), &json!(255))
    );
}

#[tokio::test]
async fn until_it_is_archived_a_recording_streams_from_twilio() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    let part = Answer {
        status: 206,
        ..Answer::wav(wav().slice(..10))
    }
    .header("content-range", "bytes 0-9/32044");
    // Each attempt to archive it fails, since it is no whole file.
    app.twilio.answers("GET", &media(&recording), [part]);
    app.recorded_call(&agent, &call, &recording).await;
    let answer = agent
        .get(&play(&call))
        .header("Range", "bytes=0-9")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-range"].to_str().ok()
        ),
        (206, Some("bytes 0-9/32044"))
    );
    assert!(!answer.headers().contains_key("etag"));
    assert!(app.twilio.asked(&recording).iter().any(|asked| {
        asked
            .headers
            .get("range")
            .is_some_and(|range| range == "bytes=0-9")
    }));
}

#[tokio::test]
async fn a_recording_that_is_404_at_twilio_says_so_and_is_archived_when_it_is_there() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.recorded_call(&agent, &call, &recording).await;
    until("it was tried", || async {
        !app.twilio.asked(&recording).is_empty()
    })
    .await;
    let answer = agent.get(&play(&call)).send().await.expect("an answer");
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-type"].to_str().ok()
        ),
        (404, Some("application/problem+json"))
    );
    assert!(
        answer.json::<Value>().await.expect("JSON")["title"]
            .as_str()
            .is_some_and(|title| title.contains("Twilio"))
    );

    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let later = clock::now() + 60_000;
    until("it is tried again", || async {
        fetch::archive_due(&app.running.state, later)
            .await
            .expect("tried")
            > 0
    })
    .await;
    archived(&agent, &call).await;
}

#[tokio::test]
async fn a_recording_that_stays_404_is_given_up() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.recorded_call(&agent, &call, &recording).await;
    let mut now = clock::now();
    for _ in 0..14 {
        now += 2 * 60 * 60 * 1000;
        fetch::archive_due(&app.running.state, now)
            .await
            .expect("tried");
    }
    assert_eq!(
        agent.json(&format!("/api/calls/{call}")).await["recording"]["status"],
        "failed"
    );
}

#[tokio::test]
async fn a_download_that_is_cut_short_leaves_nothing_and_is_repeated() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav()).cut()]);
    app.recorded_call(&agent, &call, &recording).await;
    until("it was tried", || async {
        !app.twilio.asked(&recording).is_empty()
    })
    .await;
    let incoming = app.folder().join("recordings/incoming");
    let empty = || std::fs::read_dir(&incoming).map_or(0, Iterator::count) == 0;
    until("the rest is removed", || async { empty() }).await;
    assert!(
        !agent
            .get(&play(&call))
            .send()
            .await
            .expect("an answer")
            .headers()
            .contains_key("etag")
    );

    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let later = clock::now() + 60_000;
    // Now, or already by the server's own task.
    fetch::archive_due(&app.running.state, later)
        .await
        .expect("tried");
    archived(&agent, &call).await;
    assert!(empty());
}

#[tokio::test]
async fn a_full_disk_while_archiving_is_got_over_within_ten_seconds_of_there_being_room() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    // No test may fill a disk; an archive that takes nothing, for anybody, is the same fault by another cause.
    let (archive, away) = (
        app.folder().join("recordings"),
        app.folder().join("recordings.away"),
    );
    std::fs::rename(&archive, &away).expect("moved away");
    std::fs::write(&archive, "no folder").expect("a file in its place");
    app.recorded_call(&agent, &call, &recording).await;
    let tried = std::sync::Mutex::new(std::collections::HashSet::new());
    until("it has failed three times", || async {
        let lease = clock::now() + 10 * 60 * 1000;
        let due = app.running.state.store.next_recording_due().await;
        let due = due.expect("read").filter(|due| (1..lease).contains(due));
        let mut tried = tried.lock().expect("alone");
        tried.extend(due);
        tried.len() >= 3
    })
    .await;
    let streamed = agent.get(&play(&call)).send().await.expect("an answer");
    assert_eq!(streamed.status(), 200, "meanwhile it is Twilio's");
    assert!(!streamed.headers().contains_key("etag"));

    std::fs::remove_file(&archive).expect("removed");
    std::fs::rename(&away, &archive).expect("moved back");
    let healed = std::time::Duration::from_secs(10);
    tokio::time::timeout(healed, archived(&agent, &call))
        .await
        .expect("it is archived within ten seconds");
}

#[tokio::test]
async fn credentials_stay_behind_when_twilio_sends_us_elsewhere() {
    let app = TestApp::spawn().await;
    let elsewhere = crate::with_twilio::stand_in::StandIn::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    elsewhere.answers("GET", "/audio", [Answer::wav(wav())]);
    app.twilio.answers(
        "GET",
        &media(&recording),
        [Answer::redirect(format!("{}/audio", elsewhere.url()))],
    );
    app.recorded_call(&agent, &call, &recording).await;
    archived(&agent, &call).await;
    assert!(
        app.twilio.asked(&recording)[0]
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
async fn an_agent_hears_own_calls_only_and_a_manager_all() {
    let app = TestApp::spawn().await;
    let (agent, other) = (
        app.person("agent", Role::Agent).await,
        app.person("other", Role::Agent).await,
    );
    let manager = app.person("manager", Role::Manager).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.recorded_call(&agent, &call, &recording).await;
    for (person, status) in [(&agent, 200), (&other, 404), (&manager, 200)] {
        assert_eq!(
            person
                .get(&play(&call))
                .send()
                .await
                .expect("an answer")
                .status(),
            status
        );
    }
    let unknown = agent
        .get(&play(&sid("CA", 9)))
        .send()
        .await
        .expect("an answer");
    let anothers = other.get(&play(&call)).send().await.expect("an answer");
    assert_eq!(
        unknown.text().await.expect("text"),
        anothers.text().await.expect("text")
    );
    assert_eq!(
        agent
            .get("/api/calls/CA..%2F..%2Fx/recording")
            .send()
            .await
            .expect("an answer")
            .status(),
        400
    );
    let stranger = crate::with_twilio::client()
        .get(app.url(&play(&call)))
        .send()
        .await
        .expect("an answer");
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn a_recording_url_in_a_callback_is_never_fetched() {
    let app = TestApp::spawn().await;
    let trap = crate::with_twilio::stand_in::StandIn::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.answered_call(&agent, &call).await;
    let url = format!("{}/trap", trap.url());
    let params = [
        ("CallSid", call.as_str()),
        ("RecordingSid", &recording),
        ("RecordingStatus", "completed"),
        ("RecordingUrl", &url),
    ];
    assert_eq!(
        app.twilio_posts("/api/calls/webhook/recording", &params)
            .await
            .status(),
        204
    );
    archived(&agent, &call).await;
    assert!(trap.asked("").is_empty());
}

#[tokio::test]
async fn fetch_recordings_finds_what_a_lost_callback_did_not_tell() {
    let app = TestApp::spawn().await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.answered_call(&agent, &call).await;
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let list = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings.json");
    let item = |recording: &str, call: &str| json!({ "sid": recording, "call_sid": call, "status": "completed", "duration": "1", "channels": 2, "source": "DialVerb" });
    let first = json!({ "recordings": [item(&sid("RE", 7), &sid("CA", 7))], "next_page_uri": format!("{list}?Page=1&PageToken=x") });
    let second = json!({ "recordings": [item(&recording, &call), { "sid": "nonsense" }], "next_page_uri": null });
    app.twilio.answers(
        "GET",
        &list,
        [
            Answer::json(first.clone()),
            Answer::json(second.clone()),
            Answer::json(first),
            Answer::json(second),
        ],
    );

    let found: Value = agent
        .post("/api/calls/recordings/fetch")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!((&found["checked"], &found["added"]), (&json!(1), &json!(1)));
    archived(&agent, &call).await;
    let again: Value = agent
        .post("/api/calls/recordings/fetch")
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!((&again["checked"], &again["added"]), (&json!(1), &json!(0)));

    let form = agent
        .post("/api/calls/recordings/fetch")
        .form(&[("next", "/history")])
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (
            form.status().as_u16(),
            form.headers()["location"].to_str().ok()
        ),
        (303, Some("/history?checked=1&added=0"))
    );
}

#[tokio::test]
async fn when_its_time_is_over_a_recording_is_deleted_here_and_at_twilio() {
    let app = TestApp::spawn_with(&["--recording-retention-days", "30"]).await;
    let agent = app.person("agent", Role::Agent).await;
    let (call, recording) = (sid("CA", 1), sid("RE", 1));
    app.twilio
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.twilio.answers(
        "DELETE",
        &format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.json"),
        [Answer::status(204)],
    );
    app.recorded_call(&agent, &call, &recording).await;
    archived(&agent, &call).await;
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(
        retention::sweep(&app.running.state, clock::now() + 29 * day)
            .await
            .expect("swept"),
        0
    );
    assert_eq!(
        retention::sweep(&app.running.state, clock::now() + 31 * day)
            .await
            .expect("swept"),
        1
    );
    assert!(
        app.twilio
            .asked(&recording)
            .iter()
            .any(|asked| asked.method == "DELETE")
    );
    assert_eq!(
        agent
            .get(&play(&call))
            .send()
            .await
            .expect("an answer")
            .status(),
        404
    );
    assert_eq!(
        agent.json(&format!("/api/calls/{call}")).await["recording"]["status"],
        "deleted"
    );
}
