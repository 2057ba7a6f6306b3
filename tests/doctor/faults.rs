//! One fault at a time: the doctor names that one first, and only that.

use super::{
    World,
    account::{ACCOUNT, APP, KEY, SECRET, TOKEN},
    everything_said, holds_no_secret, names_only,
};
use almasar::{
    i18n::Locale,
    server::doctor::{Check, Status, gravest},
};
use serde_json::json;

pub const OTHER_SECRET: &str = "7Hk2vQx9LmZp4RtYw8NcBs3GdJf6AeUi";

#[tokio::test]
async fn what_is_right_is_said_to_be_right() {
    let world = World::healthy().await;
    let reports = world.examined().await;
    assert_eq!(
        gravest(&reports),
        Status::Ok,
        "{}",
        everything_said(&reports)
    );
    let mut asked: Vec<Check> = reports.iter().map(|report| report.check).collect();
    asked.sort();
    assert_eq!(asked, Check::ALL, "each is reported once");
    assert!(reports.iter().all(|report| report.status() == Status::Ok));
    for report in &reports {
        assert_ne!(report.words(Locale::ar), report.words(Locale::en));
        assert_eq!(report.remedy(Locale::en), None);
    }
    holds_no_secret(&everything_said(&reports));
    assert_eq!(world.account.twilio().writes, []);
}

struct Case {
    name: &'static str,
    set_wrong: fn(&mut World),
    check: &'static str,
    found: &'static str,
    status: Status,
}

fn case(
    name: &'static str,
    check: &'static str,
    found: &'static str,
    set_wrong: fn(&mut World),
) -> Case {
    Case {
        name,
        set_wrong,
        check,
        found,
        status: Status::Problem,
    }
}

fn warning(
    name: &'static str,
    check: &'static str,
    found: &'static str,
    set_wrong: fn(&mut World),
) -> Case {
    Case {
        status: Status::Warning,
        ..case(name, check, found, set_wrong)
    }
}

/// Names only those that one fault of that name may have.
async fn each(cases: Vec<Case>) {
    for case in cases {
        let mut world = World::with(case.set_wrong).await;
        let reports = world.examined().await;
        names_only(case.name, &reports, case.status, case.check, case.found);
        holds_no_secret(&everything_said(&reports));
        assert!(
            reports[0].remedy(Locale::ar).is_some(),
            "{} can be mended",
            case.name
        );
        assert_eq!(reports.len(), Check::ALL.len(), "{}", case.name);
        assert_eq!(
            world.account.twilio().writes,
            [],
            "{} only looks",
            case.name
        );
        world.stop().await;
    }
}

#[tokio::test]
async fn each_fault_of_the_configuration_is_named_and_only_that() {
    each(vec![
        case("no Auth Token", "configuration", "missing", |w| {
            w.env.remove("TWILIO_AUTH_TOKEN");
        }),
        case("no API key", "configuration", "missing", |w| {
            w.env.remove("TWILIO_API_KEY");
        }),
        case("no account", "configuration", "missing", |w| {
            w.env.remove("TWILIO_ACCOUNT_SID");
        }),
        case("no App", "configuration", "missing", |w| {
            w.env.remove("TWILIO_TWIML_APP_SID");
        }),
        case("no caller ID", "configuration", "missing", |w| {
            w.env.remove("TWILIO_CALLER_ID");
        }),
        case(
            "a key where the account belongs",
            "configuration",
            "looks-like-another",
            |w| w.set("TWILIO_ACCOUNT_SID", KEY),
        ),
        case(
            "the account where the token belongs",
            "configuration",
            "looks-like-another",
            |w| w.set("TWILIO_AUTH_TOKEN", ACCOUNT),
        ),
        case(
            "a token where the key belongs",
            "configuration",
            "looks-like-another",
            |w| w.set("TWILIO_API_KEY", TOKEN),
        ),
        case("account and key swapped", "configuration", "swapped", |w| {
            w.set("TWILIO_ACCOUNT_SID", KEY);
            w.set("TWILIO_API_KEY", ACCOUNT);
        }),
        case("App and account swapped", "configuration", "swapped", |w| {
            w.set("TWILIO_ACCOUNT_SID", APP);
            w.set("TWILIO_TWIML_APP_SID", ACCOUNT);
        }),
        case("a SID cut short", "configuration", "wrong-length", |w| {
            w.set("TWILIO_TWIML_APP_SID", &APP[..30])
        }),
        case("a blank within", "configuration", "blanks", |w| {
            w.set("TWILIO_API_KEY", KEY.replacen('3', " ", 1))
        }),
        case("quotation marks", "configuration", "quotes", |w| {
            w.set("TWILIO_AUTH_TOKEN", format!("\"{TOKEN}\""))
        }),
        warning("blanks around", "configuration", "blanks", |w| {
            w.set("TWILIO_AUTH_TOKEN", format!(" {TOKEN}\n"))
        }),
        case(
            "the token as the caller ID",
            "configuration",
            "looks-like-another",
            |w| w.set("TWILIO_CALLER_ID", TOKEN),
        ),
        case("a local caller ID", "configuration", "not-accepted", |w| {
            w.set("TWILIO_CALLER_ID", "0569705616")
        }),
        case("a senseless number", "configuration", "not-accepted", |w| {
            w.set("RING_TIMEOUT_SECS", "-1")
        }),
        case(
            "half an administrator",
            "configuration",
            "not-accepted",
            |w| w.set("ADMIN_EMAIL", "a@example.com"),
        ),
        case("no country", "configuration", "not-accepted", |w| {
            w.set("ALLOWED_COUNTRIES", "Saudi")
        }),
        case("another site's page", "frontend-url", "not-accepted", |w| {
            w.set("FRONTEND_URL", "https://elsewhere.example")
        }),
        case("a bare host", "public-url", "not-accepted", |w| {
            w.set("PUBLIC_URL", "calls.example.com")
        }),
        case("a dead PUBLIC_URL", "public-url", "nobody-listens", |w| {
            w.set("PUBLIC_URL", "http://127.0.0.1:9")
        }),
        case(
            "a password in PUBLIC_URL",
            "public-url",
            "not-accepted",
            |w| {
                w.set(
                    "PUBLIC_URL",
                    format!("https://me:{TOKEN}@calls.example.com"),
                )
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn each_fault_of_the_account_is_named_and_only_that() {
    each(vec![
        case("another account", "account", "not-ours", |w| {
            w.set("TWILIO_ACCOUNT_SID", ACCOUNT.replace('0', "1"))
        }),
        case("a suspended account", "account", "not-active", |w| {
            w.account.twilio().status = "suspended"
        }),
        case("a rotated token", "auth-token", "refused", |w| {
            w.account.twilio().token = "ffffffffffffffffffffffffffffffff"
        }),
        case("token and secret swapped", "auth-token", "swapped", |w| {
            w.set("TWILIO_AUTH_TOKEN", SECRET);
            w.set("TWILIO_API_SECRET", TOKEN);
        }),
        case("a new secret", "api-key", "refused", |w| {
            w.account.twilio().secret = OTHER_SECRET
        }),
        case("a revoked key", "api-key", "refused", |w| {
            w.account.twilio().key = "SKffffffffffffffffffffffffffffffff"
        }),
        case("another account's key", "api-key", "other-account", |w| {
            w.account.twilio().foreign_key = true
        }),
        warning("a restricted key", "api-key", "restricted", |w| {
            w.account.twilio().restricted_key = true
        }),
        case("a clock that runs ahead", "clock", "ahead", |w| {
            w.account.twilio().ahead_secs = -7200
        }),
        case("a clock that runs behind", "clock", "behind", |w| {
            w.account.twilio().ahead_secs = 7200
        }),
        warning("a clock a minute off", "clock", "ahead", |w| {
            w.account.twilio().ahead_secs = -60
        }),
    ])
    .await;
}

#[tokio::test]
async fn each_fault_of_what_calls_need_is_named_and_only_that() {
    each(vec![
        case("an App that points elsewhere", "twiml-app", "points-elsewhere", |w| w.account.set_app("voice_url", "https://old.example/api/calls/twiml/outbound")),
        case("an App without a URL", "twiml-app", "no-voice-url", |w| w.account.set_app("voice_url", "")),
        case("an App that asks by GET", "twiml-app", "differs", |w| w.account.set_app("voice_method", "GET")),
        case("a fallback elsewhere", "twiml-app", "differs", |w| w.account.set_app("voice_fallback_url", "https://old.example/voice")),
        case("no status callback", "twiml-app", "differs", |w| w.account.set_app("status_callback", "")),
        case("a status callback by GET", "twiml-app", "differs", |w| w.account.set_app("status_callback_method", "GET")),
        case("another path", "twiml-app", "differs", |w| {
            let url = format!("{}/voice", w.env["PUBLIC_URL"]);
            w.account.set_app("voice_url", &url);
        }),
        case("another account's App", "twiml-app", "not-in-account", |w| w.account.twilio().apps.clear()),
        case("somebody else's number", "caller-id", "not-ours", |w| w.account.twilio().numbers.clear()),
        case("a number for messages", "caller-id", "no-voice", |w| w.account.twilio().numbers[0]["capabilities"]["voice"] = json!(false)),
        case("a country that is off", "countries", "forbidden", |w| w.account.twilio().permitted.clear()),
        case("one country of two", "countries", "forbidden", |w| w.set("ALLOWED_COUNTRIES", "SA,AE")),
        case("a database that cannot be opened", "database", "cannot-open", |w| {
            let folder = format!("sqlite://{}", w.folder.path().display());
            w.set("DATABASE_URL", folder);
        }),
        case("a database of an unknown kind", "database", "not-accepted", |w| w.set("DATABASE_URL", "mysql://localhost/calls")),
        case("an archive that is a file", "archive", "cannot-write", |w| {
            let file = w.folder.path().join("a file");
            std::fs::write(&file, "").expect("a file");
            w.set("RECORDINGS_URL", format!("file://{}", file.display()));
        }),
        case("half a key to the bucket", "archive", "not-accepted", |w| {
            w.set("RECORDINGS_URL", "s3://calls");
            w.set("AWS_SECRET_ACCESS_KEY", OTHER_SECRET);
        }),
        case("a store where nobody serves", "archive", "unreachable", |w| {
            w.set("RECORDINGS_URL", "s3://calls");
            w.set("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
            w.set("AWS_SECRET_ACCESS_KEY", OTHER_SECRET);
            w.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        }),
        warning("alerts about us", "alerts", "alerts", |w| {
            let url = "https://old.example/api/calls/twiml/outbound";
            let now = jiff::Timestamp::now().to_string();
            w.account.twilio().alerts = vec![
                json!({ "error_code": "11200", "request_url": url, "date_created": now }),
                json!({ "error_code": "13227", "alert_text": "ErrorCode=13227&From=%2B15005550006", "date_created": now }),
                json!({ "error_code": "30007", "request_url": "https://other.example/sms", "date_created": now }),
            ];
        }),
    ])
    .await;
}

#[tokio::test]
async fn how_long_a_refused_secret_is_may_be_said() {
    let world = World::with(|w| w.set("TWILIO_AUTH_TOKEN", &TOKEN[1..])).await;
    let reports = world.examined().await;
    names_only(
        "cut short",
        &reports,
        Status::Problem,
        "auth-token",
        "refused",
    );
    assert!(
        reports[0].words(Locale::en).contains("31 characters"),
        "{}",
        reports[0].words(Locale::en)
    );
    assert!(!everything_said(&reports).contains(&TOKEN[1..]));
}

#[tokio::test]
async fn an_alert_is_explained_in_both_languages_and_other_peoples_are_left_out() {
    let world = World::healthy().await;
    let now = jiff::Timestamp::now().to_string();
    world.account.twilio().alerts = vec![
        json!({ "error_code": "13227", "resource_sid": APP, "date_created": now }),
        json!({ "error_code": "99999", "request_url": "https://other.example/x", "date_created": now }),
    ];
    let reports = world.examined().await;
    let said = [Locale::en, Locale::ar].map(|locale| reports[0].words(locale));
    assert!(
        said[0].contains("13227") && said[0].contains("may not call this country"),
        "{}",
        said[0]
    );
    assert!(said[1].contains("لا يُسمح للحساب بالاتصال"), "{}", said[1]);
    assert!(!said[0].contains("99999"), "{}", said[0]);
}

#[tokio::test]
async fn a_verified_number_will_do_and_what_cannot_be_asked_is_skipped() {
    let world = World::healthy().await;
    {
        let mut twilio = world.account.twilio();
        twilio.numbers.clear();
        twilio.verified = vec!["+15005550006"];
        twilio.only_2010 = true;
    }
    let reports = world.examined().await;
    assert_eq!(
        gravest(&reports),
        Status::Ok,
        "{}",
        everything_said(&reports)
    );
    let skipped: Vec<(&str, &str)> = reports
        .iter()
        .filter(|report| report.status() == Status::Skipped)
        .map(|report| (report.check.id(), report.code()))
        .collect();
    assert_eq!(
        skipped,
        [
            ("countries", "cannot-be-asked"),
            ("alerts", "cannot-be-asked")
        ]
    );
}
