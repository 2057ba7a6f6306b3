//! The mend: only the App, only what differs, with a record.

use super::{World, account::APP, names_only};
use almasar::{
    domain::user::{Role, User},
    server::{
        clock,
        doctor::{
            Installation, Status,
            mend::{self, By, Failed, Plan},
        },
    },
};
use serde_json::{Value, json};

#[tokio::test]
async fn only_what_differs_is_changed_and_who_changed_it_is_kept() {
    let world = World::healthy().await;
    world
        .account
        .set_app("voice_url", "https://user:hidden@old.example/voice");
    world.account.set_app("voice_method", "GET");
    let installation = Installation::of(world.state());
    let Ok(Some(plan)) = mend::plan(&installation).await else {
        panic!("there is something to mend");
    };
    assert_eq!(world.account.twilio().writes, [], "a plan changes nothing");
    let fields: Vec<&str> = plan
        .changes()
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["voice_url", "voice_method"]);

    let user = User {
        id: "u1".into(),
        email: "admin@example.com".into(),
        name: "Admin".into(),
        role: Role::Admin,
    };
    let mended = mend::apply(&installation, &plan, By::User(&user), clock::now())
        .await
        .expect("mended");
    assert!(!mended.to_be_set);
    let writes = world.account.twilio().writes.clone();
    let [(method, path, form)] = &writes[..] else {
        panic!("one write, not {writes:?}");
    };
    assert_eq!(
        (
            method.as_str(),
            path.ends_with(&format!("/Applications/{APP}.json"))
        ),
        ("POST", true)
    );
    let url = format!("{}/api/calls/twiml/outbound", world.env["PUBLIC_URL"]);
    let sent: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(sent, [("VoiceMethod", "POST"), ("VoiceUrl", url.as_str())]);
    assert_eq!(
        world.account.twilio().apps[APP]["sms_url"],
        "https://other.example/sms"
    );

    let mends = world.state().store.mends(10).await.expect("mends");
    assert_eq!(
        (
            mends.len(),
            mends[0].who.as_str(),
            mends[0].application_sid.as_str()
        ),
        (1, "admin@example.com", APP)
    );
    let before: Value = serde_json::from_str(&mends[0].before).expect("JSON");
    let after: Value = serde_json::from_str(&mends[0].after).expect("JSON");
    assert_eq!(
        before,
        json!({ "voice_url": "https://***@old.example/voice", "voice_method": "GET" })
    );
    assert_eq!(after, json!({ "voice_url": url, "voice_method": "POST" }));

    assert_eq!(mend::plan(&installation).await, Ok(None), "it is mended");
    assert!(
        world
            .examined()
            .await
            .iter()
            .all(|report| report.status() == Status::Ok)
    );
}

#[tokio::test]
async fn a_missing_app_is_made_once_and_then_found() {
    let world = World::with(|w| {
        w.env.remove("TWILIO_TWIML_APP_SID");
        w.account.twilio().apps.clear();
    })
    .await;
    let installation = Installation::of(world.state());
    let Ok(Some(plan @ Plan::Create { .. })) = mend::plan(&installation).await else {
        panic!("there is none");
    };
    let made = mend::apply(&installation, &plan, By::CommandLine, clock::now())
        .await
        .expect("made");
    assert!(made.to_be_set);
    assert_eq!(
        world.account.twilio().apps[made.application.as_str()]["friendly_name"],
        "Almasar Calls"
    );
    assert_eq!(
        world.state().store.mends(1).await.expect("mends")[0].who,
        "command line"
    );
    assert_eq!(
        mend::plan(&installation).await,
        Ok(Some(Plan::Adopt {
            application: made.application.clone()
        })),
        "a second one is not made"
    );

    let mut world = world;
    world.set("TWILIO_TWIML_APP_SID", made.application.as_str());
    assert!(
        world
            .examined()
            .await
            .iter()
            .all(|report| report.status() == Status::Ok)
    );
}

#[tokio::test]
async fn a_change_that_nobody_could_look_up_is_not_made() {
    let world = World::healthy().await;
    world.account.set_app("voice_url", "");
    let mut installation = Installation::of(world.state());
    let plan = mend::plan(&installation)
        .await
        .expect("a plan")
        .expect("something to mend");
    installation.store = Err("gone".into());
    let failed = mend::apply(&installation, &plan, By::CommandLine, clock::now()).await;
    assert_eq!(failed, Err(Failed::NoRecord("gone".into())));
    assert_eq!(world.account.twilio().writes, []);
}

#[tokio::test]
async fn alerts_from_before_the_mend_are_no_news() {
    let world = World::healthy().await;
    let alert = |minutes: i64| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        json!({ "error_code": "11200", "resource_sid": APP, "date_created": at.to_string() })
    };
    world.account.twilio().alerts = vec![alert(10)];
    names_only(
        "before",
        &world.examined().await,
        Status::Warning,
        "alerts",
        "alerts",
    );
    world.account.set_app("voice_url", "");
    let installation = Installation::of(world.state());
    let plan = mend::plan(&installation)
        .await
        .expect("a plan")
        .expect("something to mend");
    mend::apply(&installation, &plan, By::CommandLine, clock::now() - 60_000)
        .await
        .expect("mended");
    assert!(
        world
            .examined()
            .await
            .iter()
            .all(|report| report.status() == Status::Ok)
    );
}
