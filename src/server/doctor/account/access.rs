//! Asks Twilio with each credential, and keeps what every other check needs to know of the answers.

use super::{
    super::{Check, Examination, Found, trouble::Trouble},
    judge::{Credential, Seen, judge},
};
use crate::server::twilio::{TwilioError, access::Answer};
use std::time::Duration;
use tokio::time::timeout;

/// What the credentials open, by check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Access {
    pub twilio: Found,
    pub account: Found,
    pub auth_token: Found,
    pub api_key: Found,
    pub clock: Found,
    /// Whether the account's resources can be read; if not, which check says why.
    pub opens: Result<(), Check>,
}

pub(in super::super) async fn ask(examination: &Examination) -> Access {
    let (config, client) = (
        &examination.installation.config.twilio,
        &examination.installation.twilio,
    );
    let limit = examination.limits.answer;
    let account = config.account_sid.as_ref().map(ToString::to_string);
    // What the configuration's check has found wrong already is not tried.
    let usable = |name: &str| !examination.spoiled.contains(name);
    let token = account
        .as_deref()
        .zip(config.auth_token.as_ref())
        .filter(|_| usable("TWILIO_AUTH_TOKEN"));
    let key = config.api_key.as_ref().map(ToString::to_string);
    let key = key
        .as_deref()
        .zip(config.api_secret.as_ref())
        .filter(|_| usable("TWILIO_API_SECRET"));

    let (token_opens, key_opens) = tokio::join!(
        async {
            let (user, password) = token?;
            Some(within(limit, client.ask_for_account(user, password)).await)
        },
        async {
            // Without an account there is nothing to ask for.
            let ((user, password), _) = key.zip(account.as_deref())?;
            Some(within(limit, client.ask_for_numbers(user, password)).await)
        }
    );
    let now = examination.time();
    let token_opens = Credential::of(token_opens);
    let key_opens = Credential::of(key_opens);
    let swapped = match (account.as_deref(), config.api_secret.as_ref()) {
        (Some(account), Some(secret)) if token_opens.is_refused() => {
            succeeds(within(limit, client.ask_for_account(account, secret)).await)
        }
        _ => false,
    };
    // A stand-in may have no numbers to show to anybody.
    let numbers_exist = match (&key_opens, token) {
        (Credential::NotThere(_), Some((user, password))) if token_opens.opens() => {
            succeeds(within(limit, client.ask_for_numbers(user, password)).await)
        }
        _ => true,
    };
    let length = |secret: Option<&crate::server::config::Secret>| {
        secret.map_or(0, |secret| secret.expose().chars().count())
    };
    judge(&Seen {
        token: token_opens,
        key: key_opens,
        swapped,
        numbers_exist,
        token_chars: length(config.auth_token.as_ref()),
        secret_chars: length(config.api_secret.as_ref()),
        now,
    })
}

async fn within(
    limit: Duration,
    asked: impl Future<Output = Result<Answer, TwilioError>>,
) -> Result<Answer, Trouble> {
    match timeout(limit, asked).await {
        Ok(answer) => answer.map_err(Trouble::from),
        Err(_) => Err(Trouble::Silent(limit)),
    }
}

fn succeeds(answer: Result<Answer, Trouble>) -> bool {
    answer.is_ok_and(|answer| answer.is_success())
}
