//! One leg of a call: a Twilio Call resource.

use jiff::Timestamp;

use crate::dates::rfc2822;
use crate::sid::Sid;
use crate::twiml::Callback;

/// Twilio's CallStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Made, not yet ringing; the `initiated` event.
    Queued,
    /// The other side is being told.
    Ringing,
    /// Answered.
    InProgress,
    /// Was answered, is over.
    Completed,
    /// The other side was busy or declined.
    Busy,
    /// Could not be connected.
    Failed,
    /// Rang in vain.
    NoAnswer,
    /// The caller gave up first.
    Canceled,
}

impl Status {
    /// As the REST API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Over for good?
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }

    /// The event that announces it, as `statusCallbackEvent` names it.
    fn event(self) -> &'static str {
        match self {
            Self::Queued => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "answered",
            _ => "completed",
        }
    }

    /// The SIP response that Twilio reports with a final status.
    fn sip_code(self) -> &'static str {
        match self {
            Self::Busy => "486",
            Self::Failed => "503",
            Self::NoAnswer => "480",
            Self::Canceled => "487",
            _ => "200",
        }
    }
}

/// How a leg came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a browser to Twilio.
    Inbound,
    /// Made by `POST /Calls`.
    OutboundApi,
    /// Made by `<Dial>`.
    OutboundDial,
}

impl Direction {
    /// As Twilio writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// Who is on a leg, apart from Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// A browser, by identity.
    Client(String),
    /// A simulated phone, by number.
    Phone(String),
}

impl Party {
    /// `client:IDENTITY` or a number.
    pub fn parse(address: &str) -> Self {
        match address.strip_prefix("client:") {
            Some(identity) => Self::Client(identity.to_owned()),
            None => Self::Phone(address.to_owned()),
        }
    }
}

/// One leg.
#[derive(Clone, Debug)]
pub struct Leg {
    /// `CA…`.
    pub sid: Sid,
    /// The leg that dialled this one.
    pub parent: Option<Sid>,
    /// How it came about.
    pub direction: Direction,
    /// Who is on it.
    pub party: Party,
    /// `From`.
    pub from: String,
    /// `To`.
    pub to: String,
    /// Where it stands.
    pub status: Status,
    /// When it was made.
    pub created: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Where its progress is told.
    pub callback: Callback,
    /// Callbacks told so far.
    pub sequence: u32,
    /// Digits that this party pressed.
    pub digits: String,
    /// The TwiML App, for a call from a browser.
    pub application: Option<Sid>,
}

impl Leg {
    /// A leg that is about to be made.
    pub fn new(
        direction: Direction,
        party: Party,
        from: String,
        to: String,
        now: Timestamp,
    ) -> Self {
        Self {
            sid: Sid::new("CA"),
            parent: None,
            direction,
            party,
            from,
            to,
            status: Status::Queued,
            created: now,
            answered: None,
            ended: None,
            callback: Callback::default(),
            sequence: 0,
            digits: String::new(),
            application: None,
        }
    }

    /// Is it a browser's?
    pub fn is_client(&self) -> bool {
        matches!(self.party, Party::Client(_))
    }

    /// Seconds from answer to end, rounded; 0 if never answered.
    pub fn duration_secs(&self) -> u64 {
        match (self.answered, self.ended) {
            (Some(answered), Some(ended)) => {
                (ended.duration_since(answered).as_secs_f64().max(0.0)).round() as u64
            }
            _ => 0,
        }
    }

    /// The parameters that every request about this leg carries.
    pub fn parameters(&self, account_sid: &str) -> Vec<(String, String)> {
        let status = match self.status {
            Status::Queued if self.direction != Direction::Inbound => "initiated",
            other => other.as_str(),
        };
        let mut params = vec![
            ("AccountSid".to_owned(), account_sid.to_owned()),
            ("ApiVersion".to_owned(), "2010-04-01".to_owned()),
            ("CallSid".to_owned(), self.sid.to_string()),
            ("CallStatus".to_owned(), status.to_owned()),
            ("Called".to_owned(), self.to.clone()),
            ("Caller".to_owned(), self.from.clone()),
            ("Direction".to_owned(), self.direction.as_str().to_owned()),
            ("From".to_owned(), self.from.clone()),
            ("To".to_owned(), self.to.clone()),
        ];
        if let Some(application) = &self.application {
            params.push(("ApplicationSid".to_owned(), application.to_string()));
        }
        if let Some(parent) = &self.parent {
            params.push(("ParentCallSid".to_owned(), parent.to_string()));
        }
        params
    }

    /// The progress callback for the status just reached, if it was asked for.
    pub fn progress(&mut self, account_sid: &str, now: Timestamp) -> Option<Vec<(String, String)>> {
        self.callback.url.as_ref()?;
        let event = self.status.event();
        let wanted = match self.callback.events.as_slice() {
            [] => event == "completed",
            events => events.iter().any(|wanted| wanted == event),
        };
        if !wanted {
            return None;
        }
        let mut params = self.parameters(account_sid);
        let mut push = |key: &str, value: String| params.push((key.to_owned(), value));
        push("CallbackSource", "call-progress-events".to_owned());
        push("SequenceNumber", self.sequence.to_string());
        push("Timestamp", rfc2822(now));
        if self.status.is_terminal() {
            let seconds = self.duration_secs();
            push("CallDuration", seconds.to_string());
            push("Duration", seconds.div_ceil(60).to_string());
            if self.direction != Direction::Inbound {
                push("SipResponseCode", self.status.sip_code().to_owned());
            }
        }
        self.sequence += 1;
        Some(params)
    }
}
