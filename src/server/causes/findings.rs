//! What the log of a call holds that bears on why it ended. Pure: everything comes from what was stored.

use super::sdk::{self, SdkFault};
use crate::{
    domain::{
        call::{Direction, Status},
        view::{CallView, Reason},
    },
    server::store::LoggedEvent,
};
use serde_json::{Map, Value};

/// The names under which our own notes stand among the parameters of an event.
pub mod params {
    /// Of all that stand beside what somebody else reports: nobody else's may begin so.
    pub const PREFIX: &str = "almasar_";
    /// What we answered Twilio: `dial`, `refuse`, `apology` or `hangup`.
    pub use crate::domain::call::ANSWER;
    /// Milliseconds from the request's arrival to the moment at which the answer was known; its commit comes on top, and is bounded.
    pub const ANSWER_MS: &str = "almasar_answer_ms";
    /// A request for this call came and was refused: the URL that it was signed for, or `unknown`.
    pub const REFUSED: &str = "almasar_refused_request";
    /// Where Twilio should ask for TwiML.
    pub const OURS: &str = "almasar_voice_url";

    /// How the TwiML App stands: `ours`, `elsewhere`, `empty`, `missing` or `get`.
    pub const APP: &str = "twiml_app";
    pub const APP_URL: &str = "voice_url";
    /// The codes of Twilio's alerts about the call, with commas.
    pub const ALERTS: &str = "alerts";
    /// The status of Twilio's own record of the call.
    pub const STATUS: &str = "call_status";
}

/// How the TwiML App stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum App {
    /// Not asked, or no answer.
    #[default]
    Unknown,
    Ours,
    Elsewhere {
        theirs: String,
    },
    Empty,
    Missing,
    /// It asks by GET, which our routes do not answer.
    Get,
}

/// What the page itself gave up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    Connecting,
    Signalling,
}

/// What the browser saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Browser {
    pub code: Option<u32>,
    pub gave_up: Option<GaveUp>,
    /// The phone was registered still when it was over: the signalling had not been lost.
    pub registered: bool,
    /// `iceConnectionState` was `failed` or `disconnected` when the fault was raised.
    pub ice_failed: bool,
    /// `denied`: no microphone for this site.
    pub microphone_denied: bool,
}

/// All that is known, as far as it bears on the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    pub status: Status,
    pub reason: Option<Reason>,
    /// The agent's browser placed the call; otherwise the customer's leg came first.
    pub from_page: bool,
    /// Twilio asked for TwiML and got it.
    pub asked: bool,
    /// Twilio reported the other leg, so it obeyed our TwiML.
    pub child_seen: bool,
    /// The last final SIP code of a leg.
    pub sip: Option<u16>,
    /// The agent hung up while it rang.
    pub hung_up: bool,
    pub browser: Option<Browser>,
    pub app: App,
    /// Where Twilio should ask, when the App was looked at.
    pub ours: String,
    pub alerts: Vec<u32>,
    /// Twilio's own record of the call.
    pub twilio_status: Option<Status>,
    /// A request for this call came and its signature was refused; the URL that it was signed for, where that could be told.
    pub refused: Option<Option<String>>,
    /// Twilio has been asked.
    pub inquired: bool,
}

impl Findings {
    pub fn of(call: &CallView, log: &[LoggedEvent]) -> Self {
        let by_rest = log
            .iter()
            .any(|event| matches!(event.kind.as_str(), "made" | "bridge"));
        let mut findings = Self {
            status: call.status,
            reason: call.reason,
            from_page: call.direction == Direction::Outbound && !by_rest,
            asked: false,
            child_seen: call.child_sid.is_some(),
            sip: None,
            hung_up: false,
            browser: None,
            app: App::Unknown,
            ours: String::new(),
            alerts: Vec::new(),
            twilio_status: None,
            refused: None,
            inquired: false,
        };
        for event in log {
            let params = serde_json::from_str(&event.params).unwrap_or_default();
            findings.take(call, event, &Params(params));
        }
        findings
    }

    fn take(&mut self, call: &CallView, event: &LoggedEvent, params: &Params) {
        match event.kind.as_str() {
            "outbound" | "bridge" => self.asked = true,
            "status" => {
                self.child_seen |= event.leg_sid != call.sid.as_str();
                let sip = params.number("SipResponseCode");
                // Provisional codes and a leg that went well explain nothing.
                if let Some(code) = sip.filter(|code| (300..700).contains(code)) {
                    self.sip = u16::try_from(code).ok();
                }
            }
            "dial" => self.child_seen |= params.text("DialCallSid").is_some(),
            "hangup" => self.hung_up = true,
            "diagnostics" => self.browser_saw(params),
            "inquiry" => self.twilio_said(params),
            _ => {}
        }
    }

    fn browser_saw(&mut self, params: &Params) {
        let is = |name, wanted| params.text(name) == Some(wanted);
        self.browser = Some(Browser {
            code: params.number("code").filter(|code| *code > 0),
            gave_up: match params.text("gave_up") {
                Some("connect_timeout") => Some(GaveUp::Connecting),
                Some("connection_lost") => Some(GaveUp::Signalling),
                _ => None,
            },
            registered: is("signaling", "registered"),
            ice_failed: is("ice", "failed") || is("ice", "disconnected"),
            microphone_denied: is("microphone", "denied"),
        });
        if let Some(signed) = params.text(params::REFUSED) {
            self.refused = Some((signed != "unknown").then(|| signed.to_owned()));
        }
        if let Some(ours) = params.text(params::OURS) {
            self.ours = ours.to_owned();
        }
    }

    fn twilio_said(&mut self, params: &Params) {
        self.inquired = true;
        if let Some(ours) = params.text(params::OURS) {
            self.ours = ours.to_owned();
        }
        let theirs = || params.text(params::APP_URL).unwrap_or_default().to_owned();
        match params.text(params::APP) {
            Some("ours") => self.app = App::Ours,
            Some("elsewhere") => self.app = App::Elsewhere { theirs: theirs() },
            Some("empty") => self.app = App::Empty,
            Some("missing") => self.app = App::Missing,
            Some("get") => self.app = App::Get,
            _ => {}
        }
        let alerts = params.text(params::ALERTS).unwrap_or_default();
        let codes = alerts.split(',').map(|code| code.trim().parse::<u32>());
        self.alerts.extend(codes.flatten());
        if let Some(status) = params.text(params::STATUS) {
            self.twilio_status = status.parse().ok();
        }
    }

    /// The SDK's error, with its code.
    pub fn fault(&self) -> Option<(u32, SdkFault)> {
        let browser = self.browser.as_ref()?;
        let code = browser.code?;
        Some(match sdk::fault(code) {
            // The SDK says that it could not get the microphone; the browser says why.
            SdkFault::MicrophoneFailed if browser.microphone_denied => {
                (code, SdkFault::MicrophoneDenied)
            }
            fault => (code, fault),
        })
    }

    pub fn gave_up(&self) -> Option<GaveUp> {
        self.browser.as_ref()?.gave_up
    }

    /// Twilio was never heard to ask what to do with this call from the page.
    pub fn never_asked(&self) -> bool {
        self.from_page && !self.asked && !self.child_seen
    }
}

/// The parameters of an event, as the log has them: of a repeated name the last value counts, since our own notes come last.
struct Params(Map<String, Value>);

impl Params {
    fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        let value = match value {
            Value::Array(values) => values.last()?,
            value => value,
        };
        value.as_str().filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }
}
