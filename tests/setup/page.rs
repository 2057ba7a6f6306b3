use super::{Visitor, attribute, parts};
use crate::doctor::World;
use almasar::{domain::user::Role, server::doctor::Check};
use reqwest::{Response, StatusCode};

const ROW: &str = "data-testid=\"check-row\"";

/// Each check with how it stands, in the order of the page; of a row that came again, the last word.
fn standings(page: &str) -> Vec<(String, String)> {
    let mut known: Vec<(String, String)> = Vec::new();
    for row in parts(page, ROW) {
        let check = attribute(row, "data-check", "data-check").expect("a check");
        let status = attribute(row, "data-status", "data-status").expect("a status");
        match known.iter_mut().find(|(name, _)| name == check) {
            Some(row) => row.1 = status.to_owned(),
            None => known.push((check.to_owned(), status.to_owned())),
        }
    }
    known
}

fn standing(page: &str, check: &str) -> String {
    let row = standings(page).into_iter().find(|(name, _)| name == check);
    row.expect("a row").1
}

/// All that has come, and the next piece of it.
async fn more(response: &mut Response, received: &mut Vec<u8>) -> String {
    let piece = response.chunk().await.expect("a piece");
    received.extend_from_slice(&piece.expect("it is not over yet"));
    String::from_utf8_lossy(received).into_owned()
}

#[tokio::test]
async fn only_administrators_open_setup() {
    let world = World::healthy().await;
    for role in [Role::Agent, Role::Manager] {
        let visitor = Visitor::to(&world, role).await;
        for path in ["/setup", "/setup?wait", "/setup/checklist"] {
            assert_eq!(
                visitor.status(path).await,
                StatusCode::FORBIDDEN,
                "{role} {path}"
            );
        }
        for path in ["/api/setup/fix", "/api/setup/test-again"] {
            let asked = visitor.post(path, &[("plan", "x")]).send().await;
            let status = asked.expect("an answer").status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
    let stranger = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let page = stranger
        .get(format!("{}/setup", world.env["PUBLIC_URL"]))
        .send()
        .await;
    let location = page.expect("an answer").headers()["location"].clone();
    assert_eq!(location, "/login?next=%2Fsetup");
}

#[tokio::test]
async fn a_check_is_shown_as_soon_as_it_is_made() {
    let world = World::with(|world| world.account.twilio().silent = Some("/Alerts")).await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let mut response = admin
        .get("/setup")
        .header("accept-encoding", "br, gzip")
        .send()
        .await
        .expect("an answer");
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let policy = response.headers()["content-security-policy"].clone();

    let mut received = Vec::new();
    let mut page = String::new();
    while !page.contains("</html>") {
        page = more(&mut response, &mut received).await;
    }
    assert_eq!(standings(&page).len(), Check::ALL.len());
    assert_eq!(standing(&page, "alerts"), "running");
    while ["database", "twiml-app", "public-url"]
        .iter()
        .any(|check| standing(&page, check) == "running")
    {
        page = more(&mut response, &mut received).await;
    }
    assert_eq!(standing(&page, "database"), "ok");
    assert_eq!(standing(&page, "twiml-app"), "ok");
    assert_eq!(standing(&page, "alerts"), "running");
    assert!(!page.contains("data-testid=\"setup-verdict\""));

    let nonce = attribute(&page, "<script", "nonce").expect("a nonce");
    assert!(
        policy
            .to_str()
            .expect("text")
            .contains(&format!("'nonce-{nonce}'"))
    );
    for script in parts(&page, "<script") {
        let own = format!(" nonce=\"{nonce}\"");
        assert!(script.starts_with(&own), "{}", &script[..60]);
    }
}

#[tokio::test]
async fn without_javascript_the_page_comes_whole() {
    let world = World::healthy().await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let streamed = admin.text("/setup").await;
    assert!(
        streamed.contains("<noscript><meta http-equiv=\"refresh\" content=\"0;url=/setup?wait\"")
    );
    let whole = admin.text("/setup?wait").await;
    assert!(!whole.contains("<noscript><meta"), "it would ask for ever");
    assert!(!whole.contains("<template"));
    let ok = |check: &Check| (check.id().to_owned(), "ok".to_owned());
    let mut wanted: Vec<_> = Check::ALL.iter().map(ok).collect();
    let mut found = standings(&whole);
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    assert!(whole.contains("All is well"));
}

#[tokio::test]
async fn what_is_wrong_is_named_at_the_top_with_a_link_to_its_row() {
    let world = World::with(|world| {
        world
            .account
            .set_app("voice_url", "https://old.example/voice");
        world.account.twilio().status = "active";
    })
    .await;
    let admin = Visitor::to(&world, Role::Admin).await;
    let page = admin.text("/setup?wait").await;
    let verdict = page
        .find("data-testid=\"setup-verdict\"")
        .expect("a verdict");
    let rows = page.find(ROW).expect("rows");
    let link = page.find("href=\"#check-twiml-app\"").expect("a link");
    assert!(verdict < link && link < rows);
    assert_eq!(
        attribute(&page, "setup-verdict", "data-status"),
        Some("problem")
    );
    assert!(page.contains("1 problem"));
    assert!(page.contains("id=\"check-twiml-app\""));
    assert_eq!(standing(&page, "twiml-app"), "problem");
    for secret in ["TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET"] {
        assert!(!page.contains(&world.env[secret]), "{secret}");
    }
}
