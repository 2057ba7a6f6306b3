//! Passwords: Argon2id at OWASP's figures (19 MiB, 2 passes, 1 lane), off the async threads, two at a time so that a flood of
//! log-ins cannot take the memory or the cores that calls need.

use crate::server::error::{Error, Result};
use anyhow::Context;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use std::sync::LazyLock;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// OWASP asks for 8 at the least and advises 15; NIST would have 64 accepted at the least.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Verified against when there is no such user, so that the answer takes as long.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody").ok());

fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    Ok(argon2()
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("argon2: {error}"))?
        .to_string())
}

/// Refuses what is too short to keep anybody out, or too long to be a password.
pub fn acceptable(password: String) -> Result<String> {
    match LENGTHS.contains(&password.chars().count()) {
        true => Ok(password),
        false => Err(Error::bad_request(format!(
            "a password has {} to {} characters",
            LENGTHS.start(),
            LENGTHS.end()
        ))),
    }
}

/// The PHC string to store.
pub async fn hash(password: String) -> anyhow::Result<String> {
    let _permit = AT_ONCE.acquire().await?;
    spawn_blocking(move || hash_now(&password))
        .await
        .context("hashing a password")?
}

/// Whether this is the password of which `stored` is the hash. Takes as long for `None`.
pub async fn verify(password: String, stored: Option<String>) -> anyhow::Result<bool> {
    if password.len() > *LENGTHS.end() * 4 {
        return Ok(false);
    }
    let _permit = AT_ONCE.acquire().await?;
    spawn_blocking(move || verify_now(&password, stored))
        .await
        .context("verifying a password")
}

fn verify_now(password: &str, stored: Option<String>) -> bool {
    let known = stored.is_some();
    let Some(phc) = stored.or_else(|| NOBODY.clone()) else {
        return false;
    };
    let right = PasswordHash::new(&phc)
        .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
    known && right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_opens() {
        let stored = hash("correct horse".into()).await.expect("hashes");
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            verify("correct horse".into(), Some(stored.clone()))
                .await
                .expect("verifies")
        );
        assert!(
            !verify("correct horsf".into(), Some(stored))
                .await
                .expect("verifies")
        );
        assert!(!verify("nobody".into(), None).await.expect("verifies"));
    }

    #[test]
    fn an_unknown_user_costs_as_much_as_a_wrong_password() {
        let cost = |phc: &str| phc.rsplitn(3, '$').nth(2).map(str::to_owned);
        let stored = hash_now("correct horse").expect("hashes");
        let nobody = NOBODY.clone().expect("a hash of nobody");
        assert_eq!(cost(&nobody), cost(&stored));
        assert_eq!(
            cost(&stored).as_deref(),
            Some("$argon2id$v=19$m=19456,t=2,p=1")
        );
        assert!(!verify_now("nobody", None));
    }

    #[tokio::test]
    async fn a_password_of_a_megabyte_is_refused_before_it_is_hashed() {
        assert!(!verify("x".repeat(1 << 20), None).await.expect("verifies"));
    }
}
