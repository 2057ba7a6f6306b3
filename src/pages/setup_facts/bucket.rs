//! What was read of the bucket in which recordings are kept.

use super::Shown;
use crate::server::config::{
    RecordingsUrl,
    s3::{Encryption, Identity},
};

/// Nothing, where they are kept in a folder.
pub fn facts(recordings: &RecordingsUrl) -> Vec<(&'static str, Shown)> {
    let RecordingsUrl::S3(s3) = recordings else {
        return Vec::new();
    };
    let set_or_not = |set| if set { Shown::Set } else { Shown::NotSet };
    let (key, lent) = match &s3.identity {
        Identity::Key { session_token, .. } => (true, session_token.is_some()),
        Identity::Role(_) => (false, false),
    };
    let encryption = s3.encryption.as_ref().map(|encryption| match encryption {
        Encryption::Store => "AES256",
        Encryption::Kms { twice: false, .. } => "aws:kms",
        Encryption::Kms { twice: true, .. } => "aws:kms:dsse",
        Encryption::Ours(_) => "sse-c",
    });
    let value = |text: Option<String>| text.map_or(Shown::NotSet, Shown::Value);
    vec![
        (
            "AWS_ENDPOINT_URL",
            value(s3.endpoint.as_ref().map(ToString::to_string)),
        ),
        ("AWS_REGION", Shown::Value(s3.region.clone())),
        ("AWS_ACCESS_KEY_ID", set_or_not(key)),
        ("AWS_SECRET_ACCESS_KEY", set_or_not(key)),
        ("AWS_SESSION_TOKEN", set_or_not(lent)),
        (
            "AWS_SERVER_SIDE_ENCRYPTION",
            value(encryption.map(ToOwned::to_owned)),
        ),
    ]
}
