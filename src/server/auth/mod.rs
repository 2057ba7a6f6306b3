//! Who is asking: passwords, sessions, and the guards that routes ask for by type.

pub mod guard;
pub mod password;
pub mod session;
pub mod throttle;

use super::{
    error::{Error, Result},
    state::AppState,
    store::StoreError,
};
use crate::domain::user::{Role, User};
use rand::distr::{Alphanumeric, SampleString};
use std::net::IpAddr;
use throttle::Who;

/// What came of an attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    Welcome(User),
    /// The address or the password is wrong.
    Wrong,
    /// Too many were wrong of late: neither was looked at.
    TooMany {
        wait_secs: u64,
    },
}

/// Checks an e-mail address and a password, for somebody at `address`. An unknown e-mail address costs as much time as a wrong password.
pub async fn sign_in(
    state: &AppState,
    email: &str,
    password: &str,
    address: Option<IpAddr>,
    now: i64,
) -> Result<SignIn> {
    let email = normal_email(email);
    let who = Who {
        email: &email,
        address,
    };
    if let Err(wait_secs) = state.throttle.admit(who, now) {
        return Ok(SignIn::TooMany { wait_secs });
    }
    let stored = state.store.user_by_email(&email).await?;
    let stored = stored.filter(|stored| !stored.disabled);
    let hash = stored.as_ref().map(|stored| stored.password_hash.clone());
    let right = password::verify(password.to_owned(), hash).await?;
    Ok(match stored {
        Some(stored) if right => {
            state.throttle.forgive(who);
            SignIn::Welcome(stored.user)
        }
        _ => SignIn::Wrong,
    })
}

/// Adds a user, with the password given or one that is made and returned.
pub async fn add_user(
    state: &super::store::Store,
    email: &str,
    role: Role,
    password: Option<String>,
    now: i64,
) -> Result<(User, String)> {
    let email = normal_email(email);
    let name = match email.split_once('@') {
        Some((name, domain))
            if !name.is_empty()
                && domain.contains(|c: char| c.is_alphanumeric())
                && !email.contains(char::is_whitespace) =>
        {
            name.to_owned()
        }
        _ => {
            return Err(Error::bad_request(format!(
                "{email:?} is no e-mail address"
            )));
        }
    };
    let password = match password {
        Some(password) => password::acceptable(password)?,
        None => Alphanumeric.sample_string(&mut rand::rng(), 20),
    };
    let user = User {
        id: session::random_hex(8),
        email,
        name,
        role,
    };
    let hash = password::hash(password.clone()).await?;
    match state.insert_user(&user, &hash, now).await {
        Err(StoreError::EmailTaken) => Err(Error::conflict(format!(
            "there is a user {} already",
            user.email
        ))),
        other => Ok(other.map(|()| (user, password))?),
    }
}

fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}
