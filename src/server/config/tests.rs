mod s3;

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

fn build(flags: &[&str], secrets: &[(&str, &str)]) -> Result<Config, String> {
    let settings = Flags::parse_from(["almasar"].iter().chain(flags)).settings;
    let env = |name: &str| {
        secrets
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Config::build(&settings, &env).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = build(&[], &[]).expect("valid");
    assert_eq!(config.url("/x"), "http://localhost:3001/x");
    assert_eq!(
        config.database,
        DatabaseUrl::Sqlite("data/almasar.db".into())
    );
    assert_eq!(
        config.recordings,
        RecordingsUrl::File("data/recordings".into())
    );
    assert_eq!(
        (
            config.ring_timeout_secs,
            config.record_calls,
            config.retention_days
        ),
        (30, true, Some(365))
    );
    assert_eq!(config.allowed_countries, Some(vec!["SA".to_owned()]));
}

#[test]
fn a_wrong_value_names_its_variable() {
    for (flag, value) in [
        ("LISTEN_ADDR", "3001"),
        ("PUBLIC_URL", "calls.example.com"),
        ("PUBLIC_URL", "https://user:pw@calls.example.com"),
        ("FRONTEND_URL", "https://elsewhere.example"),
        ("DATABASE_URL", "mysql://x"),
        ("RECORDINGS_URL", "recordings"),
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_API_KEY", "AC00000000000000000000000000000001"),
        ("TWILIO_CALLER_ID", "0569705616"),
        ("TWILIO_EDGE", "Frank furt"),
        ("TWILIO_API_BASE_URL", "api.twilio.com"),
        ("TWILIO_SIGNALING_HOST", "ws://gateway.example:80"),
        ("DEFAULT_COUNTRY", "Saudi"),
        ("ALLOWED_COUNTRIES", "SA,XX1"),
        ("RING_TIMEOUT_SECS", "-1"),
        ("RECORD_CALLS", "maybe"),
        ("RECORDING_RETENTION_DAYS", "1e9"),
        ("TIME_ZONE", "Riyadh"),
    ] {
        let flag_name = format!("--{}={value}", flag.to_lowercase().replace('_', "-"));
        let problem = build(&[&flag_name], &[]).expect_err(flag);
        assert!(
            problem.starts_with(&format!("{flag}: ")) && !problem.contains('\n'),
            "{problem}"
        );
    }
}

#[test]
fn a_path_after_file_is_read_as_a_path() {
    let config = build(&["--recordings-url=file:///var/lib/almasar"], &[]).expect("valid");
    assert_eq!(
        config.recordings,
        RecordingsUrl::File("/var/lib/almasar".into())
    );
}

#[test]
fn secrets_do_not_print() {
    let config = build(&[], &[("TWILIO_AUTH_TOKEN", "do-not-print")]).expect("valid");
    assert!(!format!("{config:?}").contains("do-not-print"));
}
