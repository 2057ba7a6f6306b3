//! `almasar doctor`, as it is called.

use super::{
    LIMITS, World,
    account::{APP, SECRET, TOKEN},
    holds_no_secret,
};
use almasar::{
    i18n::Locale,
    server::doctor::command::{Options, Terminal, perform},
};
use serde_json::{Value, json};
use std::{io::Cursor, process::Stdio};

const PLAIN: Options = Options {
    fix: false,
    yes: false,
    json: false,
};
const FIX: Options = Options { fix: true, ..PLAIN };
const FIX_YES: Options = Options { yes: true, ..FIX };
const JSON: Options = Options {
    json: true,
    ..PLAIN
};

struct Said {
    code: u8,
    text: String,
}

/// With somebody who types that, or nobody.
async fn doctor(world: &World, options: Options, typed: Option<&str>, locale: Locale) -> Said {
    let mut out = Vec::new();
    let mut input = Cursor::new(typed.unwrap_or_default().as_bytes().to_vec());
    let mut terminal = Terminal {
        out: &mut out,
        input: &mut input,
        interactive: typed.is_some(),
        colour: false,
        locale,
    };
    let code = perform(
        options,
        &world.settings(),
        &|name| world.secret(name),
        LIMITS,
        &mut terminal,
    )
    .await
    .expect("performed");
    let text = String::from_utf8(out).expect("text");
    holds_no_secret(&text);
    Said { code, text }
}

async fn points_elsewhere() -> World {
    let world = World::healthy().await;
    world
        .account
        .set_app("voice_url", "https://old.example/voice");
    world
}

#[tokio::test]
async fn all_is_well_and_the_exit_code_says_so() {
    let world = World::healthy().await;
    let said = doctor(&world, PLAIN, None, Locale::en).await;
    assert_eq!(said.code, 0, "{}", said.text);
    assert!(
        said.text
            .contains("✓ TwiML App: The TwiML App points at this server.")
            && said.text.ends_with("All is well.\n"),
        "{}",
        said.text
    );
    let said = doctor(&world, PLAIN, None, Locale::ar).await;
    assert!(said.text.ends_with("كل شيء سليم.\n"), "{}", said.text);
}

#[tokio::test]
async fn a_fault_is_told_with_its_difference_and_its_remedy_in_either_language() {
    let world = points_elsewhere().await;
    let said = doctor(&world, PLAIN, None, Locale::en).await;
    assert_eq!(said.code, 1);
    let ours = format!("{}/api/calls/twiml/outbound", world.env["PUBLIC_URL"]);
    for part in [
        "✗ TwiML App",
        "points at https://old.example and not",
        "voice_url",
        "https://old.example/voice",
        &ours,
        "almasar doctor --fix",
    ] {
        assert!(
            said.text.contains(part),
            "{part:?} is missing from {}",
            said.text
        );
    }
    let said = doctor(&world, PLAIN, None, Locale::ar).await;
    assert!(
        said.text
            .contains("يشير إلى https://old.example لا إلى هذا الخادم"),
        "{}",
        said.text
    );
    assert_eq!(world.account.twilio().writes, []);
}

#[tokio::test]
async fn a_mend_is_shown_asked_for_and_checked_again() {
    let world = points_elsewhere().await;
    let said = doctor(&world, FIX, Some("no\n"), Locale::en).await;
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (1, 0),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("Do this at Twilio? [y/N]")
            && said.text.contains("Nothing was changed."),
        "{}",
        said.text
    );

    let said = doctor(&world, FIX, Some("نعم\n"), Locale::ar).await;
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (0, 1),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("https://old.example/voice") && said.text.contains("كل شيء سليم."),
        "{}",
        said.text
    );
}

#[tokio::test]
async fn without_anybody_to_ask_nothing_is_changed_unless_yes_was_said_before() {
    let world = points_elsewhere().await;
    let said = doctor(&world, FIX, None, Locale::en).await;
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (2, 0),
        "{}",
        said.text
    );
    assert!(said.text.contains("--yes"), "{}", said.text);
    let said = doctor(&world, FIX_YES, None, Locale::en).await;
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (0, 1),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("Checking again.") && said.text.contains("All is well."),
        "{}",
        said.text
    );
    let said = doctor(&world, FIX_YES, None, Locale::en).await;
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (0, 1),
        "there is nothing left: {}",
        said.text
    );
}

#[tokio::test]
async fn what_may_not_be_mended_is_left_alone() {
    for set_wrong in [
        (|w: &mut World| w.account.twilio().numbers.clear()) as fn(&mut World),
        |w| w.account.twilio().permitted.clear(),
        |w| w.account.twilio().token = "ffffffffffffffffffffffffffffffff",
        |w| w.account.twilio().status = "suspended",
        |w| w.set("PUBLIC_URL", "calls.example.com"),
    ] {
        let world = World::with(set_wrong).await;
        let said = doctor(&world, FIX_YES, None, Locale::en).await;
        assert_eq!(said.code, 1, "{}", said.text);
        assert!(
            said.text.contains("nothing that this command may mend")
                || said.text.contains("Mend PUBLIC_URL first"),
            "{}",
            said.text
        );
        assert_eq!(world.account.twilio().writes, [], "{}", said.text);
    }
}

#[tokio::test]
async fn the_app_is_pointed_at_no_address_that_is_wrong() {
    let mut world = World::healthy().await;
    let other = super::fronts::answering((200, &[], "<h1>Welcome</h1>")).await;
    world.set("PUBLIC_URL", other);
    let said = doctor(&world, FIX_YES, None, Locale::en).await;
    assert_eq!(said.code, 1, "{}", said.text);
    assert!(said.text.contains("Mend PUBLIC_URL first"), "{}", said.text);
    assert_eq!(world.account.twilio().writes, []);
}

#[tokio::test]
async fn the_app_may_be_pointed_here_before_the_server_runs() {
    let mut world = World::healthy().await;
    world.stop().await;
    world.account.point_app_at("https://old.example");
    let said = doctor(&world, FIX_YES, None, Locale::en).await;
    // Nothing listens yet, which is said.
    assert_eq!(
        (said.code, world.account.twilio().writes.len()),
        (1, 1),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("the server is not running"),
        "{}",
        said.text
    );
}

#[tokio::test]
async fn the_document_for_machines_has_its_keys_and_what_was_mended() {
    let world = points_elsewhere().await;
    let said = doctor(&world, JSON, None, Locale::en).await;
    let document: Value = serde_json::from_str(&said.text).expect("one document");
    assert_eq!(
        (said.code, &document["status"], &document["mend"]),
        (1, &json!("problem"), &Value::Null)
    );
    let first = &document["checks"][0];
    assert_eq!(
        (&first["check"], &first["group"], &first["found"]),
        (
            &json!("twiml-app"),
            &json!("calls"),
            &json!("points-elsewhere")
        )
    );
    assert_eq!(first["changes"][0]["before"], "https://old.example/voice");
    assert!(first["took_ms"].is_u64() && first["remedy"].is_string());
    assert_eq!(document["checks"].as_array().map(Vec::len), Some(15));

    let said = doctor(
        &world,
        Options { json: true, ..FIX },
        Some("y\n"),
        Locale::en,
    )
    .await;
    let document: Value = serde_json::from_str(&said.text).expect("one document");
    assert_eq!(
        (said.code, &document["mend"]["applied"]),
        (2, &json!(false))
    );

    let said = doctor(
        &world,
        Options {
            json: true,
            ..FIX_YES
        },
        None,
        Locale::en,
    )
    .await;
    let document: Value = serde_json::from_str(&said.text).expect("one document");
    assert_eq!(
        (said.code, &document["status"]),
        (0, &json!("ok")),
        "{document}"
    );
    let mend = &document["mend"];
    assert_eq!(
        (&mend["plan"], &mend["applied"], &mend["application"]),
        (&json!("change"), &json!(true), &json!(APP))
    );
}

#[tokio::test]
async fn an_app_that_was_made_is_named_for_the_environment() {
    let world = World::with(|w| w.account.twilio().apps.clear()).await;
    let said = doctor(&world, FIX_YES, None, Locale::en).await;
    // The environment names the old one still.
    assert_eq!(said.code, 1, "{}", said.text);
    let made = world
        .account
        .twilio()
        .apps
        .keys()
        .next()
        .cloned()
        .expect("an App");
    assert!(
        said.text.contains(&format!("TWILIO_TWIML_APP_SID={made}")),
        "{}",
        said.text
    );
    let said = doctor(
        &world,
        Options {
            json: true,
            ..FIX_YES
        },
        None,
        Locale::en,
    )
    .await;
    let document: Value = serde_json::from_str(&said.text).expect("one document");
    assert_eq!(
        document["mend"]["set"],
        json!({ "TWILIO_TWIML_APP_SID": made })
    );
    assert_eq!(
        (&document["mend"]["plan"], world.account.twilio().apps.len()),
        (&json!("adopt"), 1)
    );
}

/// The program itself, with everything logged.
async fn program(
    world: &World,
    args: &[&str],
    more: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_almasar"));
    command
        .env_clear()
        .envs(&world.env)
        .envs(more.iter().copied())
        .arg("doctor")
        .args(args);
    command
        .current_dir(world.folder.path())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("joined")
        .expect("started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn the_program_says_it_on_standard_output_and_nothing_secret_anywhere() {
    let world = points_elsewhere().await;
    let (code, out, log) = program(&world, &["--json"], &[("RUST_LOG", "trace")]).await;
    assert_eq!(code, Some(1), "{log}");
    assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    assert!(!log.is_empty(), "everything is logged");
    for secret in [TOKEN, SECRET] {
        assert!(!out.contains(secret) && !log.contains(secret));
    }

    let (code, out, log) = program(&world, &["--fix", "--yes"], &[("LANG", "ar_SA.UTF-8")]).await;
    assert_eq!((code, log.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("كل شيء سليم."), "{out}");
}

#[tokio::test]
async fn the_program_explains_a_configuration_that_the_server_refuses() {
    let mut world = World::healthy().await;
    world.set("TWILIO_ACCOUNT_SID", TOKEN);
    let (code, out, log) = program(&world, &[], &[]).await;
    assert_eq!(code, Some(1), "{out}{log}");
    assert!(
        out.contains("TWILIO_ACCOUNT_SID holds what looks like an Auth Token"),
        "{out}"
    );
    assert!(!out.contains(TOKEN) && !log.contains(TOKEN));
}

#[tokio::test]
async fn wrong_usage_is_told_from_a_problem() {
    let world = World::healthy().await;
    for args in [&["--yes"][..], &["--mend"], &["now"]] {
        let (code, _, log) = program(&world, args, &[]).await;
        assert_eq!(code, Some(2), "{log}");
    }
    let (code, help, _) = program(&world, &["--help"], &[]).await;
    assert_eq!(code, Some(0));
    assert!(
        help.contains("--json prints one document") && !help.contains(SECRET),
        "{help}"
    );
}
