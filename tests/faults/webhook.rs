//! Twilio's requests, as values: made once, sent as often as it takes.

use crate::support::{ACCOUNT, AUTH_TOKEN, PUBLIC_URL, sid};
use almasar::server::{config::Secret, twilio::signature};

pub const OUTBOUND: &str = "/api/calls/twiml/outbound";
pub const AFTER_DIAL: &str = "/api/calls/twiml/after-dial";
pub const STATUS: &str = "/api/calls/webhook/status";
pub const RECORDING: &str = "/api/calls/webhook/recording";

/// What the customer's leg goes through, in order.
pub const PROGRESS: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

/// How long the customer talked, in seconds.
pub const TALKED: i64 = 7;

#[derive(Debug, Clone)]
pub struct Webhook {
    pub path: &'static str,
    pub form: Vec<(String, String)>,
}

impl Webhook {
    pub fn new(path: &'static str, params: &[(&str, &str)]) -> Self {
        let form = std::iter::once(&("AccountSid", ACCOUNT))
            .chain(params)
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        Self { path, form }
    }

    /// The agent's browser calls.
    pub fn outbound(call: u32, identity: &str) -> Self {
        let from = format!("client:{identity}");
        Self::new(
            OUTBOUND,
            &[
                ("CallSid", &sid("CA", call)),
                ("From", &from),
                ("To", "0569705616"),
                ("CallStatus", "ringing"),
                ("Direction", "inbound"),
            ],
        )
    }

    /// The customer's leg has come to `PROGRESS[step]`.
    pub fn progress(call: u32, step: usize) -> Self {
        let number = step.to_string();
        let mut webhook = Self::new(
            STATUS,
            &[
                ("CallSid", &child(call)),
                ("ParentCallSid", &sid("CA", call)),
                ("CallStatus", PROGRESS[step]),
                ("SequenceNumber", &number),
                ("Direction", "outbound-dial"),
                ("From", "+15005550006"),
                ("To", "+966569705616"),
            ],
        );
        if PROGRESS[step] == "completed" {
            webhook = webhook.with("CallDuration", &TALKED.to_string());
        }
        webhook
    }

    pub fn dial(call: u32, status: &str) -> Self {
        Self::new(
            AFTER_DIAL,
            &[
                ("CallSid", &sid("CA", call)),
                ("DialCallSid", &child(call)),
                ("DialCallStatus", status),
                ("DialCallDuration", &TALKED.to_string()),
            ],
        )
    }

    pub fn recording(call: u32, status: &str) -> Self {
        Self::new(
            RECORDING,
            &[
                ("CallSid", &sid("CA", call)),
                ("RecordingSid", &sid("RE", call)),
                ("RecordingStatus", status),
                ("RecordingDuration", &TALKED.to_string()),
                ("RecordingChannels", "2"),
            ],
        )
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn get(&self, name: &str) -> &str {
        self.form
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    pub fn signature(&self) -> String {
        let url = format!("{PUBLIC_URL}{}", self.path);
        signature::sign(&Secret::new(AUTH_TOKEN), &url, &self.form)
    }

    /// The columns of `events` that make it one.
    pub fn key(&self) -> (String, String, String) {
        let (kind, key) = match self.path {
            OUTBOUND => ("outbound", "outbound".to_owned()),
            STATUS => (
                "status",
                format!("{}:{}", self.get("SequenceNumber"), self.get("CallStatus")),
            ),
            RECORDING => (
                "recording",
                format!(
                    "{}:{}",
                    self.get("RecordingSid"),
                    self.get("RecordingStatus")
                ),
            ),
            AFTER_DIAL => (
                "dial",
                format!("{}:{}", self.get("DialCallSid"), self.get("DialCallStatus")),
            ),
            other => unreachable!("{other} is no path of these tests"),
        };
        (self.get("CallSid").to_owned(), kind.to_owned(), key)
    }
}

/// The customer's leg of that call.
pub fn child(call: u32) -> String {
    sid("CA", call).replacen("CA0", "CAc", 1)
}
