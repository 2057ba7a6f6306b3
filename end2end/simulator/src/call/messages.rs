//! What goes into a call and what comes out of it.

use std::time::Duration;

use crate::far_end::Speech;
use crate::sid::Sid;
use crate::twiml::{Callback, Verb};
use crate::webhook::Webhook;

/// Where TwiML comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A URL to ask.
    Url {
        /// The URL.
        url: String,
        /// GET instead of POST.
        get: bool,
        /// Whom to ask when that fails.
        fallback: Option<(String, bool)>,
    },
    /// Given with the request.
    Inline(Vec<Verb>),
    /// The application has no voice URL.
    Missing,
}

/// What can happen to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The first input.
    Start,
    /// The answer to [`Output::Fetch`] with the same number.
    Twiml(u64, Result<Vec<Verb>, FetchFailure>),
    /// A timer that was asked for by [`Output::After`].
    Timer(Timer),
    /// A browser was invited and is ringing.
    Ringing(Sid),
    /// A browser took the call, or the control API picks up.
    Answered(Sid),
    /// A browser declined.
    Declined(Sid),
    /// No browser with this identity is registered.
    Unreachable(Sid),
    /// A party hung up.
    HungUp(Sid),
    /// A party pressed keys.
    Digits(Sid, String),
    /// `POST /Calls/{sid}` with `Status`; `true` for `canceled`.
    End(Sid, bool),
    /// `POST /Calls/{sid}` with `Url` or `Twiml`.
    Redirect(Source),
}

/// Why TwiML could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    /// Twilio's error code.
    pub code: u32,
    /// What happened.
    pub message: String,
    /// Which URL was asked.
    pub url: String,
}

/// Something that happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A simulated phone does something.
    FarEnd(Sid, Step),
    /// `Say`, `Play` or `Pause` is over.
    Spoken(u64),
    /// `<Dial timeout>` (or `Timeout` of a call made by REST).
    RingTimeout(u64),
    /// `<Dial timeLimit>`.
    TimeLimit(u64),
}

/// What a simulated phone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rings.
    Ring,
    /// Picks up.
    Answer,
    /// Is busy.
    Busy,
    /// Cannot be reached.
    Fail,
    /// Hangs up.
    HangUp,
}

/// What is heard on one side.
#[derive(Clone, Debug, PartialEq)]
pub enum Audio {
    /// Nothing.
    Silence,
    /// The network's ringback.
    Ringback,
    /// `Say` and `Play`.
    Announcement,
    /// A simulated phone.
    Phone(Speech),
    /// The browser on this leg.
    Browser(Sid),
}

/// Which side of the call's media: the parent leg (channel 1) or whatever it is connected to (channel 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Channel 1.
    Parent,
    /// Channel 2.
    Child,
}

/// A recording that has begun.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingStart {
    /// `RE…`.
    pub sid: Sid,
    /// Whose it is: the parent leg.
    pub call: Sid,
    /// Two channels?
    pub dual: bool,
    /// `DialVerb` or `OutboundAPI`.
    pub source: &'static str,
    /// Where its events go.
    pub callback: Callback,
}

/// What the switchboard must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Tell the calling browser that it rings.
    SendRinging(Sid),
    /// Answer the calling browser.
    SendAnswer(Sid),
    /// Ring the browsers of this leg.
    Invite(Sid, Vec<(String, String)>),
    /// End a browser's leg, with the error if there is one.
    SendHangup(Sid, Option<(u32, &'static str)>),
    /// Ask for TwiML; [`Input::Twiml`] answers.
    Fetch(u64, Webhook),
    /// Tell the application.
    Callback(Webhook),
    /// Say so later.
    After(Duration, Timer),
    /// From now on this is said on that side.
    Audio(Side, Audio),
    /// Start recording.
    Record(RecordingStart),
    /// Stop recording.
    StopRecording(Sid),
    /// Note an alert: code, message, URL.
    Alert(u32, String, String),
    /// Nothing more will happen.
    Finished,
}
