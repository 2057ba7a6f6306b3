//! An S3-compatible store, with bounds on how long it may be waited for. <https://docs.rs/object_store>

use crate::server::config::{
    S3,
    s3::{Encryption, Identity},
};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    prefix::PrefixStore,
};
use std::{sync::Arc, time::Duration};

const CONNECT: Duration = Duration::from_secs(3);
/// Without a byte from the other side. An upload says nothing until all of its part is there, so this is also what a part may take.
const SILENCE: Duration = Duration::from_secs(60);
/// Not for a store that is down, which is tried again by whoever has work for it: for a connection that broke, and a store that is asked too much.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        base: 2.0,
    },
    max_retries: 3,
    retry_timeout: Duration::from_secs(10),
};

pub fn connect(s3: &S3) -> object_store::Result<Arc<dyn ObjectStore>> {
    let plain = s3
        .endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.scheme() == "http");
    // There is no limit on the whole of a request: an agent may listen to a long recording as slowly as they like.
    let client = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(CONNECT)
        .with_read_timeout(SILENCE)
        .with_timeout_disabled();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_virtual_hosted_style_request(s3.virtual_hosted)
        // One object is deleted at a time, by the request that every such store knows.
        .with_disable_bulk_delete(true)
        .with_client_options(client)
        .with_retry(RETRY);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    builder = match &s3.identity {
        Identity::Key {
            id,
            secret,
            session_token,
        } => {
            let builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret.expose());
            match session_token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        Identity::Role(variables) => variables
            .iter()
            .try_fold(builder, |builder, (name, text)| {
                set(builder, &name.to_ascii_lowercase(), text)
            })?,
    };
    builder = match &s3.encryption {
        None => builder,
        Some(Encryption::Store) => set(builder, "aws_server_side_encryption", "AES256")?,
        Some(Encryption::Kms {
            twice,
            key,
            bucket_key,
        }) => {
            let kind = if *twice { "aws:kms:dsse" } else { "aws:kms" };
            builder = set(builder, "aws_server_side_encryption", kind)?;
            if let Some(key) = key {
                builder = set(builder, "aws_sse_kms_key_id", key)?;
            }
            match bucket_key {
                Some(enabled) => builder.with_bucket_key(*enabled),
                None => builder,
            }
        }
        Some(Encryption::Ours(key)) => builder.with_ssec_encryption(key.expose()),
    };
    let store = builder.build()?;
    Ok(match s3.prefix.as_str() {
        "" => Arc::new(store),
        prefix => Arc::new(PrefixStore::new(store, prefix)),
    })
}

/// By the name under which `object_store` knows a setting: the variable's, in lower case.
fn set(builder: AmazonS3Builder, name: &str, value: &str) -> object_store::Result<AmazonS3Builder> {
    Ok(builder.with_config(name.parse::<AmazonS3ConfigKey>()?, value))
}
