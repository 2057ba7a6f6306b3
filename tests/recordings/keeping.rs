//! Found though its callback was lost; deleted when its time is over.

use crate::support::{
    stand_in::{Answer, wav},
    *,
};
use almasar::{
    domain::user::Role,
    server::{clock, recordings::retention},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Fetch Recordings as a page without JavaScript sends it; the answer's status and where it leads.
async fn by_form(agent: &Person) -> (u16, String) {
    let answer = agent
        .request(Method::POST, "/api/calls/recordings/fetch")
        .form(&[("next", "/history")])
        .send()
        .await
        .unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    (answer.status().as_u16(), location.to_owned())
}

#[tokio::test]
async fn fetch_recordings_finds_what_a_lost_callback_did_not_tell() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.answered_call(&call, &agent.user).await;
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    let list = format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings.json");
    let item = |recording: &str, call: &str| json!({ "sid": recording, "call_sid": call, "status": "completed", "duration": "1", "channels": 2, "source": "DialVerb" });
    let first = json!({ "recordings": [item(&recording_of(&call_sid(7)), call_sid(7).as_str())], "next_page_uri": format!("{list}?Page=1&PageToken=x") });
    let second = json!({ "recordings": [item(&recording, call.as_str()), { "sid": "nonsense" }], "next_page_uri": null });
    app.rest.answers(
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
        .request(Method::POST, "/api/calls/recordings/fetch")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&found["checked"], &found["added"]), (&json!(1), &json!(1)));
    archived(&agent, &call).await;
    let again: Value = agent
        .request(Method::POST, "/api/calls/recordings/fetch")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&again["checked"], &again["added"]), (&json!(1), &json!(0)));

    let back = by_form(&agent).await;
    assert_eq!(back, (303, "/history?checked=1&added=0".to_owned()));

    app.rest.answers("GET", &list, [Answer::status(500)]);
    let back = by_form(&agent).await;
    assert_eq!(back, (303, "/history?fetch=failed".to_owned()));
}

#[tokio::test]
async fn when_its_time_is_over_a_recording_is_deleted_here_and_at_twilio() {
    let app = spawn_app_with(&["--recording-retention-days", "30"]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let recording = recording_of(&call);
    app.rest
        .answers("GET", &media(&recording), [Answer::wav(wav())]);
    app.rest.answers(
        "DELETE",
        &format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{recording}.json"),
        [Answer::status(204)],
    );
    app.recorded_call(&call, &agent.user).await;
    archived(&agent, &call).await;
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(
        retention::sweep(&app.running.state, clock::now() + 29 * day)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        retention::sweep(&app.running.state, clock::now() + 31 * day)
            .await
            .unwrap(),
        1
    );
    assert!(
        app.rest
            .asked(&recording)
            .iter()
            .any(|asked| asked.method == "DELETE")
    );
    assert_eq!(agent.get(&play(&call)).await.status(), 404);
    assert_eq!(
        agent.json(&format!("/api/calls/{call}")).await["recording"]["status"],
        "deleted"
    );
}

#[tokio::test]
async fn a_recording_that_twilio_does_not_delete_holds_up_no_other() {
    let app = spawn_app_with(&["--recording-retention-days", "30"]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let at_twilio = |call| {
        format!(
            "/2010-04-01/Accounts/{ACCOUNT}/Recordings/{}.json",
            recording_of(call)
        )
    };
    let (older, newer) = (call_sid(1), call_sid(2));
    for (call, deleted) in [(&older, 400), (&newer, 204)] {
        app.rest
            .answers("GET", &media(&recording_of(call)), [Answer::wav(wav())]);
        app.rest
            .answers("DELETE", &at_twilio(call), [Answer::status(deleted)]);
        app.recorded_call(call, &agent.user).await;
        archived(&agent, call).await;
    }
    let state = &app.running.state;
    let later = clock::now() + 31 * 24 * 60 * 60 * 1000;
    assert_eq!(retention::sweep(state, later).await.unwrap(), 1);
    let call = agent.json(&format!("/api/calls/{newer}")).await;
    assert_eq!(call["recording"]["status"], "deleted");
}
