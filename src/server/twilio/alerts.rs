//! What Twilio's debugger shows. <https://www.twilio.com/docs/usage/monitor-alert>

use super::client::{Client, Result, Service};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// One error or warning that Twilio noted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Alert {
    /// One of <https://www.twilio.com/docs/api/errors>.
    #[serde(deserialize_with = "code")]
    pub error_code: i64,
    /// The call, message or other thing that it befell.
    #[serde(default)]
    pub resource_sid: Option<String>,
    /// The URL that Twilio asked, if it asked one.
    #[serde(default)]
    pub request_url: Option<String>,
    /// A form: `ErrorCode=…&Msg=…`.
    #[serde(default)]
    pub alert_text: Option<String>,
    #[serde(default)]
    pub date_created: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Page {
    alerts: Vec<Value>,
}

impl Client {
    /// The newest hundred since then. `None` where Twilio has no such resource.
    pub async fn alerts_since(&self, since: Timestamp) -> Result<Option<Vec<Alert>>> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let query = [("StartDate", since.as_str()), ("PageSize", "100")];
        let page = self
            .get_from::<Page>(Service::Monitor, "/v1/Alerts", &query)
            .await;
        match page {
            Ok(page) => Ok(Some(page.alerts.into_iter().filter_map(readable).collect())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// One alert that we cannot read does not hide the others.
fn readable(alert: Value) -> Option<Alert> {
    serde_json::from_value(alert).ok()
}

/// Twilio writes it as text.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| de::Error::custom("an alert without a code"))
}
