//! What Twilio's API answers with, as far as we need it. <https://www.twilio.com/docs/voice/api>

use crate::domain::sid::{CallSid, RecordingSid};
use jiff::{Timestamp, fmt::rfc2822};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// A call leg. <https://www.twilio.com/docs/voice/api/call-resource>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    pub sid: CallSid,
    #[serde(default)]
    pub parent_call_sid: Option<CallSid>,
    /// `queued`, `ringing`, …
    pub status: String,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    /// `inbound`, `outbound-api`, `outbound-dial`, as callbacks have it.
    #[serde(default)]
    pub direction: Option<String>,
    #[serde(default, deserialize_with = "date")]
    pub start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub end_time: Option<Timestamp>,
    /// Seconds.
    #[serde(default, deserialize_with = "integer")]
    pub duration: Option<i64>,
}

/// A recording. <https://www.twilio.com/docs/voice/api/recording>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recording {
    pub sid: RecordingSid,
    /// Of the leg that was recorded: the parent leg for `<Dial record>`.
    #[serde(default)]
    pub call_sid: Option<CallSid>,
    /// `in-progress`, `processing`, `completed`, `absent`, `deleted`, …
    pub status: String,
    /// `DialVerb`, …
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default, deserialize_with = "integer")]
    pub channels: Option<i64>,
    /// Seconds; none while it is being made, which Twilio writes as -1.
    #[serde(default, deserialize_with = "natural")]
    pub duration: Option<i64>,
    #[serde(default, deserialize_with = "date")]
    pub start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub date_created: Option<Timestamp>,
}

/// What `<Dial>`-less calls are made with. <https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    pub from: String,
    pub to: String,
    /// Asked for TwiML when the called party answers.
    pub url: String,
    pub status_callback: String,
    /// How long it rings.
    pub timeout_secs: u16,
}

impl NewCall {
    /// `StatusCallbackEvent` four times: as one text with spaces, Twilio reports the first event only.
    pub(super) fn form(&self) -> Vec<(&'static str, String)> {
        let mut form = vec![
            ("From", self.from.clone()),
            ("To", self.to.clone()),
            ("Url", self.url.clone()),
            ("Method", "POST".to_owned()),
            ("StatusCallback", self.status_callback.clone()),
            ("StatusCallbackMethod", "POST".to_owned()),
            ("Timeout", self.timeout_secs.to_string()),
        ];
        form.extend(
            ["initiated", "ringing", "answered", "completed"]
                .map(|event| ("StatusCallbackEvent", event.to_owned())),
        );
        form
    }
}

/// One page of a list of legs. One that cannot be read makes the whole page unreadable: which leg was overlooked could matter.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CallPage {
    pub calls: Vec<Call>,
}

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RecordingPage {
    pub recordings: Vec<Value>,
    #[serde(default)]
    pub next_page_uri: Option<String>,
}

/// RFC 2822, as the 2010 API writes times; null or empty where there is none.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.filter(|text| !text.is_empty())
        .map(|text| {
            rfc2822::parse(&text)
                .map(|time| time.timestamp())
                .or_else(|_| text.parse())
                .map_err(de::Error::custom)
        })
        .transpose()
}

/// Twilio writes some numbers as text.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

fn natural<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(deserializer)?.filter(|number| *number >= 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_recording_reads_as_twilio_writes_it() {
        let hex = "0123456789abcdef".repeat(2);
        let recording: Recording = serde_json::from_value(json!({
            "sid": format!("RE{hex}"), "call_sid": format!("CA{hex}"), "status": "completed", "source": "DialVerb",
            "channels": 2, "duration": "17", "start_time": "Fri, 14 Oct 2016 21:56:34 +0000", "date_created": null, "price": "-0.00250",
        }))
        .expect("a recording");
        assert_eq!(
            (recording.duration, recording.channels),
            (Some(17), Some(2))
        );
        assert_eq!(
            recording.start_time.map(|time| time.to_string()).as_deref(),
            Some("2016-10-14T21:56:34Z")
        );
    }

    #[test]
    fn a_recording_that_is_being_made_has_no_duration() {
        let sid = format!("RE{}", "0".repeat(32));
        for duration in [json!("-1"), json!(null), json!(""), json!(-1)] {
            let recording: Recording = serde_json::from_value(
                json!({ "sid": sid, "status": "processing", "duration": duration }),
            )
            .expect("a recording");
            assert_eq!(recording.duration, None);
        }
    }

    #[test]
    fn status_events_are_asked_for_one_by_one() {
        let call = NewCall {
            from: "+1".into(),
            to: "+2".into(),
            url: "u".into(),
            status_callback: "s".into(),
            timeout_secs: 30,
        };
        let events: Vec<String> = call
            .form()
            .into_iter()
            .filter(|(name, _)| *name == "StatusCallbackEvent")
            .map(|(_, value)| value)
            .collect();
        assert_eq!(events, ["initiated", "ringing", "answered", "completed"]);
    }
}
