//! What is known of a call: of the one that is on, and of the one that ended last.

use super::Message;
use crate::domain::{
    call::Status,
    view::{CauseView, Reason},
};

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Incoming,
    Connecting,
    Ringing,
    /// The customer has answered.
    Talking,
}

/// What the quality monitor of the SDK complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// High round-trip time, jitter, loss, low MOS, lost ICE.
    WeakConnection,
    /// The microphone gives no change of level.
    SilentMicrophone,
}

/// A cause from the SDK or the browser. Codes: <https://www.twilio.com/docs/api/errors>
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub code: u32,
    pub message: String,
    /// `iceConnectionState` when it was raised: the SDK lets go of the connection right after.
    pub ice: Option<String>,
}

impl Fault {
    pub fn is_expired(&self) -> bool {
        matches!(self.code, 20104 | 31205)
    }

    /// The token is no good (any more): its key may have been changed.
    pub fn is_invalid(&self) -> bool {
        matches!(self.code, 20101 | 31204)
    }

    /// The token, the key or the TwiML App is wrong: an administrator mends it.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self.code,
            20101 | 20151 | 20157 | 31001 | 31002 | 31201 | 31202 | 31204 | 31207 | 31404
        )
    }

    pub fn is_microphone(&self) -> bool {
        matches!(self.code, 31401 | 31402 | 31208)
    }

    /// The network, or Twilio's edge.
    pub fn is_connection(&self) -> bool {
        matches!(
            self.code,
            31000 | 31003 | 31005 | 31009 | 53000..=53001 | 53405
        )
    }
}

/// What the SDK says of one call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// `connect()` resolved: the SDK has the call.
    Connected,
    /// `connect()` rejected or threw.
    Failed(Fault),
    Ringing {
        sid: Option<String>,
        early_media: bool,
    },
    /// Twilio answered: the customer, or a voice that says why not.
    Accepted {
        sid: Option<String>,
    },
    Disconnected,
    /// The caller gave up before we answered.
    Cancelled,
    Rejected,
    Error {
        fault: Fault,
        closed: bool,
    },
    /// The SDK looks for another way for the sound.
    MediaLost,
    /// The SDK calls again on a new signalling socket.
    Reconnecting,
    Reconnected,
    /// The signalling socket closed.
    TransportClosed,
    /// Once a second: did any sound come in it?
    Sound(bool),
    Muted(bool),
    Warning(Warning),
    WarningCleared(Warning),
}

/// What the server's record says, as far as the phone cares.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub sid: String,
    /// The name of the page's attempt that became this call.
    pub attempt: Option<String>,
    pub child_sid: Option<String>,
    pub status: Status,
    pub reason: Option<Reason>,
    pub cause: Option<CauseView>,
}

/// What the browser saw of a call that ended badly.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub sid: Option<String>,
    pub attempt: Option<String>,
    pub to: String,
    pub code: Option<u32>,
    pub message: Option<String>,
    pub time_to_hangup_ms: f64,
    /// How long ago it ended.
    pub ended_ms_ago: f64,
    /// Did any word of this call reach the page from the server?
    pub reached_server: bool,
    /// What the page itself gave up on: `connect_timeout` or `connection_lost`.
    pub gave_up: Option<&'static str>,
    pub ice: Option<String>,
    /// The SDK complained of the connection.
    pub weak: bool,
}

/// The call that is on.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub n: u32,
    pub incoming: bool,
    /// E.164, or as the SDK gave it.
    pub number: String,
    pub stage: Stage,
    pub sid: Option<String>,
    /// By which the server's record is known before the SDK has told the SID.
    pub(super) attempt: Option<String>,
    pub muted: bool,
    pub(super) signalling_lost: bool,
    /// The SDK has a token by which to call again on a new socket.
    pub(super) can_return: bool,
    pub(super) media_lost: bool,
    /// Sound has come, and then none for a second: the network is gone, whether or not the browser knows.
    pub(super) quiet: bool,
    /// Sound came in the last second.
    pub(super) sounding: bool,
    pub weak: bool,
    pub silent_microphone: bool,
    /// When the far end answered, by the page's clock.
    pub answered_at: Option<f64>,
    /// The digits that were sent.
    pub tones: String,
    pub(super) accepted: bool,
    pub(super) connected: bool,
    pub(super) ringing_heard: bool,
    pub(super) early_media: bool,
    pub(super) by_us: bool,
    pub(super) started_at: f64,
    pub(super) fault: Option<Fault>,
    pub(super) record: Option<Record>,
}

impl Call {
    pub(super) fn new(
        n: u32,
        incoming: bool,
        number: String,
        sid: Option<String>,
        now: f64,
    ) -> Self {
        Self {
            n,
            incoming,
            number,
            stage: if incoming {
                Stage::Incoming
            } else {
                Stage::Connecting
            },
            sid,
            attempt: None,
            muted: false,
            signalling_lost: false,
            can_return: false,
            media_lost: false,
            quiet: false,
            sounding: false,
            weak: false,
            silent_microphone: false,
            answered_at: None,
            tones: String::new(),
            accepted: false,
            connected: incoming,
            ringing_heard: false,
            early_media: false,
            by_us: false,
            started_at: now,
            fault: None,
            record: None,
        }
    }

    pub(super) fn wants_ringback(&self) -> bool {
        self.stage == Stage::Ringing
            && self.ringing_heard
            && !self.early_media
            && !self.accepted
            && !self.signalling_lost
    }

    /// It is on, and something that it needs is away.
    pub(super) fn is_cut(&self) -> bool {
        self.signalling_lost || self.media_lost || self.quiet
    }

    /// The SDK has given it up without a word, and holds on to it all the same: its device takes no other call.
    pub(super) fn is_stranded(&self) -> bool {
        self.signalling_lost && !self.can_return && self.stage != Stage::Incoming
    }

    pub(super) fn lose_media(&mut self) {
        self.media_lost = true;
        self.sounding = false;
    }

    /// The SDK goes by ICE, which can be through a restart before the SDK looks again: it then says "reconnecting" until the call ends.
    /// A whole second of sound says that the media are back.
    pub(super) fn hear(&mut self, sound: bool) {
        if sound {
            self.media_lost &= !self.sounding;
            self.quiet = false;
        } else {
            self.quiet |= self.sounding && self.accepted;
        }
        self.sounding = sound;
    }

    pub(super) fn can_send_tones(&self) -> bool {
        self.accepted || self.early_media
    }

    pub(super) fn talk(&mut self, now: f64) {
        self.stage = Stage::Talking;
        self.answered_at.get_or_insert(now);
    }
}

/// A call that is over: its words may still change while the server learns more.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    pub n: u32,
    pub number: String,
    pub(super) incoming: bool,
    pub(super) sid: Option<String>,
    pub(super) attempt: Option<String>,
    pub(super) by_us: bool,
    pub(super) fault: Option<Fault>,
    pub(super) record: Option<Record>,
    /// The SDK's object is let go, the report is sent.
    pub(super) settled: bool,
    pub(super) missed: bool,
    pub(super) answered: bool,
    pub(super) lasted_ms: f64,
    pub(super) ended_at: f64,
    /// What the page itself gave up on.
    pub(super) gave_up: Option<&'static str>,
    pub(super) weak: bool,
}

impl Last {
    /// The words, when there are any: the cause or the refusal that the record names, then its outcome, then a fault of the browser.
    pub(super) fn words(&self) -> Option<Message> {
        if self.incoming && !self.answered && (self.missed || self.by_us) {
            return Some(if self.by_us {
                Message::Declined
            } else {
                Message::Missed
            });
        }
        let status = self
            .record
            .as_ref()
            .map(|r| r.status)
            .filter(|s| s.is_terminal());
        if let Some(cause) = self.record.as_ref().and_then(|r| r.cause.clone()) {
            return Some(Message::Explained(cause));
        }
        if let Some(reason) = self.record.as_ref().and_then(|r| r.reason) {
            return Some(Message::Refused(reason));
        }
        match (status, &self.fault) {
            (Some(status), None) => Some(Message::Outcome(status)),
            (Some(status), Some(_)) if status != Status::Failed && status != Status::Canceled => {
                Some(Message::Outcome(status))
            }
            (_, Some(fault)) => Some(Message::Fault(fault.clone())),
            (None, None) if self.by_us => Some(Message::YouEnded),
            (None, None) => None,
        }
    }
}
