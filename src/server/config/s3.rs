//! An S3-compatible store, from the variables that AWS's own tools read. <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use super::{
    ConfigError, Secret,
    parse::{boolean, optional, quoted, secret},
    wrong,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fmt;
use url::Url;

/// A bucket, what lies in front of every key in it, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    pub bucket: String,
    /// Without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
    pub identity: Identity,
    pub region: String,
    /// `None` means AWS itself. Plain http is spoken where this says so, and nowhere else.
    pub endpoint: Option<Url>,
    /// The bucket is part of the host's name and not of the path.
    pub virtual_hosted: bool,
    pub encryption: Option<Encryption>,
}

/// As whom we come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    Key {
        id: String,
        secret: Secret,
        /// Comes with credentials that are lent for a time.
        session_token: Option<Secret>,
    },
    /// The role of the machine or container: what AWS puts into its variables, by name and without what stands in front for a source.
    Role(Vec<(&'static str, String)>),
}

/// Encryption that we ask the store for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With the store's own key.
    Store,
    /// With a key of the key service; `None` for the bucket's own.
    Kms {
        twice: bool,
        key: Option<String>,
        bucket_key: Option<bool>,
    },
    /// With a key that only we have, in base64.
    Ours(Secret),
}

/// Which set of variables: those of the archive, or those of the source of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    Archive,
    /// The same names after `FROM_`.
    Source,
}

/// The names of one set.
struct Names {
    access_key_id: &'static str,
    secret_access_key: &'static str,
    session_token: &'static str,
    region: &'static str,
    default_region: &'static str,
    endpoint_url: &'static str,
    endpoint_url_s3: &'static str,
    virtual_hosted: &'static str,
    encryption: &'static str,
    kms_key: &'static str,
    bucket_key: &'static str,
    customer_key: &'static str,
    /// Without `AWS_` these are the names by which `object_store` knows them, too.
    role: [(&'static str, &'static str); 7],
}

macro_rules! names {
    ($before:literal) => {
        Names {
            access_key_id: concat!($before, "AWS_ACCESS_KEY_ID"),
            secret_access_key: concat!($before, "AWS_SECRET_ACCESS_KEY"),
            session_token: concat!($before, "AWS_SESSION_TOKEN"),
            region: concat!($before, "AWS_REGION"),
            default_region: concat!($before, "AWS_DEFAULT_REGION"),
            endpoint_url: concat!($before, "AWS_ENDPOINT_URL"),
            endpoint_url_s3: concat!($before, "AWS_ENDPOINT_URL_S3"),
            virtual_hosted: concat!($before, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
            encryption: concat!($before, "AWS_SERVER_SIDE_ENCRYPTION"),
            kms_key: concat!($before, "AWS_SSE_KMS_KEY_ID"),
            bucket_key: concat!($before, "AWS_SSE_BUCKET_KEY_ENABLED"),
            customer_key: concat!($before, "AWS_SSE_CUSTOMER_KEY_BASE64"),
            role: names!(role $before,
                "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL_STS",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        }
    };
    (role $before:literal, $($name:literal),*) => { [$(($name, concat!($before, $name))),*] };
}

const ARCHIVE: Names = names!("");
const SOURCE: Names = names!("FROM_");

/// The variables of the archive that may be refused.
pub const VARIABLES: [&str; 12] = [
    ARCHIVE.access_key_id,
    ARCHIVE.secret_access_key,
    ARCHIVE.session_token,
    ARCHIVE.region,
    ARCHIVE.default_region,
    ARCHIVE.endpoint_url,
    ARCHIVE.endpoint_url_s3,
    ARCHIVE.virtual_hosted,
    ARCHIVE.encryption,
    ARCHIVE.kms_key,
    ARCHIVE.bucket_key,
    ARCHIVE.customer_key,
];

impl Variables {
    fn names(self) -> &'static Names {
        match self {
            Self::Archive => &ARCHIVE,
            Self::Source => &SOURCE,
        }
    }

    /// A source of which nothing is said is reached as the archive is: all of its variables are set, or none.
    pub fn of_source(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let n = &SOURCE;
        let set = |name: &str| {
            [name.to_owned(), format!("{name}_FILE")]
                .iter()
                .any(|name| env(name).is_some_and(|text| !text.trim().is_empty()))
        };
        let plain = [
            n.access_key_id,
            n.secret_access_key,
            n.session_token,
            n.region,
            n.default_region,
            n.endpoint_url,
            n.endpoint_url_s3,
            n.virtual_hosted,
            n.encryption,
            n.customer_key,
        ];
        let role = n.role.iter().map(|(_, name)| *name);
        match plain.into_iter().chain(role).any(set) {
            true => Self::Source,
            false => Self::Archive,
        }
    }
}

impl S3 {
    /// `place` is what follows `s3://`, of the variable or flag `from`.
    pub(super) fn build(
        from: &'static str,
        place: &str,
        variables: Variables,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let n = variables.names();
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_matches('/');
        let named = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if bucket.is_empty() || !bucket.chars().all(named) {
            return Err(wrong(
                from,
                "no bucket is called that; write s3://BUCKET/PREFIX",
            ));
        }
        if object_store::path::Path::parse(prefix).is_err() {
            return Err(wrong(
                from,
                "what follows the bucket cannot stand in front of a key: plain folders, as in recordings/calls",
            ));
        }
        let text = |name: &str| env(name).and_then(|text| optional(&text).map(ToOwned::to_owned));
        let endpoint = [n.endpoint_url_s3, n.endpoint_url]
            .into_iter()
            .find_map(|name| Some(endpoint(name, &text(name)?)))
            .transpose()?;
        let region = [n.region, n.default_region]
            .into_iter()
            .find_map(|name| Some(region(name, text(name)?)))
            .transpose()?
            .unwrap_or_else(|| "us-east-1".to_owned());
        Ok(Self {
            identity: identity(n, env, endpoint.is_some())?,
            encryption: encryption(n, env)?,
            virtual_hosted: flag(n.virtual_hosted, env)?.unwrap_or_default(),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint,
            region,
        })
    }
}

/// As it is written in `RECORDINGS_URL`.
impl fmt::Display for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, prefix, .. } = self;
        write!(f, "s3://{bucket}/{prefix}")
    }
}

fn endpoint(name: &'static str, text: &str) -> Result<Url, ConfigError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or_else(|| {
            let text = quoted(text);
            wrong(
                name,
                format!("{text} is not of the form https://host[:port]"),
            )
        })
}

fn region(name: &'static str, text: String) -> Result<String, ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match text.bytes().all(plain) {
        true => Ok(text),
        // Not quoted: what was pasted into the wrong place may be a secret.
        false => Err(wrong(name, "not a region's name, e.g. me-south-1")),
    }
}

fn identity(
    n: &Names,
    env: &dyn Fn(&str) -> Option<String>,
    elsewhere: bool,
) -> Result<Identity, ConfigError> {
    let id = env(n.access_key_id).and_then(|text| optional(&text).map(ToOwned::to_owned));
    let (key, session_token) = (
        secret(n.secret_access_key, env)?,
        secret(n.session_token, env)?,
    );
    match (id, key) {
        (Some(id), Some(secret)) => {
            if !id.bytes().all(|b| b.is_ascii_graphic() && b != b'/') {
                return Err(wrong(n.access_key_id, "not an access key's ID"));
            }
            let printable = |secret: &Secret| secret.expose().bytes().all(|b| b.is_ascii_graphic());
            if session_token
                .as_ref()
                .is_some_and(|token| !printable(token))
            {
                return Err(wrong(n.session_token, "holds blanks or worse"));
            }
            Ok(Identity::Key {
                id,
                secret,
                session_token,
            })
        }
        (Some(_), None) => Err(wrong(
            n.secret_access_key,
            format!("missing, although {} is set", n.access_key_id),
        )),
        (None, Some(_)) => Err(wrong(
            n.access_key_id,
            format!("missing, although {} is set", n.secret_access_key),
        )),
        (None, None) => {
            let role: Vec<_> = n
                .role
                .iter()
                .filter_map(|(known, name)| Some((*known, env(name)?)))
                .filter(|(_, text)| !text.trim().is_empty())
                .collect();
            // A machine's role is AWS's own: elsewhere nobody would answer for us.
            if role.is_empty() && elsewhere {
                return Err(wrong(n.access_key_id, "missing"));
            }
            Ok(Identity::Role(role))
        }
    }
}

fn encryption(
    n: &Names,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Encryption>, ConfigError> {
    let kind = env(n.encryption).and_then(|text| optional(&text).map(ToOwned::to_owned));
    let key = env(n.kms_key).and_then(|text| optional(&text).map(ToOwned::to_owned));
    let bucket_key = flag(n.bucket_key, env)?;
    let ours = secret(n.customer_key, env)?;
    let kind = kind.as_deref();
    let kms = matches!(kind, Some("aws:kms" | "aws:kms:dsse"));
    let only_with = |name, kinds: &str| {
        let encryption = n.encryption;
        wrong(name, format!("is for {encryption}={kinds} only"))
    };
    if !matches!(kind, None | Some("AES256" | "sse-c")) && !kms {
        return Err(wrong(
            n.encryption,
            "is none of AES256, aws:kms, aws:kms:dsse and sse-c",
        ));
    }
    if key.is_some() && !kms {
        return Err(only_with(n.kms_key, "aws:kms or aws:kms:dsse"));
    }
    if key
        .as_ref()
        .is_some_and(|key| !key.bytes().all(|b| b.is_ascii_graphic()))
    {
        return Err(wrong(n.kms_key, "not a key's ID, alias or ARN"));
    }
    if bucket_key.is_some() && !kms {
        return Err(only_with(n.bucket_key, "aws:kms or aws:kms:dsse"));
    }
    if ours.is_some() && kind != Some("sse-c") {
        return Err(only_with(n.customer_key, "sse-c"));
    }
    Ok(match kind {
        None => None,
        Some("sse-c") => {
            let ours = ours.ok_or_else(|| {
                let encryption = n.encryption;
                wrong(
                    n.customer_key,
                    format!("missing, although {encryption} is sse-c"),
                )
            })?;
            match BASE64_STANDARD.decode(ours.expose()) {
                Ok(key) if key.len() == 32 => Some(Encryption::Ours(ours)),
                _ => {
                    return Err(wrong(
                        n.customer_key,
                        "not 32 bytes in base64, as from `openssl rand -base64 32`",
                    ));
                }
            }
        }
        Some(kind) if kms => Some(Encryption::Kms {
            twice: kind == "aws:kms:dsse",
            key,
            bucket_key,
        }),
        Some(_) => Some(Encryption::Store),
    })
}

fn flag(
    name: &'static str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<bool>, ConfigError> {
    env(name)
        .as_deref()
        .and_then(optional)
        .map(|text| boolean(name, text))
        .transpose()
}
