//! What one credential opens: a single question, asked once and with that credential only, so that each can be judged by itself.

use super::{
    client::{Client, Result, body},
    error::TwilioError,
};
use crate::server::config::Secret;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header;
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Twilio's answer, whatever its status; only what is no answer of Twilio's is an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Twilio's error code, where it gives one.
    pub code: Option<i64>,
    /// Twilio's clock, by its `Date` header.
    pub date: Option<Timestamp>,
    pub took: Duration,
    body: Value,
}

/// The account itself. Its auth token, which Twilio sends along, is not read.
/// <https://www.twilio.com/docs/iam/api/account>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    #[serde(default)]
    pub friendly_name: String,
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// `Full` or `Trial`.
    #[serde(default, rename = "type")]
    pub kind: String,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn account(&self) -> Option<Account> {
        self.is_success()
            .then(|| Account::deserialize(&self.body).ok())?
    }
}

impl Client {
    /// Asks for the account as `user` with `password`. Only the auth token opens it; an API key does not.
    pub async fn ask_for_account(&self, user: &str, password: &Secret) -> Result<Answer> {
        self.ask_as(user, password, &self.resource(".json")?).await
    }

    /// Asks for the account's numbers, which an API key opens too.
    pub async fn ask_for_numbers(&self, user: &str, password: &Secret) -> Result<Answer> {
        let path = self.resource("/IncomingPhoneNumbers.json?PageSize=1")?;
        self.ask_as(user, password, &path).await
    }

    async fn ask_as(&self, user: &str, password: &Secret, path: &str) -> Result<Answer> {
        let begun = Instant::now();
        let response = self.once(user, password, path).await?;
        let status = response.status().as_u16();
        let date = response
            .headers()
            .get(header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(http_date);
        let bytes = body(response).await?;
        if status == 429 || status >= 500 {
            return Err(TwilioError::refused(status, &bytes));
        }
        let body: Value = serde_json::from_slice(&bytes)
            .map_err(|_| TwilioError::Unreadable(format!("HTTP {status} without JSON")))?;
        Ok(Answer {
            status,
            code: body["code"].as_i64(),
            date,
            took: begun.elapsed(),
            body,
        })
    }
}

/// RFC 9110's preferred form of a date is RFC 2822 but for its zone, `GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).map(|time| time.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_read() {
        let date = http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(http_date("yesterday"), None);
    }
}
