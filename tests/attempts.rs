//! A call that failed shows once, whoever tells of it first: Twilio, which has a SID for it, or the browser, which has none.

use crate::support::{
    CALLER_ID, Person, TestApp, call_sid, child_of, parsed, sid, spawn_app, until,
};
use almasar::{
    domain::{
        call::{Direct, Event, Fact, Leg, Side, Status},
        sid::CallSid,
        user::Role,
    },
    server::{calls::attempt, clock, store::Store},
};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The name that the agent's page gives its `n`th attempt.
fn attempt(agent: &Person, n: u32) -> String {
    format!("{}{n:020x}", attempt::beginning(&agent.user.identity()))
}

/// What the page reports of an attempt that lasted 400 ms and ended so long ago.
fn report(name: &str, ended_ms_ago: i64) -> Value {
    json!({
        "sid": null, "attempt": name, "to": "+966569705616", "time_to_hangup_ms": 400, "ended_ms_ago": ended_ms_ago,
        "code": 31005, "reached_server": false, "microphone": "granted", "signaling": "registered",
    })
}

/// The SID of the call that the report is kept with.
async fn reports(agent: &Person, report: &Value) -> String {
    let answer = agent.post("/api/calls/diagnostics", report.clone()).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    parsed(answer).await["sid"].as_str().unwrap().to_owned()
}

/// Twilio's callback about the agent's leg, of which we were never asked; it ended so long ago.
async fn leg_ended(app: &TestApp, agent: &Person, call: &CallSid, ms_ago: i64) {
    let from = format!("client:{}", agent.user.identity());
    let at = Timestamp::from_millisecond(clock::now() - ms_ago).unwrap();
    let at = at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let params = [
        ("CallSid", call.as_str()),
        ("From", &from),
        ("To", ""),
        ("CallStatus", "completed"),
        ("CallDuration", "0"),
        ("Direction", "inbound"),
        ("SequenceNumber", "0"),
        ("Timestamp", &at),
    ];
    let answer = app.twilio("/api/calls/webhook/status", &params).await;
    assert_eq!(answer.status(), 204);
}

/// Twilio asks what to do with the page's attempt of that name.
async fn asks(app: &TestApp, agent: &Person, call: &CallSid, name: &str) -> String {
    let from = format!("client:{}", agent.user.identity());
    let params = [
        ("CallSid", call.as_str()),
        ("From", &from),
        ("To", "+966569705616"),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("Attempt", name),
    ];
    let answer = app.twilio("/api/calls/twiml/outbound", &params).await;
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

async fn rows(agent: &Person) -> Vec<Value> {
    let list = agent.json("/api/calls").await;
    list["calls"].as_array().unwrap().clone()
}

/// The only row, and that it is whole: Twilio's SID, the agent, the number that only the page knew, how it ended, the one report in its log.
async fn the_one_row(agent: &Person, call: &CallSid) {
    let rows = rows(agent).await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    let row = &rows[0];
    assert_eq!(
        (&row["sid"], &row["status"], &row["to"], &row["from"]),
        (
            &json!(call),
            &json!("failed"),
            &json!("+966569705616"),
            &json!(CALLER_ID)
        )
    );
    assert_eq!(row["agent"]["id"], json!(agent.user.id));
    let detail = agent.json(&format!("/api/calls/{call}")).await;
    let events = detail["events"].as_array().unwrap();
    let kinds = |kind: &str| events.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!(
        (kinds("diagnostics"), kinds("status")),
        (1, 1),
        "{events:#?}"
    );
}

#[tokio::test]
async fn the_callback_that_comes_after_the_report_is_about_the_same_call() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let made_up = reports(&agent, &report(&attempt(&agent, 1), 500)).await;
    assert_eq!(rows(&agent).await[0]["sid"], json!(made_up));
    let call = call_sid(1);
    leg_ended(&app, &agent, &call, 900).await;
    the_one_row(&agent, &call).await;
    assert_eq!(rows(&agent).await[0]["replaces"], json!(made_up));
    assert_eq!(
        agent.get(&format!("/api/calls/{made_up}")).await.status(),
        404
    );

    // Everything once more, and nothing changes.
    assert_eq!(
        reports(&agent, &report(&attempt(&agent, 1), 500)).await,
        call.to_string()
    );
    leg_ended(&app, &agent, &call, 900).await;
    the_one_row(&agent, &call).await;
}

#[tokio::test]
async fn the_report_that_comes_after_the_callback_is_about_the_same_call() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    leg_ended(&app, &agent, &call, 300).await;
    for _ in 0..3 {
        assert_eq!(
            reports(&agent, &report(&attempt(&agent, 1), 500)).await,
            call.to_string()
        );
        leg_ended(&app, &agent, &call, 300).await;
    }
    the_one_row(&agent, &call).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_the_same_time_and_several_times_over_they_are_still_one_call() {
    let app = spawn_app().await;
    for n in 1..=20 {
        let agent = app.sign_in(&format!("agent-{n}"), Role::Agent).await;
        let call = call_sid(n);
        let seen = report(&attempt(&agent, n), 500);
        let reporting = join_all((0..3).map(|_| reports(&agent, &seen)));
        let calling_back = join_all((0..3).map(|_| leg_ended(&app, &agent, &call, 400)));
        tokio::join!(reporting, calling_back);
        the_one_row(&agent, &call).await;
    }
}

#[tokio::test]
async fn twilio_hands_the_attempts_name_on_so_nothing_is_guessed() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (one, other) = (call_sid(1), call_sid(2));
    assert!(
        asks(&app, &agent, &one, &attempt(&agent, 1))
            .await
            .contains("<Dial")
    );
    assert!(
        asks(&app, &agent, &other, &attempt(&agent, 2))
            .await
            .contains("<Dial")
    );
    // Of the same moment and number: only the name tells them apart.
    assert_eq!(
        reports(&agent, &report(&attempt(&agent, 2), 0)).await,
        other.to_string()
    );
    assert_eq!(
        reports(&agent, &report(&attempt(&agent, 1), 0)).await,
        one.to_string()
    );
    let rows = rows(&agent).await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(
            row["status"], "initiated",
            "the callbacks say how it ends, not the browser"
        );
    }
}

#[tokio::test]
async fn an_attempt_that_its_page_has_let_go_of_is_not_dialled_when_twilio_asks_at_last() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let made_up = reports(&agent, &report(&attempt(&agent, 1), 500)).await;
    let call = call_sid(1);
    for _ in 0..2 {
        let answer = asks(&app, &agent, &call, &attempt(&agent, 1)).await;
        assert!(
            answer.contains("<Hangup") && !answer.contains("<Dial"),
            "{answer}"
        );
    }
    leg_ended(&app, &agent, &call, 0).await;
    the_one_row(&agent, &call).await;
    let row = &rows(&agent).await[0];
    assert_eq!(row["replaces"], json!(made_up));
    let detail = agent.json(&format!("/api/calls/{call}")).await;
    let asked = detail["events"].as_array().unwrap();
    let asked = asked
        .iter()
        .find(|event| event["kind"] == "outbound")
        .unwrap();
    assert_eq!(asked["params"]["almasar_answer"], json!(["dial", "hangup"]));
    // Nobody speaks for another agent's attempts.
    let other = app.sign_in("other", Role::Agent).await;
    assert!(
        asks(&app, &other, &call_sid(2), &attempt(&agent, 1))
            .await
            .contains("<Dial")
    );
}

#[tokio::test]
async fn what_was_asked_before_the_report_is_dialled_however_often_twilio_asks() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = call_sid(1);
    let first = asks(&app, &agent, &call, &attempt(&agent, 1)).await;
    assert_eq!(
        reports(&agent, &report(&attempt(&agent, 1), 0)).await,
        call.to_string()
    );
    assert_eq!(asks(&app, &agent, &call, &attempt(&agent, 1)).await, first);
    app.customer_is(&call, 2, "in-progress").await;
    assert_eq!(rows(&agent).await[0]["status"], "in-progress");
    assert_eq!(rows(&agent).await[0]["child_sid"], json!(child_of(&call)));
}

#[tokio::test]
async fn of_several_calls_each_finds_its_own_and_in_doubt_none_is_joined() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    // A minute and half a minute ago: clear.
    for (n, ms_ago) in [(1, 60_000), (2, 30_000)] {
        reports(&agent, &report(&attempt(&agent, n), ms_ago)).await;
    }
    for (n, ms_ago) in [(2, 30_000), (1, 60_000)] {
        leg_ended(&app, &agent, &call_sid(n), ms_ago).await;
    }
    let sids: Vec<_> = rows(&agent)
        .await
        .iter()
        .map(|row| row["sid"].clone())
        .collect();
    assert_eq!(sids, [json!(call_sid(2)), json!(call_sid(1))]);

    // Two within the same second: which is which nobody can tell.
    let hasty = app.sign_in("hasty", Role::Agent).await;
    for n in 3..=4 {
        reports(&hasty, &report(&attempt(&hasty, n), 500)).await;
    }
    for n in 3..=4 {
        leg_ended(&app, &hasty, &call_sid(n), 500).await;
    }
    assert_eq!(rows(&hasty).await.len(), 4);
    // And what is somebody else's is nobody's.
    let other = app.sign_in("other", Role::Agent).await;
    reports(&other, &report(&attempt(&other, 5), 500)).await;
    leg_ended(&app, &agent, &call_sid(5), 500).await;
    assert_eq!((rows(&other).await.len(), rows(&agent).await.len()), (1, 3));
}

#[tokio::test]
async fn through_another_server_it_is_the_same_call_and_late_answers_go_to_it() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = Store::open(&app.running.state.config.database)
        .await
        .unwrap();
    let identity = agent.user.identity();
    let call = call_sid(1);
    let made_up = reports(&agent, &report(&attempt(&agent, 1), 500)).await;
    let leg = Leg {
        side: Side::Parent,
        status: Some(Status::Completed),
        duration_secs: Some(0),
        from: format!("client:{identity}"),
        to: String::new(),
        direction: "inbound".into(),
    };
    let ended = Event {
        key: "0:completed".into(),
        ..Event::ours(&call, Fact::Leg(leg), clock::now() - 500)
    };
    assert!(other.record(ended).await.unwrap().new);
    the_one_row(&agent, &call).await;
    // What was asked about the SID that is no more.
    let made_up = CallSid::parse(&made_up).unwrap();
    let inquired = Event::ours(&made_up, Fact::Inquired, clock::now());
    assert_eq!(other.record(inquired).await.unwrap().call.sid, call);
    let direct = Direct {
        agent: Some(identity.clone()),
        attempt: attempt::sid(&identity, made_up.as_str()),
        ..Direct::default()
    };
    assert_eq!(direct.attempt.as_ref(), Some(&made_up));
    assert_eq!(made_up.as_str(), attempt(&agent, 1));
    let began_at = clock::now();
    let again = Event::ours(&made_up, Fact::Unreached { direct, began_at }, began_at);
    assert_eq!(other.record(again).await.unwrap().call.sid, call);
    assert_eq!(rows(&agent).await.len(), 1);
}

#[tokio::test]
async fn open_pages_are_told_which_row_it_replaces() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut changes = app.running.state.store.changes();
    let made_up = reports(&agent, &report(&attempt(&agent, 1), 500)).await;
    leg_ended(&app, &agent, &call_sid(1), 500).await;
    until("the change is told", || async {
        app.count_calls().await == 1
    })
    .await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push((change.view.sid.to_string(), change.view.replaces.clone()));
    }
    assert!(told.contains(&(made_up.clone(), None)), "{told:?}");
    let replaces = CallSid::parse(&made_up).unwrap();
    assert!(told.contains(&(sid("CA", 1), Some(replaces))), "{told:?}");
}

#[tokio::test]
async fn a_report_that_names_no_attempt_is_a_call_of_its_own() {
    let app = spawn_app().await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = app.sign_in("other", Role::Agent).await;
    let names = [
        json!(null),
        json!(""),
        json!("x".repeat(65)),
        json!("<script>"),
        json!(7),
        json!(attempt(&other, 1)),
    ];
    for name in &names {
        let mut seen = report("", 120_000);
        seen["attempt"] = name.clone();
        reports(&agent, &seen).await;
    }
    assert_eq!(rows(&agent).await.len(), names.len());
}
