//! `GET /api/calls/{sid}/recording`: the audio, for who may hear it.

use crate::support::{
    stand_in::{Answer, wav},
    *,
};
use almasar::domain::user::Role;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_completed_recording_is_archived_and_played_from_the_archive() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;

    let whole = agent.get(&play(&call)).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(
        (
            whole.headers()["content-type"].to_str().ok(),
            whole.headers()["accept-ranges"].to_str().ok()
        ),
        (Some("audio/wav"), Some("bytes"))
    );
    let etag = whole.headers()["etag"].clone();
    assert_eq!(whole.bytes().await.unwrap(), wav());
    assert!(
        app.rest
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
            .request(Method::GET, &play(&call))
            .header("Range", range)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                part.status().as_u16(),
                part.headers()["content-range"].to_str().ok()
            ),
            (status, Some(content_range)),
            "{range}"
        );
        assert_eq!(part.bytes().await.unwrap().len(), length, "{range}");
    }
    let many = format!("bytes={}", vec!["0-0"; 200].join(","));
    assert_eq!(
        agent
            .request(Method::GET, &play(&call))
            .header("Range", many)
            .send()
            .await
            .unwrap()
            .status(),
        416
    );

    let known = agent
        .request(Method::GET, &play(&call))
        .header("If-None-Match", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(known.status(), 304);
    for (if_range, status) in [(etag.to_str().unwrap(), 206), ("\"another\"", 200)] {
        let part = agent
            .request(Method::GET, &play(&call))
            .header("Range", "bytes=0-9")
            .header("If-Range", if_range)
            .send()
            .await
            .unwrap();
        assert_eq!(part.status(), status, "{if_range}");
    }
    let kept = agent.get(&format!("{}?download=1", play(&call))).await;
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
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    let part = Answer {
        status: 206,
        ..Answer::wav(wav().slice(..10))
    }
    .header("content-range", "bytes 0-9/32044");
    // Each attempt to archive it fails, since it is no whole file.
    app.rest.answers("GET", &media(&recording), [part]);
    app.recorded_call(&call, &agent.user).await;
    let answer = agent
        .request(Method::GET, &play(&call))
        .header("Range", "bytes=0-9")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["content-range"].to_str().ok()
        ),
        (206, Some("bytes 0-9/32044"))
    );
    assert!(!answer.headers().contains_key("etag"));
    assert!(app.rest.asked(&recording).iter().any(|asked| {
        asked
            .headers
            .get("range")
            .is_some_and(|range| range == "bytes=0-9")
    }));
}

#[tokio::test]
async fn an_agent_hears_own_calls_only_and_a_manager_all() {
    let app = spawn_app().await;
    let (agent, other) = (
        app.sign_in("agent", Role::Agent).await,
        app.sign_in("other", Role::Agent).await,
    );
    let manager = app.sign_in("manager", Role::Manager).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.recorded_call(&call, &agent.user).await;
    for (person, status) in [(&agent, 200), (&other, 404), (&manager, 200)] {
        assert_eq!(person.get(&play(&call)).await.status(), status);
    }
    let unknown = agent.get(&play(&call_sid(9))).await;
    let anothers = other.get(&play(&call)).await;
    assert_eq!(
        unknown.text().await.unwrap(),
        anothers.text().await.unwrap()
    );
    assert_eq!(
        agent
            .get("/api/calls/CA..%2F..%2Fx/recording")
            .await
            .status(),
        400
    );
    let stranger = app
        .stranger(Method::GET, &play(&call))
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 401);
}
