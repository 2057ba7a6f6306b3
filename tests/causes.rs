//! Why a call ended: what the browser reports, what Twilio says when it is asked, and the words that come of it.

use crate::support::{
    ACCOUNT, PUBLIC_URL, Person, TestApp, call_sid, client, of_our_account, sid, signature_of,
    spawn_app_with, stand_in::Answer, until,
};
use almasar::domain::user::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ELSEWHERE: &str = "https://user:secret@old.example.com/voice?key=secret";

fn app_path() -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Applications/AP00000000000000000000000000000001.json")
}

fn app_points_to(app: &TestApp, url: &str) {
    let settings = json!({ "voice_url": url, "voice_method": "POST" });
    app.rest
        .answers("GET", &app_path(), [Answer::json(settings)]);
}

/// What the page posts when the SDK hangs up before anything was heard.
fn unheard() -> Value {
    json!({
        "sid": null, "to": "+966569705616", "code": null, "message": null, "time_to_hangup_ms": 400, "reached_server": false,
        "gave_up": null, "ice": null, "weak": false, "microphone": "granted", "signaling": "registered",
    })
}

async fn report(person: &Person, language: &str, report: &Value) -> (u16, Value) {
    let answer = person
        .request(Method::POST, "/api/calls/diagnostics")
        .header("Accept-Language", language)
        .json(report)
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn asked_in(person: &Person, language: &str, path: &str) -> Value {
    let request = person
        .request(Method::GET, path)
        .header("Accept-Language", language);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.expect("JSON")
}

async fn dials(app: &TestApp, person: &Person, call: &str) {
    let from = format!("client:{}", person.user.identity());
    let params = [("CallSid", call), ("From", &from), ("To", "0569705616")];
    let answer = app.twilio("/api/calls/twiml/outbound", &params).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn an_app_that_points_elsewhere_is_named_with_both_addresses_in_both_languages() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    app_points_to(&app, ELSEWHERE);
    let ours = format!("{PUBLIC_URL}/api/calls/twiml/outbound");
    for (role, link) in [(Role::Agent, Value::Null), (Role::Admin, json!("/setup"))] {
        for (language, title) in [
            (
                "en",
                "Twilio never reached this server: the TwiML App points elsewhere.",
            ),
            (
                "ar",
                "لم تصل Twilio إلى هذا الخادم: تطبيق TwiML يشير إلى عنوان آخر.",
            ),
        ] {
            let person = app.sign_in(&format!("{role}-{language}"), role).await;
            let (status, answer) = report(&person, language, &unheard()).await;
            let cause = &answer["cause"];
            assert_eq!(
                (status, &cause["id"], &cause["title"]),
                (201, &json!("app_elsewhere"), &json!(title))
            );
            let remedy = cause["remedy"].as_str().expect("a remedy");
            assert!(
                remedy.contains("https://old.example.com/voice") && remedy.contains(&ours),
                "{remedy}"
            );
            assert!(!answer.to_string().contains("secret"), "{answer}");
            assert_eq!(cause["link"], link, "{role}");

            // Afterwards: the call's own page, the list, and the other language; Twilio is not asked again.
            let sid = answer["sid"].as_str().expect("a SID");
            let before = app.rest.asked("Applications").len();
            let detail = asked_in(&person, language, &format!("/api/calls/{sid}")).await;
            assert_eq!(
                (&detail["status"], &detail["cause"]),
                (&json!("failed"), cause)
            );
            let list = asked_in(&person, language, "/api/calls").await;
            let row = list["calls"]
                .as_array()
                .expect("calls")
                .iter()
                .find(|call| call["sid"] == sid);
            assert_eq!(&row.expect("the call")["cause"], cause);
            assert_eq!(app.rest.asked("Applications").len(), before);
        }
    }
}

#[tokio::test]
async fn each_way_the_app_may_stand_has_its_own_cause() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let ours = format!("{PUBLIC_URL}/api/calls/twiml/outbound");
    for (n, (answer, expected)) in (1..).zip([
        (
            Answer::json(json!({ "voice_url": "", "voice_method": "POST" })),
            "app_empty",
        ),
        (Answer::json(json!({ "voice_url": null })), "app_empty"),
        (
            Answer::json(json!({ "voice_url": ours, "voice_method": "GET" })),
            "app_asks_by_get",
        ),
        (
            Answer::json(json!({ "voice_url": ours, "voice_method": "POST" })),
            "out_of_reach",
        ),
        (Answer::status(404), "app_missing"),
        (Answer::status(401), "never_reached"),
        (Answer::json(json!("<html>")), "never_reached"),
    ]) {
        let agent = app.sign_in(&format!("agent-{n}"), Role::Agent).await;
        app.rest.answers("GET", &app_path(), [answer]);
        let (_, answer) = report(&agent, "en", &unheard()).await;
        assert_eq!(answer["cause"]["id"], expected, "{n}");
    }
}

#[tokio::test]
async fn a_twilio_that_does_not_answer_holds_nobody_up() {
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let silent = format!("http://{}", nowhere.local_addr().expect("an address"));
    let app = spawn_app_with(&["--public-url", PUBLIC_URL, "--twilio-api-base-url", &silent]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let asked = Instant::now();
    let (_, answer) = report(&agent, "en", &unheard()).await;
    assert!(
        asked.elapsed() < Duration::from_millis(2_200),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(answer["cause"]["id"], "never_reached");
    // And the server stops in good time, though a second attempt is due.
    let stopping = Instant::now();
    app.running.stop().await.expect("stopped");
    assert!(stopping.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_code_that_explains_itself_asks_twilio_nothing() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut seen = unheard();
    seen["code"] = json!(31401);
    let (_, answer) = report(&agent, "en", &seen).await;
    assert_eq!(answer["cause"]["id"], "sdk_31401");
    assert!(app.rest.asked("").is_empty());
}

#[tokio::test]
async fn a_report_without_a_sid_finds_the_call_that_reached_us_after_all() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let call = sid("CA", 1);
    dials(&app, &agent, &call).await;
    let mut seen = unheard();
    seen["code"] = json!(53405);
    let (status, answer) = report(&agent, "en", &seen).await;
    assert_eq!(
        (status, &answer["sid"], &answer["cause"]["id"]),
        (200, &json!(call), &json!("sdk_53405"))
    );
    let list = agent.json("/api/calls").await;
    assert_eq!(list["calls"].as_array().expect("calls").len(), 1);

    // The next call is another, though it is the same number a moment later.
    app_points_to(&app, ELSEWHERE);
    let (status, answer) = report(&agent, "en", &unheard()).await;
    assert_eq!(
        (status, &answer["cause"]["id"]),
        (201, &json!("app_elsewhere"))
    );
}

#[tokio::test]
async fn what_we_answered_and_after_how_long_stands_in_the_row_that_is_written_anyway() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    for (n, to, expected) in [(1, "0569705616", "dial"), (2, "911", "refuse")] {
        let call = sid("CA", n);
        let from = format!("client:{}", agent.user.identity());
        let params = [
            ("CallSid", call.as_str()),
            ("From", &from),
            ("To", to),
            ("almasar_answer", "forged"),
        ];
        app.twilio("/api/calls/twiml/outbound", &params).await;
        let detail = agent.json(&format!("/api/calls/{call}")).await;
        let events = detail["events"].as_array().expect("events");
        assert_eq!(events.len(), 1);
        let said = &events[0]["params"];
        assert_eq!(said["almasar_answer"], json!(["forged", expected]));
        let took: u64 = said["almasar_answer_ms"]
            .as_str()
            .and_then(|ms| ms.parse().ok())
            .expect("milliseconds");
        assert!(took < 1_000);
    }
    let call = sid("CA", 1);
    let params = [("CallSid", call.as_str()), ("DialCallStatus", "completed")];
    app.twilio("/api/calls/twiml/after-dial", &params).await;
    let detail = agent.json(&format!("/api/calls/{call}")).await;
    assert_eq!(detail["events"][1]["params"]["almasar_answer"], "hangup");
    let metrics = client()
        .get(format!("{}{}", app.base, "/metrics"))
        .send()
        .await
        .expect("metrics");
    assert!(
        metrics
            .text()
            .await
            .expect("text")
            .contains("almasar_twiml_answer_seconds")
    );
}

#[tokio::test]
async fn a_call_that_the_network_failed_is_explained_by_twilios_alert_without_anybody_asking() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (call, child) = (sid("CA", 1), sid("CA", 2));
    let alert = |code: &str, about: &str| json!({ "error_code": code, "resource_sid": about });
    let alerts = json!({ "alerts": [alert("11200", &sid("CA", 9)), alert("13227", &call)] });
    app.rest
        .answers("GET", "/v1/Alerts", [Answer::json(alerts)]);
    dials(&app, &agent, &call).await;
    let params = [
        ("CallSid", child.as_str()),
        ("ParentCallSid", &call),
        ("CallStatus", "failed"),
        ("SequenceNumber", "2"),
        ("SipResponseCode", "403"),
    ];
    assert_eq!(
        app.twilio("/api/calls/webhook/status", &params)
            .await
            .status(),
        204
    );
    until("the cause is known", || async {
        asked_in(&agent, "en", "/api/calls").await["calls"][0]["cause"]["id"] == "country_blocked"
    })
    .await;
    assert!(
        app.rest.asked("Applications").is_empty(),
        "the App was asked for and answered"
    );
    let since = &app.rest.asked("/v1/Alerts")[0].path;
    assert!(since.contains("StartDate=20"), "{since}");
}

#[tokio::test]
async fn the_sip_code_tells_a_number_that_does_not_exist() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let (call, child) = (sid("CA", 1), sid("CA", 2));
    dials(&app, &agent, &call).await;
    let params = [
        ("CallSid", child.as_str()),
        ("ParentCallSid", &call),
        ("CallStatus", "failed"),
        ("SequenceNumber", "2"),
        ("SipResponseCode", "404"),
    ];
    app.twilio("/api/calls/webhook/status", &params).await;
    let detail = asked_in(&agent, "en", &format!("/api/calls/{call}")).await;
    assert_eq!(detail["cause"]["id"], "number_unknown");
    assert!(app.rest.asked("").is_empty(), "there was nothing to ask");
}

#[tokio::test]
async fn a_refused_request_of_this_very_call_is_the_cause() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let other = app.sign_in("other", Role::Agent).await;
    app_points_to(&app, &format!("{PUBLIC_URL}/api/calls/twiml/outbound"));
    let from = format!("client:{}", agent.user.identity());
    let plain = PUBLIC_URL.replace("https", "http");
    let path = "/api/calls/twiml/outbound";
    let call = sid("CA", 1);
    let params = [("CallSid", &*call), ("From", &from), ("To", "0569705616")];
    let signature = signature_of(&format!("{plain}{path}"), &of_our_account(&params));
    let answer = app.forged(path, &params, Some(&signature)).await;
    assert_eq!(answer.status(), 403);
    let (_, answer) = report(&agent, "en", &unheard()).await;
    assert_eq!(answer["cause"]["id"], "signature_refused");
    let remedy = answer["cause"]["remedy"].as_str().expect("a remedy");
    assert!(
        remedy.contains(&format!("{plain}/api/calls/twiml/outbound"))
            && remedy.contains(PUBLIC_URL),
        "{remedy}"
    );
    // Somebody else's call at the same time is another matter.
    let (_, answer) = report(&other, "en", &unheard()).await;
    assert_eq!(answer["cause"]["id"], "out_of_reach");
}

#[tokio::test]
async fn what_a_browser_reports_cannot_speak_in_our_name() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    let mut forged = unheard();
    forged["almasar_refused_request"] = json!("https://evil.example/");
    let (_, answer) = report(&agent, "en", &forged).await;
    assert_eq!(answer["cause"]["id"], "app_missing");
    assert!(!answer.to_string().contains("evil"));
}

#[tokio::test]
async fn a_call_that_ended_well_has_no_cause() {
    let app = spawn_app_with(&["--public-url", PUBLIC_URL]).await;
    let agent = app.sign_in("agent", Role::Agent).await;
    app.answered_call(&call_sid(1), &agent.user).await;
    let detail = agent.json(&format!("/api/calls/{}", sid("CA", 1))).await;
    assert_eq!(
        (&detail["status"], &detail["cause"]),
        (&json!("completed"), &Value::Null)
    );
}
