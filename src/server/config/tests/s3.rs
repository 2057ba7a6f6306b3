//! A bucket, and how it is reached.

use super::super::s3::{Encryption, Identity, Variables};
use super::*;

const KEY: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "do-not-print"),
];

fn bucket(url: &str, more: &[(&str, &str)]) -> Result<S3, String> {
    let env: Vec<(&str, &str)> = KEY.iter().chain(more).copied().collect();
    match build(&[&format!("--recordings-url={url}")], &env)?.recordings {
        RecordingsUrl::S3(s3) => Ok(*s3),
        RecordingsUrl::File(path) => Err(format!("a folder: {}", path.display())),
    }
}

#[test]
fn a_bucket_is_read_with_its_prefix_and_its_key() {
    let s3 = bucket("s3://calls/a/b/", &[]).expect("valid");
    assert_eq!(
        (s3.bucket.as_str(), s3.prefix.as_str(), s3.region.as_str()),
        ("calls", "a/b", "us-east-1")
    );
    assert!(matches!(s3.identity, Identity::Key { ref id, .. } if id == "AKIAEXAMPLE"));
    assert_eq!((s3.endpoint, s3.encryption), (None, None));
    assert!(bucket("s3://calls", &[]).expect("valid").prefix.is_empty());
}

#[test]
fn what_encrypts_is_read_whole() {
    let kms = [
        ("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms"),
        ("AWS_SSE_KMS_KEY_ID", "alias/calls"),
        ("AWS_SSE_BUCKET_KEY_ENABLED", "true"),
    ];
    let expected = Encryption::Kms {
        twice: false,
        key: Some("alias/calls".into()),
        bucket_key: Some(true),
    };
    assert_eq!(
        bucket("s3://calls", &kms).expect("valid").encryption,
        Some(expected)
    );
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let ours = [
        ("AWS_SERVER_SIDE_ENCRYPTION", "sse-c"),
        ("AWS_SSE_CUSTOMER_KEY_BASE64", key),
    ];
    assert_eq!(
        bucket("s3://calls", &ours).expect("valid").encryption,
        Some(Encryption::Ours(Secret::new(key)))
    );
}

#[test]
fn a_wrong_value_is_one_line_that_names_its_variable_and_shows_no_secret() {
    for (name, more) in [
        (
            "AWS_ENDPOINT_URL",
            &[("AWS_ENDPOINT_URL", "minio:9000")][..],
        ),
        (
            "AWS_ENDPOINT_URL",
            &[("AWS_ENDPOINT_URL", "http://a:do-not-print@minio")],
        ),
        (
            "AWS_ENDPOINT_URL_S3",
            &[("AWS_ENDPOINT_URL_S3", "ftp://minio")],
        ),
        ("AWS_REGION", &[("AWS_REGION", "me south")]),
        (
            "AWS_SERVER_SIDE_ENCRYPTION",
            &[("AWS_SERVER_SIDE_ENCRYPTION", "AES128")],
        ),
        (
            "AWS_SSE_KMS_KEY_ID",
            &[("AWS_SSE_KMS_KEY_ID", "alias/calls")],
        ),
        (
            "AWS_SSE_CUSTOMER_KEY_BASE64",
            &[("AWS_SERVER_SIDE_ENCRYPTION", "sse-c")],
        ),
        (
            "AWS_SSE_CUSTOMER_KEY_BASE64",
            &[
                ("AWS_SERVER_SIDE_ENCRYPTION", "sse-c"),
                ("AWS_SSE_CUSTOMER_KEY_BASE64", "do-not-print"),
            ],
        ),
        (
            "AWS_SSE_BUCKET_KEY_ENABLED",
            &[
                ("AWS_SERVER_SIDE_ENCRYPTION", "aws:kms"),
                ("AWS_SSE_BUCKET_KEY_ENABLED", "perhaps"),
            ],
        ),
        (
            "AWS_SECRET_ACCESS_KEY",
            &[("AWS_SECRET_ACCESS_KEY_FILE", "/no/such/file")],
        ),
        (
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
            &[("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "perhaps")],
        ),
    ] {
        let problem = bucket("s3://calls", more).expect_err(name);
        assert!(
            problem.starts_with(&format!("{name}: ")) && !problem.contains('\n'),
            "{problem}"
        );
        assert!(!problem.contains("do-not-print"), "{problem}");
    }
    for url in ["s3://", "s3:///calls", "s3://calls/../x", "s3://a b/c"] {
        let problem = bucket(url, &[]).expect_err(url);
        assert!(problem.starts_with("RECORDINGS_URL: "), "{problem}");
    }
}

#[test]
fn half_a_key_is_no_key() {
    for (set, missing) in [(0, "AWS_SECRET_ACCESS_KEY"), (1, "AWS_ACCESS_KEY_ID")] {
        let problem = build(&["--recordings-url=s3://calls"], &KEY[set..=set]).expect_err(missing);
        assert!(
            problem.starts_with(&format!("{missing}: missing")),
            "{problem}"
        );
    }
    let elsewhere = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")];
    let problem = build(&["--recordings-url=s3://calls"], &elsewhere).expect_err("no key");
    assert_eq!(problem, "AWS_ACCESS_KEY_ID: missing");
    // On a machine of AWS's its role may do.
    build(&["--recordings-url=s3://calls"], &[]).expect("valid");
}

#[test]
fn a_folder_needs_no_key_and_its_variables_are_nobodys_business() {
    build(&[], &[("AWS_REGION", "me south")]).expect("valid");
}

#[test]
fn a_source_has_variables_of_its_own_or_none() {
    let env = |set: &'static [(&str, &str)]| {
        move |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    };
    let none = env(&[("AWS_ACCESS_KEY_ID", "a")]);
    assert_eq!(Variables::of_source(&none), Variables::Archive);
    let some = env(&[
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("FROM_AWS_ACCESS_KEY_ID", "c"),
    ]);
    assert_eq!(Variables::of_source(&some), Variables::Source);
    let read = RecordingsUrl::read("--from", "s3://old", Variables::Source, &some);
    assert_eq!(
        read.expect_err("half a key").to_string(),
        "FROM_AWS_SECRET_ACCESS_KEY: missing, although FROM_AWS_ACCESS_KEY_ID is set"
    );
}

#[test]
fn the_key_does_not_print() {
    let config = bucket("s3://calls", &[("AWS_SESSION_TOKEN", "do-not-print")]).expect("valid");
    assert!(!format!("{config:?}").contains("do-not-print"));
}
