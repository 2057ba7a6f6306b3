//! The phone's mind: `State` × `Input` → `State` and what to do. Pure: no browser, no clock (`now` is an argument, in milliseconds),
//! so every order of events can be tried natively. `driver` performs the effects and feeds the inputs.

mod call;
mod calling;
mod ending;
mod line;
mod message;
#[cfg(test)]
mod tests;

pub use call::{Call, CallEvent, Fault, Last, Record, Report, Stage, Warning};
pub use line::Line;
pub use message::{Link, Message};

use crate::domain::{
    phone::{DialPlan, latin_digit},
    view::CauseView,
};

/// How long `ended` shows when no key is pressed.
pub const ENDED_MS: u32 = 5_000;
/// How long after the SDK's hang-up the words of the record are waited for.
pub const OUTCOME_MS: u32 = 3_000;
/// The same, where the record has said nothing or the SDK gave a fault: then the server is asked for the cause, which takes it up to
/// 1.5 s, and the page is to show it within 3 s of the hang-up.
const CAUSE_MS: u32 = 500;
/// `Device.connect()` never settles on an expired token (twilio-voice.js#85): our own limit.
pub const CONNECT_MS: u32 = 20_000;
/// With no word from the stream, the server is asked this long after it should have come.
const ASK_MS: u32 = 4_000;
/// How often the server is told that this browser can be rung.
pub const PRESENCE_MS: u32 = 20_000;

/// What `data-state` says (contract.md, "Page hooks").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Offline,
    Ready,
    Connecting,
    Ringing,
    Incoming,
    InCall,
    Reconnecting,
    Ended,
}

impl Face {
    pub fn as_str(self) -> &'static str {
        match self {
            Face::Offline => "offline",
            Face::Ready => "ready",
            Face::Connecting => "connecting",
            Face::Ringing => "ringing",
            Face::Incoming => "incoming",
            Face::InCall => "in-call",
            Face::Reconnecting => "reconnecting",
            Face::Ended => "ended",
        }
    }

    /// A call is on: the talk view shows, the screen stays awake, leaving asks.
    pub fn is_call(self) -> bool {
        matches!(
            self,
            Face::Connecting | Face::Ringing | Face::Incoming | Face::InCall | Face::Reconnecting
        )
    }
}

/// The sound that the page itself makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Silence,
    /// The far end rings and sends no sound of its own.
    Ringback,
    /// Somebody calls us.
    Ring,
}

/// What runs out. A call's timers carry the call's number, so that a late one does nothing to the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// `connect()` has not settled.
    Connect(u32),
    /// The words for how it ended have not come.
    Outcome(u32),
    /// `ended` has shown long enough.
    Ended(u32),
    /// Ask the server how the call stands: the stream has said too little.
    Ask(u32),
    /// The record says that the call is over, the SDK does not.
    Linger(u32),
    /// The signalling was lost while the call was being set up.
    Lost(u32),
    /// The access token is old enough to be renewed.
    Token(u32),
    /// The token could not be fetched: again.
    TokenRetry,
    /// The device has been without registration: build another.
    Rebuild(u32),
    /// Tell the server that we are here.
    Presence(u32),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The page is awake.
    Start,
    Typed(String),
    /// A key of the keypad or of the keyboard.
    Key(char),
    Backspace,
    Call,
    /// Call again, from a row of the history.
    CallNumber(String),
    HangUp,
    Answer,
    Decline,
    ToggleMute,
    ToggleKeypad,
    TakeOver,

    LockHeld,
    /// Another tab of this browser has the phone.
    LockDenied,
    /// Another tab took the phone from us.
    LockLost,

    TokenArrived {
        life_ms: f64,
    },
    /// 401: signed out.
    TokenRefused,
    TokenFailed,

    /// The SDK's script never came.
    SdkMissing,
    /// `new Device` threw: no WebRTC here, or an insecure origin.
    Unsupported,
    Registered,
    Registering,
    Unregistered,
    Destroyed,
    TokenWillExpire,
    DeviceError(Fault),
    Incoming {
        n: u32,
        sid: Option<String>,
        from: String,
    },

    /// Something about call number `n`.
    Event {
        n: u32,
        event: CallEvent,
    },
    /// What the server says of a call.
    Record(Record),
    /// The server has been told how call number `n` ended, and says why, where it can.
    Explained {
        n: u32,
        cause: Option<CauseView>,
    },

    Online,
    Offline,
    /// The tab came to the front.
    Visible,
    TimeUp(Timer),
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    AskLock {
        steal: bool,
    },
    FetchToken,
    /// With the token that was fetched last.
    CreateDevice,
    UpdateToken,
    DestroyDevice,
    Connect {
        n: u32,
        to: String,
        attempt: String,
    },
    HangUp {
        n: u32,
    },
    Accept {
        n: u32,
    },
    Reject {
        n: u32,
    },
    Mute {
        n: u32,
        on: bool,
    },
    Digit {
        n: u32,
        key: char,
    },
    /// The call is over and its words are found: let go of the SDK's object.
    Release {
        n: u32,
    },
    Start(Timer, u32),
    /// Ask the server how this call stands.
    Ask {
        sid: String,
    },
    /// The agent hung up before the customer answered.
    NoteHangUp {
        sid: String,
    },
    /// Call number `n` ended badly: tell the server what was seen, and hear from it why.
    Report {
        n: u32,
        report: Report,
    },
    Presence {
        registered: bool,
    },
}

/// What the phone knows.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub line: Line,
    pub call: Option<Call>,
    /// The call that ended last, until another begins.
    pub last: Option<Last>,
    pub typed: String,
    pub message: Option<Message>,
    /// The keypad is open in a call.
    pub keypad: bool,
    ended: bool,
    plan: DialPlan,
    next: u32,
    device: bool,
    /// The browser says that it has no network.
    unplugged: bool,
    token: line::Token,
    epoch: u32,
    /// What the names of this page's attempts begin with.
    attempts: String,
    backoffs: u32,
    /// How often in a row Twilio has refused a token.
    refusals: u32,
    was_registered: bool,
}

impl State {
    pub fn new(plan: DialPlan, typed: String) -> Self {
        Self {
            line: Line::Starting,
            call: None,
            last: None,
            typed,
            message: None,
            keypad: false,
            ended: false,
            plan,
            next: 1,
            device: false,
            unplugged: false,
            token: line::Token::default(),
            epoch: 0,
            attempts: String::new(),
            backoffs: 0,
            refusals: 0,
            was_registered: false,
        }
    }

    /// Names its attempts so: with this, and with the number of the call.
    pub fn naming(self, attempts: String) -> Self {
        Self { attempts, ..self }
    }

    pub fn face(&self) -> Face {
        match &self.call {
            Some(call) => match call.stage {
                Stage::Incoming => Face::Incoming,
                _ if call.is_cut() || self.unplugged => Face::Reconnecting,
                Stage::Connecting => Face::Connecting,
                Stage::Ringing => Face::Ringing,
                Stage::Talking => Face::InCall,
            },
            None if self.ended => Face::Ended,
            None if self.line == Line::Ready && !self.unplugged => Face::Ready,
            None => Face::Offline,
        }
    }

    /// The number that the next call will have.
    pub fn next_call(&self) -> u32 {
        self.next
    }

    pub fn may_call(&self) -> bool {
        self.call.is_none() && self.line == Line::Ready && !self.unplugged
    }

    pub fn tone(&self) -> Tone {
        match &self.call {
            Some(call) if call.stage == Stage::Incoming => Tone::Ring,
            Some(call) if call.wants_ringback() => Tone::Ringback,
            _ => Tone::Silence,
        }
    }

    /// The one step.
    pub fn step(mut self, input: Input, now: f64) -> (State, Vec<Effect>) {
        let mut out = Vec::new();
        match input {
            Input::Typed(text) => self.set_typed(text),
            Input::Key(key) => self.press(key, &mut out),
            Input::Backspace => {
                let mut text = std::mem::take(&mut self.typed);
                text.pop();
                self.set_typed(text);
            }
            Input::Call => self.place(now, &mut out),
            Input::CallNumber(number) => {
                if self.call.is_none() {
                    self.typed = number;
                    self.place(now, &mut out);
                }
            }
            Input::HangUp => self.hang_up(now, &mut out),
            Input::Answer => self.answer(&mut out),
            Input::Decline => self.decline(now, &mut out),
            Input::ToggleMute => self.toggle_mute(&mut out),
            Input::ToggleKeypad => self.keypad = self.call.is_some() && !self.keypad,
            Input::Incoming { n, sid, from } => self.incoming(n, sid, from, now, &mut out),
            Input::Event { n, event } => self.event(n, event, now, &mut out),
            Input::Record(record) => self.record(record, now, &mut out),
            Input::Explained { n, cause } => self.explain(n, cause),
            Input::TimeUp(timer) => self.time_up(timer, now, &mut out),
            other => self.on_line(other, now, &mut out),
        }
        (self, out)
    }

    fn set_typed(&mut self, text: String) {
        self.typed = text.chars().take(40).collect();
        self.leave_ended();
        if matches!(self.message, Some(Message::Number(_))) {
            self.message = None;
        }
    }

    fn press(&mut self, key: char, out: &mut Vec<Effect>) {
        let key = latin_digit(key).unwrap_or(key);
        if !matches!(key, '0'..='9' | '*' | '#' | '+') {
            return;
        }
        match &mut self.call {
            None => {
                let text = format!("{}{key}", self.typed);
                self.set_typed(text);
            }
            Some(call) if call.can_send_tones() && key != '+' => {
                call.tones.push(key);
                out.push(Effect::Digit { n: call.n, key });
            }
            Some(_) => {}
        }
    }

    fn leave_ended(&mut self) {
        self.ended = false;
    }

    fn time_up(&mut self, timer: Timer, now: f64, out: &mut Vec<Effect>) {
        match timer {
            Timer::Ended(n) => {
                if self.last.as_ref().is_some_and(|last| last.n == n) {
                    self.leave_ended();
                }
            }
            Timer::Connect(_)
            | Timer::Outcome(_)
            | Timer::Ask(_)
            | Timer::Linger(_)
            | Timer::Lost(_) => self.call_time_up(timer, now, out),
            Timer::Token(_) | Timer::TokenRetry | Timer::Rebuild(_) | Timer::Presence(_) => {
                self.line_time_up(timer, now, out)
            }
        }
    }
}
