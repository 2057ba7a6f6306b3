use super::{Visitor, attribute, parts};
use crate::doctor::{World, account::APP};
use almasar::domain::user::Role;
use reqwest::StatusCode;

const OLD: &str = "https://old.example/voice";

/// An App that points elsewhere in one field.
async fn elsewhere() -> (World, Visitor) {
    let world = World::healthy().await;
    world.account.set_app("voice_url", OLD);
    let admin = Visitor::to(&world, Role::Admin).await;
    (world, admin)
}

/// The name of the plan that the page shows.
fn plan(page: &str) -> &str {
    attribute(page, "name=\"plan\"", "value").expect("a plan")
}

#[tokio::test]
async fn a_right_app_has_nothing_to_mend() {
    let world = World::healthy().await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let page = admin.text("/setup?wait").await;
    assert!(!page.contains("setup-fix"));
    assert!(!page.contains("mend-row"));
}

#[tokio::test]
async fn the_page_shows_before_and_after_and_changes_nothing_until_it_is_told() {
    let (world, admin) = elsewhere().await;
    let page = admin.text("/setup?wait").await;
    let fields = parts(&page, "data-field=");
    assert_eq!(fields.len(), 1, "only what differs");
    let ours = format!("{}/api/calls/twiml/outbound", admin.base);
    let (before, after) = (fields[0].find(OLD), fields[0].find(&ours));
    assert!(before.is_some() && before < after);
    assert!(page.contains("data-testid=\"setup-fix\""));
    assert!(page.contains("action=\"/api/setup/fix\""));
    assert_eq!(world.account.twilio().writes, []);
}

#[tokio::test]
async fn who_agrees_gets_what_was_shown_and_is_told_once() {
    let (world, admin) = elsewhere().await;
    let page = admin.text("/setup?wait").await;
    let answer = admin
        .post("/api/setup/fix", &[("plan", plan(&page))])
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/setup");
    let writes = world.account.twilio().writes.clone();
    assert_eq!(writes.len(), 1);
    let sent: Vec<_> = writes[0].2.keys().map(String::as_str).collect();
    assert_eq!(sent, ["VoiceUrl"]);

    let page = admin.text("/setup?wait").await;
    assert!(page.contains("data-testid=\"setup-told\""));
    assert!(page.contains(&format!("The TwiML App {APP} has been changed")));
    assert!(!page.contains("data-testid=\"setup-fix\""));
    let record = parts(&page, "data-testid=\"mend-row\"");
    assert_eq!(record.len(), 1);
    for kept in [admin.user.email.as_str(), APP, OLD, "Today"] {
        assert!(record[0].contains(kept), "{kept}");
    }
    let later = admin.text("/setup?wait").await;
    assert!(!later.contains("setup-told"), "once");
    assert!(later.contains("mend-row"), "the record stays");
}

#[tokio::test]
async fn an_app_that_has_changed_since_it_was_shown_is_left_alone() {
    let (world, admin) = elsewhere().await;
    let page = admin.text("/setup?wait").await;
    world
        .account
        .set_app("voice_url", "https://another.example/voice");
    for given in [plan(&page), "", "made up"] {
        let answer = admin
            .post("/api/setup/fix", &[("plan", given)])
            .send()
            .await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::SEE_OTHER);
        assert_eq!(world.account.twilio().writes, [], "{given}");
        let page = admin.text("/setup?wait").await;
        assert!(page.contains("Nothing was changed"), "{given}");
    }
}

#[tokio::test]
async fn another_site_cannot_mend_in_our_administrators_name() {
    let (world, admin) = elsewhere().await;
    let page = admin.text("/setup?wait").await;
    for path in ["/api/setup/fix", "/api/setup/test-again"] {
        let answer = admin
            .post(path, &[("plan", plan(&page))])
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let mut request = answer.build().expect("a request");
        let headers = request.headers_mut();
        headers.insert("origin", "https://evil.example".parse().expect("a value"));
        headers.insert("sec-fetch-site", "cross-site".parse().expect("a value"));
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .execute(request)
            .await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(world.account.twilio().writes, []);
}

#[tokio::test]
async fn a_missing_app_is_made_and_the_variable_to_set_is_told() {
    let world = World::with(|world| world.account.twilio().apps.clear()).await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let page = admin.text("/setup?wait").await;
    assert!(page.contains("Make a TwiML App"));
    let answer = admin
        .post("/api/setup/fix", &[("plan", plan(&page))])
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::SEE_OTHER);
    let made = world.account.twilio().apps.keys().next().cloned();
    let made = made.expect("an App");
    let page = admin.text("/setup?wait").await;
    let told = parts(&page, "data-testid=\"setup-told\"");
    assert!(told[0].contains(&format!("TWILIO_TWIML_APP_SID={made}")));
    assert!(
        page.contains("has a TwiML App that points here already"),
        "a second one is not offered"
    );
    assert!(!page.contains("data-testid=\"setup-fix\""));
}

#[tokio::test]
async fn when_twilio_refuses_the_page_says_so() {
    let (world, admin) = elsewhere().await;
    let page = admin.text("/setup?wait").await;
    world.account.twilio().apps.clear();
    world.account.twilio().token = "another";
    world.account.twilio().secret = "another";
    let answer = admin
        .post("/api/setup/fix", &[("plan", plan(&page))])
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::SEE_OTHER);
    let page = admin.text("/setup?wait").await;
    assert!(page.contains("Nothing was mended"));
    assert_eq!(world.account.twilio().writes, []);
}
