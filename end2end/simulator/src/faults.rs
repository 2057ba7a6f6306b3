//! What goes wrong on purpose: set by `/_control/faults`, consulted where the fault would happen.

use serde::{Deserialize, Serialize};

use crate::webhook::Kind;

/// A fault of one kind of webhook.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookFault {
    /// Never sent (a TwiML request: fails as if nobody listened).
    pub drop: bool,
    /// Sent this many times more.
    pub duplicate: u32,
    /// Sent this much later.
    pub delay_ms: u64,
    /// Sent at a random moment within this window, each on its own, so that they overtake each other.
    pub shuffle_ms: u64,
    /// Signed with a wrong key.
    pub bad_signature: bool,
    /// Applies to this many webhooks only; absent means to all.
    pub times: Option<u32>,
    /// Lets this many through untouched first.
    pub skip: u32,
}

/// A fault of the REST API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestFault {
    /// Requests whose path, after `/2010-04-01/Accounts/{AC}` if it has that, begins so; empty means all.
    pub path: String,
    /// Only this HTTP method.
    pub method: Option<String>,
    /// Answered with this status …
    pub status: u16,
    /// … and this `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Or not answered for this long, and then properly unless `status` is set.
    pub hang_ms: u64,
    /// Applies to this many requests only; absent means to all.
    pub times: Option<u32>,
}

/// Faults of recordings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingFaults {
    /// No recording callback is ever sent; the recording exists.
    pub no_callbacks: bool,
    /// The recording comes to nothing: `absent`.
    pub absent: bool,
    /// The media is 404 for this many requests more.
    pub media_not_found: u32,
    /// The body stops half-way (with the full Content-Length) for this many requests more.
    pub media_truncated: u32,
}

/// Faults of the signalling gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalFaults {
    /// `answer` frames carry no `reconnect` token, so that a lost socket ends the call.
    pub no_reconnect: bool,
    /// `register` is left without `ready`.
    pub no_ready: bool,
}

/// Everything that goes wrong on purpose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// By kind of webhook: `voice`, `status`, `dial`, `recording`, `app-status`, or `all`.
    pub webhooks: std::collections::BTreeMap<String, WebhookFault>,
    /// The first that fits applies.
    pub rest: Vec<RestFault>,
    /// Recordings.
    pub recordings: RecordingFaults,
    /// Signalling.
    pub signal: SignalFaults,
}

impl Faults {
    /// The fault for the next webhook of this kind, counted down.
    pub fn webhook(&mut self, kind: Kind) -> WebhookFault {
        let key = if self.webhooks.contains_key(kind.as_str()) {
            kind.as_str()
        } else {
            "all"
        };
        let Some(fault) = self.webhooks.get_mut(key) else {
            return WebhookFault::default();
        };
        if fault.skip > 0 {
            fault.skip -= 1;
            return WebhookFault::default();
        }
        if !spend(&mut fault.times) {
            return WebhookFault::default();
        }
        fault.clone()
    }

    /// The fault for the next REST request, counted down.
    pub fn rest(&mut self, method: &str, path: &str) -> Option<RestFault> {
        let fits = |fault: &&mut RestFault| {
            path.starts_with(fault.path.as_str())
                && fault
                    .method
                    .as_deref()
                    .is_none_or(|wanted| wanted == method)
                && fault.times != Some(0)
        };
        let fault = self.rest.iter_mut().find(fits)?;
        spend(&mut fault.times).then(|| fault.clone())
    }
}

/// Takes one of what is left; false when nothing is.
fn spend(times: &mut Option<u32>) -> bool {
    match times {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

/// Counts a "how many times more" down; true while it applies.
pub fn take_one(left: &mut u32) -> bool {
    let applies = *left > 0;
    *left = left.saturating_sub(1);
    applies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_wears_out_and_may_start_late() {
        let mut faults: Faults = serde_json::from_value(serde_json::json!({
            "webhooks": {"status": {"drop": true, "times": 1, "skip": 1}},
            "rest": [{"path": "/Calls", "status": 429, "retry_after": 1, "times": 1}],
        }))
        .expect("reads");
        assert!(!faults.webhook(Kind::Voice).drop, "another kind");
        assert!(!faults.webhook(Kind::Status).drop, "skipped");
        assert!(faults.webhook(Kind::Status).drop);
        assert!(!faults.webhook(Kind::Status).drop, "worn out");
        assert!(faults.rest("GET", "/Recordings").is_none());
        assert_eq!(
            faults.rest("POST", "/Calls.json").map(|fault| fault.status),
            Some(429)
        );
        assert!(faults.rest("POST", "/Calls.json").is_none());
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        assert!(serde_json::from_value::<Faults>(serde_json::json!({"webhook": {}})).is_err());
    }
}
