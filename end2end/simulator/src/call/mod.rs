//! A call as a pure state machine: a parent leg, the TwiML it is obeying, and the legs that `<Dial>` made.
//!
//! No sockets, no clock, no tasks: [`Call::handle`] takes an [`Input`] and the time and returns [`Output`]s for the
//! switchboard to perform. What it must know of the account it asks its [`World`].

mod dial;
mod leg;
mod messages;
mod script;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

pub use dial::is_e164;
pub use leg::{Direction, Leg, Party, Status};
pub use messages::{Audio, FetchFailure, Input, Output, RecordingStart, Side, Source, Step, Timer};

use crate::far_end::{Behaviour, FarEnd};
use crate::sid::Sid;
use crate::twiml::{Callback, Verb};
use crate::webhook::{Kind, Webhook};
use dial::Dialling;

/// What a call must know of the account.
pub trait World {
    /// `AC…`.
    fn account_sid(&self) -> String;
    /// Is it a number of ours, or one that we have verified?
    fn may_call_from(&self, number: &str) -> bool;
    /// Do the account's geographic permissions allow it?
    fn permits(&self, number: &str) -> bool;
    /// What the number does when dialled, with no default left open but the ringing time of a busy one.
    fn far_end(&self, number: &str) -> FarEnd;
}

/// Options of a call made by REST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestOptions {
    /// `Timeout` in seconds (60).
    pub timeout: Option<u64>,
    /// `Record`.
    pub record: bool,
    /// `RecordingChannels=dual`.
    pub dual: bool,
    /// `RecordingStatusCallback…`.
    pub recording_callback: Callback,
}

/// A call.
#[derive(Debug)]
pub struct Call {
    parent: Leg,
    children: Vec<Leg>,
    source: Source,
    /// Custom parameters, sent with the first request for TwiML.
    custom: Vec<(String, String)>,
    options: RestOptions,
    script: VecDeque<Verb>,
    /// Counts what is being waited for, so that what comes too late is known as such.
    epoch: u64,
    fallback: Option<(String, bool)>,
    dialling: Option<Dialling>,
    /// The last recording made by `<Dial>`, for its `action`.
    recorded: Option<Sid>,
    own_recording: Option<Sid>,
    told_ringing: bool,
    out: Vec<Output>,
    now: Timestamp,
}

impl Call {
    /// A call on `parent` that will obey `source`.
    pub fn new(
        parent: Leg,
        source: Source,
        custom: Vec<(String, String)>,
        options: RestOptions,
    ) -> Self {
        let now = parent.created;
        Self {
            parent,
            children: Vec::new(),
            source,
            custom,
            options,
            script: VecDeque::new(),
            epoch: 0,
            fallback: None,
            dialling: None,
            recorded: None,
            own_recording: None,
            told_ringing: false,
            out: Vec::new(),
            now,
        }
    }

    /// All its legs, the parent first.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        std::iter::once(&self.parent).chain(&self.children)
    }

    /// The parent's SID, which names the call.
    pub fn sid(&self) -> &Sid {
        &self.parent.sid
    }

    /// Takes an input; returns what must be done about it, in order.
    pub fn handle(&mut self, input: Input, now: Timestamp, world: &dyn World) -> Vec<Output> {
        self.now = now;
        if !self.parent.status.is_terminal() {
            self.take(input, world);
        }
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, input: Input, world: &dyn World) {
        match input {
            Input::Start => self.start(world),
            Input::Twiml(epoch, result) if epoch == self.epoch => self.obey(result, world),
            Input::Twiml(..) => {}
            Input::Timer(timer) => self.time_is_up(timer, world),
            Input::Ringing(sid) => self.leg_rings(&sid, world),
            Input::Answered(sid) => self.leg_answers(&sid, world),
            Input::Declined(sid) => self.leg_ends(&sid, Status::Busy, world),
            Input::Unreachable(sid) => self.leg_ends(&sid, Status::NoAnswer, world),
            Input::HungUp(sid) => self.leg_ends(&sid, Status::Completed, world),
            Input::Digits(sid, digits) => {
                if let Some(leg) = self.leg_mut(&sid) {
                    leg.digits.push_str(&digits);
                }
            }
            Input::End(sid, canceled) => {
                let status = if canceled {
                    Status::Canceled
                } else {
                    Status::Completed
                };
                if let Some(leg) = self.leg(&sid)
                    && leg.is_client()
                    && !leg.status.is_terminal()
                {
                    self.out.push(Output::SendHangup(sid.clone(), None));
                }
                self.leg_ends(&sid, status, world);
            }
            Input::Redirect(source) => {
                self.drop_dial(world);
                self.script.clear();
                self.request(source, Vec::new(), world);
            }
        }
    }

    fn leg(&self, sid: &Sid) -> Option<&Leg> {
        self.legs().find(|leg| leg.sid == *sid)
    }

    fn leg_mut(&mut self, sid: &Sid) -> Option<&mut Leg> {
        std::iter::once(&mut self.parent)
            .chain(&mut self.children)
            .find(|leg| leg.sid == *sid)
    }

    fn start(&mut self, world: &dyn World) {
        if self.parent.direction == Direction::OutboundApi {
            let sid = self.parent.sid.clone();
            self.call_out(&sid, Vec::new(), world);
            let timeout = self.options.timeout.unwrap_or(60);
            self.out.push(Output::After(
                Duration::from_secs(timeout),
                Timer::RingTimeout(self.epoch),
            ));
        } else {
            self.parent.status = Status::Ringing;
            self.request(self.source.clone(), self.custom.clone(), world);
        }
    }

    fn time_is_up(&mut self, timer: Timer, world: &dyn World) {
        match timer {
            Timer::FarEnd(sid, step) => match step {
                Step::Ring => self.leg_rings(&sid, world),
                Step::Answer => self.leg_answers(&sid, world),
                Step::Busy => self.leg_ends(&sid, Status::Busy, world),
                Step::Fail => self.leg_ends(&sid, Status::Failed, world),
                Step::HangUp => self.leg_ends(&sid, Status::Completed, world),
            },
            Timer::Spoken(epoch) if epoch == self.epoch => {
                self.out.push(Output::Audio(Side::Child, Audio::Silence));
                self.run(world);
            }
            Timer::RingTimeout(epoch) if epoch == self.epoch => self.ring_timeout(world),
            Timer::TimeLimit(epoch) if epoch == self.epoch => self.time_limit(world),
            Timer::Spoken(_) | Timer::RingTimeout(_) | Timer::TimeLimit(_) => {}
        }
    }

    /// Starts ringing an outgoing leg.
    fn call_out(&mut self, sid: &Sid, parameters: Vec<(String, String)>, world: &dyn World) {
        self.tell(sid, world);
        let Some(leg) = self.leg(sid) else { return };
        let Party::Phone(number) = leg.party.clone() else {
            return self.out.push(Output::Invite(sid.clone(), parameters));
        };
        let plan = world.far_end(&number);
        let ring = Duration::from_millis(200);
        let until = |ring_ms: u64| ring + Duration::from_millis(ring_ms);
        let mut after = |delay, step| {
            self.out
                .push(Output::After(delay, Timer::FarEnd(sid.clone(), step)))
        };
        match plan.behaviour {
            Behaviour::Fail => after(ring, Step::Fail),
            Behaviour::NoAnswer | Behaviour::Manual => after(ring, Step::Ring),
            Behaviour::Busy => {
                after(ring, Step::Ring);
                after(until(plan.ring_ms.unwrap_or(1_500)), Step::Busy);
            }
            Behaviour::Answer => {
                after(ring, Step::Ring);
                after(until(plan.ring_ms.unwrap_or(2_500)), Step::Answer);
            }
        }
    }

    /// Posts the progress callback for the status that this leg has just reached.
    fn tell(&mut self, sid: &Sid, world: &dyn World) {
        let now = self.now;
        let account_sid = world.account_sid();
        let Some(leg) = self.leg_mut(sid) else { return };
        let kind = if leg.direction == Direction::Inbound {
            Kind::AppStatus
        } else {
            Kind::Status
        };
        if let Some(params) = leg.progress(&account_sid, now) {
            let webhook = Webhook {
                kind,
                call: sid.clone(),
                url: leg.callback.url.clone().unwrap_or_default(),
                get: leg.callback.get,
                params,
            };
            self.out.push(Output::Callback(webhook));
        }
    }

    /// The parent leg of a call made by REST is answered.
    fn parent_answers(&mut self, world: &dyn World) {
        self.parent.status = Status::InProgress;
        self.parent.answered = Some(self.now);
        let sid = self.parent.sid.clone();
        self.tell(&sid, world);
        self.listen_to(&sid, Side::Parent, world);
        if self.options.record {
            let start = RecordingStart {
                sid: Sid::new("RE"),
                call: sid,
                dual: self.options.dual,
                source: "OutboundAPI",
                callback: self.options.recording_callback.clone(),
            };
            self.own_recording = Some(start.sid.clone());
            self.out.push(Output::Record(start));
        }
        self.request(self.source.clone(), Vec::new(), world);
    }

    /// Connects a leg's voice to a side, and lets a phone hang up by itself in its time.
    fn listen_to(&mut self, sid: &Sid, side: Side, world: &dyn World) {
        let Some(leg) = self.leg(sid) else { return };
        let audio = match leg.party.clone() {
            Party::Client(_) => Audio::Browser(sid.clone()),
            Party::Phone(number) => {
                let plan = world.far_end(&number);
                if let Some(after) = plan.hangup_after_ms {
                    self.out.push(Output::After(
                        Duration::from_millis(after),
                        Timer::FarEnd(sid.clone(), Step::HangUp),
                    ));
                }
                Audio::Phone(plan.speech.unwrap_or_default())
            }
        };
        self.out.push(Output::Audio(side, audio));
    }

    /// The end of the call: whoever is still on it is let go.
    fn end_parent(
        &mut self,
        status: Status,
        error: Option<(u32, &'static str)>,
        world: &dyn World,
    ) {
        if self.parent.is_client() {
            self.out
                .push(Output::SendHangup(self.parent.sid.clone(), error));
        }
        self.close(status, world);
    }

    /// The parent leg is gone.
    fn close(&mut self, status: Status, world: &dyn World) {
        // First, so that the <Dial action> is told of a parent that is over.
        self.parent.status = status;
        self.parent.ended = Some(self.now);
        self.drop_dial(world);
        if let Some(recording) = self.own_recording.take() {
            self.out.push(Output::StopRecording(recording));
        }
        let sid = self.parent.sid.clone();
        self.tell(&sid, world);
        self.epoch += 1;
        self.out.push(Output::Finished);
    }
}
