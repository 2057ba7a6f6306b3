//! A call, from the key that is pressed to the words that say how it ended.

use super::{CONNECT_MS, ENDED_MS, Effect, Message, OUTCOME_MS, State, Timer};
use crate::domain::{
    call::{Direction, Status},
    phone::PhoneNumber,
    view::{CallView, Reason},
};
use serde::Serialize;

/// With no word from the stream, the server is asked this long after it should have come.
const ASK_MS: u32 = 4_000;
/// A call that the record says is over and the SDK keeps: the customer hung up, or a refusal is being spoken.
const LINGER_MS: u32 = 5_000;
const SPOKEN_MS: u32 = 25_000;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    pub code: u32,
    pub message: String,
}

impl Fault {
    pub fn is_expired(&self) -> bool {
        matches!(self.code, 20104 | 31205)
    }

    /// The token, the key or the TwiML App is wrong: an administrator mends it.
    pub fn is_configuration(&self) -> bool {
        matches!(self.code, 20101 | 20151 | 20157 | 31001 | 31002 | 31201 | 31202 | 31204 | 31207 | 31404)
    }

    pub fn is_microphone(&self) -> bool {
        matches!(self.code, 31401 | 31402 | 31208)
    }

    /// The network, or Twilio's edge.
    pub fn is_connection(&self) -> bool {
        matches!(self.code, 31000 | 31003 | 31005 | 31009 | 53000..=53001 | 53405)
    }
}

/// What the SDK says of one call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// `connect()` resolved: the SDK has the call.
    Connected,
    /// `connect()` rejected or threw.
    Failed(Fault),
    Ringing { sid: Option<String>, early_media: bool },
    /// Twilio answered: the customer, or a voice that says why not.
    Accepted { sid: Option<String> },
    Disconnected,
    /// The caller gave up before we answered.
    Cancelled,
    Rejected,
    Error { fault: Fault, closed: bool },
    Reconnecting,
    Reconnected,
    /// The signalling socket closed.
    TransportClosed,
    Muted(bool),
    Warning(Warning),
    WarningCleared(Warning),
}

/// What the server's record says, as far as the phone cares.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub sid: String,
    pub child_sid: Option<String>,
    pub outbound: bool,
    pub to: String,
    pub status: Status,
    pub reason: Option<Reason>,
    /// A recording is mentioned: an older call than one that begins now.
    pub recorded: bool,
}

impl From<&CallView> for Record {
    fn from(view: &CallView) -> Self {
        Self {
            sid: view.sid.to_string(),
            child_sid: view.child_sid.as_ref().map(ToString::to_string),
            outbound: view.direction == Direction::Outbound,
            to: view.to.clone(),
            status: view.status,
            reason: view.reason,
            recorded: view.recording.is_some(),
        }
    }
}

/// What the browser saw of a call that ended badly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub sid: Option<String>,
    pub to: String,
    pub code: Option<u32>,
    pub message: Option<String>,
    pub time_to_hangup_ms: f64,
    /// Did any word of this call reach the page from the server?
    pub reached_server: bool,
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
    pub muted: bool,
    pub reconnecting: bool,
    pub weak: bool,
    pub silent_microphone: bool,
    /// When the far end answered, by the page's clock.
    pub answered_at: Option<f64>,
    /// The digits that were sent.
    pub tones: String,
    pub(super) accepted: bool,
    connected: bool,
    ringing_heard: bool,
    early_media: bool,
    by_us: bool,
    started_at: f64,
    fault: Option<Fault>,
    record: Option<Record>,
}

impl Call {
    fn new(n: u32, incoming: bool, number: String, sid: Option<String>, now: f64) -> Self {
        Self {
            n,
            incoming,
            number,
            stage: if incoming { Stage::Incoming } else { Stage::Connecting },
            sid,
            muted: false,
            reconnecting: false,
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
        self.stage == Stage::Ringing && self.ringing_heard && !self.early_media && !self.accepted && !self.reconnecting
    }

    pub(super) fn can_send_tones(&self) -> bool {
        self.accepted || self.early_media
    }

    fn talk(&mut self, now: f64) {
        self.stage = Stage::Talking;
        self.answered_at.get_or_insert(now);
    }
}

/// A call that is over: its words may still change while the server learns more.
#[derive(Debug, Clone, PartialEq)]
pub struct Last {
    pub n: u32,
    pub number: String,
    incoming: bool,
    sid: Option<String>,
    by_us: bool,
    fault: Option<Fault>,
    record: Option<Record>,
    /// The SDK's object is let go, the report is sent.
    settled: bool,
    missed: bool,
    lasted_ms: f64,
}

impl Last {
    /// The words, when there are any: what the server refused, then the record's outcome, then a cause from the browser.
    fn words(&self) -> Option<Message> {
        let status = self.record.as_ref().map(|r| r.status).filter(|s| s.is_terminal());
        if let Some(reason) = self.record.as_ref().and_then(|r| r.reason) {
            return Some(Message::Refused(reason));
        }
        match (status, &self.fault) {
            (Some(status), None) => Some(Message::Outcome(status)),
            (Some(status), Some(_)) if status != Status::Failed && status != Status::Canceled => Some(Message::Outcome(status)),
            (_, Some(fault)) => Some(Message::Fault(fault.clone())),
            (None, None) if self.missed => Some(Message::Missed),
            (None, None) if self.by_us => Some(if self.incoming { Message::Declined } else { Message::YouEnded }),
            (None, None) => None,
        }
    }
}

impl State {
    pub(super) fn place(&mut self, now: f64, out: &mut Vec<Effect>) {
        if self.call.is_some() {
            return;
        }
        if !self.may_call() || self.token_expired(now) {
            if !self.message.as_ref().is_some_and(Message::is_about_the_line) {
                self.message = Some(Message::NotReady);
            }
            if self.token_expired(now) {
                self.rebuild(out);
            }
            return;
        }
        match PhoneNumber::parse(&self.typed, &self.plan) {
            Err(problem) => self.message = Some(Message::Number(problem)),
            Ok(number) => {
                let n = self.begin(out);
                let to = String::from(number);
                self.call = Some(Call::new(n, false, to.clone(), None, now));
                out.push(Effect::Connect { n, to });
                out.push(Effect::Start(Timer::Connect(n), CONNECT_MS));
            }
        }
    }

    fn begin(&mut self, out: &mut Vec<Effect>) -> u32 {
        if let Some(last) = self.last.take() {
            self.seen.extend(last.sid);
            self.seen.extend(last.record.map(|r| r.sid));
            let excess = self.seen.len().saturating_sub(16);
            self.seen.drain(..excess);
            if !last.settled {
                out.push(Effect::Release { n: last.n });
            }
        }
        self.message = None;
        self.leave_ended();
        self.keypad = false;
        let n = self.next;
        self.next += 1;
        n
    }

    pub(super) fn incoming(&mut self, n: u32, sid: Option<String>, from: String, now: f64, out: &mut Vec<Effect>) {
        if self.call.is_some() {
            out.push(Effect::Reject { n });
            self.next = self.next.max(n + 1);
            return;
        }
        self.begin(out);
        self.next = self.next.max(n + 1);
        self.call = Some(Call::new(n, true, from, sid, now));
    }

    pub(super) fn answer(&mut self, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_mut().filter(|call| call.stage == Stage::Incoming) {
            call.stage = Stage::Connecting;
            out.push(Effect::Accept { n: call.n });
        }
    }

    pub(super) fn decline(&mut self, now: f64, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_mut().filter(|call| call.stage == Stage::Incoming) {
            call.by_us = true;
            out.push(Effect::Reject { n: call.n });
            self.close(false, now, out);
        }
    }

    pub(super) fn hang_up(&mut self, now: f64, out: &mut Vec<Effect>) {
        let Some(call) = self.call.as_mut() else { return };
        if call.stage == Stage::Incoming {
            return self.decline(now, out);
        }
        call.by_us = true;
        if let Some(sid) = call.sid.clone().filter(|_| !call.incoming && call.stage != Stage::Talking) {
            out.push(Effect::NoteHangUp { sid });
        }
        out.push(Effect::HangUp { n: call.n });
        self.close(false, now, out);
    }

    pub(super) fn toggle_mute(&mut self, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_ref().filter(|call| call.stage != Stage::Incoming) {
            out.push(Effect::Mute { n: call.n, on: !call.muted });
        }
    }

    /// The phone goes away under the call: another tab took it, or the session ended.
    pub(super) fn abandon_call(&mut self, now: f64, out: &mut Vec<Effect>) {
        if let Some(call) = &self.call {
            out.push(Effect::HangUp { n: call.n });
            self.close(false, now, out);
        }
    }

    pub(super) fn event(&mut self, n: u32, event: CallEvent, now: f64, out: &mut Vec<Effect>) {
        let Some(call) = self.call.as_mut().filter(|call| call.n == n) else {
            return self.late_event(n, event, out);
        };
        match event {
            CallEvent::Connected => call.connected = true,
            CallEvent::Failed(fault) => {
                call.fault = Some(fault);
                self.close(false, now, out);
            }
            CallEvent::Ringing { sid, early_media } => {
                call.sid = sid.or(call.sid.take());
                call.early_media = early_media;
                call.ringing_heard = true;
                if call.stage == Stage::Connecting {
                    call.stage = Stage::Ringing;
                }
            }
            CallEvent::Accepted { sid } => {
                call.sid = sid.or(call.sid.take());
                call.accepted = true;
                if call.incoming || call.record.as_ref().is_some_and(|r| r.status == Status::InProgress) {
                    call.talk(now);
                } else {
                    out.push(Effect::Start(Timer::Ask(n), ASK_MS));
                }
            }
            CallEvent::Disconnected => self.close(false, now, out),
            CallEvent::Rejected => {
                call.by_us = true;
                self.close(false, now, out);
            }
            CallEvent::Cancelled => self.close(true, now, out),
            CallEvent::Error { fault, closed } => {
                call.fault = Some(fault);
                if closed {
                    self.close(false, now, out);
                }
            }
            CallEvent::Reconnecting | CallEvent::TransportClosed => call.reconnecting = true,
            CallEvent::Reconnected => {
                call.reconnecting = false;
                call.fault = None;
            }
            CallEvent::Muted(on) => call.muted = on,
            CallEvent::Warning(Warning::WeakConnection) => call.weak = true,
            CallEvent::WarningCleared(Warning::WeakConnection) => call.weak = false,
            CallEvent::Warning(Warning::SilentMicrophone) => call.silent_microphone = true,
            CallEvent::WarningCleared(Warning::SilentMicrophone) => call.silent_microphone = false,
        }
    }

    fn late_event(&mut self, n: u32, event: CallEvent, out: &mut Vec<Effect>) {
        match event {
            // Hung up before connect() had resolved: the call that it made now is nobody's.
            CallEvent::Connected => out.push(Effect::HangUp { n }),
            CallEvent::Error { fault, .. } | CallEvent::Failed(fault) => {
                if let Some(last) = self.last.as_mut().filter(|last| last.n == n && !last.by_us) {
                    last.fault.get_or_insert(fault);
                    self.say_last();
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, missed: bool, now: f64, out: &mut Vec<Effect>) {
        let Some(call) = self.call.take() else { return };
        let unfinished = !call.record.as_ref().is_some_and(|r| r.status.is_terminal());
        let last = Last {
            n: call.n,
            number: call.number,
            incoming: call.incoming,
            sid: call.sid,
            by_us: call.by_us,
            fault: call.fault,
            record: call.record,
            settled: false,
            missed,
            lasted_ms: now - call.started_at,
        };
        self.ended = true;
        self.keypad = false;
        self.message = last.words();
        out.push(Effect::Start(Timer::Ended(last.n), ENDED_MS));
        out.push(Effect::Start(Timer::Outcome(last.n), OUTCOME_MS));
        if unfinished {
            out.push(Effect::Start(Timer::Ask(last.n), OUTCOME_MS / 2));
        }
        self.last = Some(last);
        self.call_is_over(now, out);
    }

    pub(super) fn say_last(&mut self) {
        if let Some(words) = self.last.as_ref().and_then(Last::words) {
            self.message = Some(words);
        }
    }

    pub(super) fn call_time_up(&mut self, timer: Timer, now: f64, out: &mut Vec<Effect>) {
        match timer {
            Timer::Connect(n) => {
                if self.call.as_ref().is_some_and(|call| call.n == n && !call.connected) {
                    out.push(Effect::HangUp { n });
                    self.close(false, now, out);
                    self.message = Some(Message::ConnectTimeout);
                    self.rebuild(out);
                }
            }
            Timer::Ask(n) => self.ask(n, out),
            Timer::Linger(n) => {
                if self.call.as_ref().is_some_and(|call| call.n == n) {
                    out.push(Effect::HangUp { n });
                    self.close(false, now, out);
                }
            }
            Timer::Outcome(n) => self.settle(n, out),
            _ => {}
        }
    }

    /// The stream may be down, or late: ask, again and again while it matters.
    fn ask(&mut self, n: u32, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_ref().filter(|call| call.n == n) {
            if call.stage != Stage::Talking {
                out.push(Effect::Start(Timer::Ask(n), ASK_MS));
                out.extend(call.sid.clone().map(|sid| Effect::Ask { sid }));
            }
        } else if let Some(last) = self.last.as_ref().filter(|last| last.n == n && !last.settled) {
            out.extend(last.sid.clone().map(|sid| Effect::Ask { sid }));
        }
    }

    /// Time for the words has run out: what can truly be said now.
    fn settle(&mut self, n: u32, out: &mut Vec<Effect>) {
        let live = self.live;
        let Some(last) = self.last.as_mut().filter(|last| last.n == n && !last.settled) else { return };
        last.settled = true;
        out.push(Effect::Release { n });
        let unheard = last.record.is_none() && !last.incoming;
        if self.message.is_none() {
            let cut_off = unheard && live && !last.by_us;
            self.message = Some(last.words().unwrap_or(if cut_off { Message::NoRequest } else { Message::Ended }));
        }
        let bad = last.fault.is_some() || matches!(self.message, Some(Message::NoRequest | Message::ConnectTimeout | Message::ConnectionLost));
        if bad && !last.incoming {
            out.push(Effect::Report(Report {
                sid: last.sid.clone(),
                to: last.number.clone(),
                code: last.fault.as_ref().map(|f| f.code),
                message: last.fault.as_ref().map(|f| f.message.clone()),
                time_to_hangup_ms: last.lasted_ms,
                reached_server: !unheard,
            }));
        }
    }

    pub(super) fn no_record(&mut self, sid: &str) {
        if let Some(last) = self.last.as_ref().filter(|last| last.sid.as_deref() == Some(sid) && last.record.is_none() && !last.incoming) {
            if last.words().is_none() {
                self.message = Some(Message::NoRequest);
            }
        }
    }

    pub(super) fn record(&mut self, record: Record, now: f64, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_mut().filter(|call| is_of(&record, call.sid.as_deref(), call.incoming, &call.number, &self.seen)) {
            if call.sid.is_none() {
                call.sid = Some(record.sid.clone());
            }
            let n = call.n;
            match record.status {
                Status::InProgress if !call.incoming => {
                    call.talk(now);
                    call.reconnecting = false;
                }
                Status::Ringing if call.stage == Stage::Connecting && !call.incoming => call.stage = Stage::Ringing,
                status if status.is_terminal() && !call.record.as_ref().is_some_and(|r| r.status.is_terminal()) => {
                    self.message = record.reason.map(Message::Refused);
                    out.push(Effect::Start(Timer::Linger(n), if record.reason.is_some() { SPOKEN_MS } else { LINGER_MS }));
                }
                _ => {}
            }
            call.record = Some(record);
        } else if let Some(last) = self.last.as_mut() {
            let theirs = if last.settled {
                // A report of ours makes a row too: only the call that we know by its SID may change the words now.
                last.sid.as_deref().is_some_and(|sid| is_sid(&record, sid))
            } else {
                is_of(&record, last.sid.as_deref(), last.incoming, &last.number, &self.seen)
            };
            if theirs {
                last.sid.get_or_insert_with(|| record.sid.clone());
                last.record = Some(record);
                if !matches!(self.message, Some(Message::ConnectTimeout)) {
                    self.say_last();
                }
            }
        }
    }
}

fn is_sid(record: &Record, sid: &str) -> bool {
    record.sid == sid || record.child_sid.as_deref() == Some(sid)
}

/// Is this record about that call? By SID when the SDK has told it; before, by the number, if the record can be new.
fn is_of(record: &Record, sid: Option<&str>, incoming: bool, number: &str, seen: &[String]) -> bool {
    match sid {
        Some(sid) => is_sid(record, sid),
        None => !incoming && record.outbound && record.to == number && !record.recorded && !seen.contains(&record.sid),
    }
}
