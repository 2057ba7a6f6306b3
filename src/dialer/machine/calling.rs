//! A call is placed, comes in, is answered, goes on: what people press and what the SDK says.

use super::{ASK_MS, CONNECT_MS, Call, CallEvent, Effect, Message, Stage, State, Timer, Warning};
use crate::domain::{call::Status, phone::PhoneNumber};

/// The SDK reconnects a call only when its answer brought a reconnect token: one that still rings may never hear of anything again.
const LOST_MS: u32 = 12_000;

impl State {
    pub(super) fn place(&mut self, now: f64, out: &mut Vec<Effect>) {
        if self.call.is_some() {
            return;
        }
        if !self.may_call() || self.token_expired(now) {
            if !self
                .message
                .as_ref()
                .is_some_and(Message::is_about_the_line)
            {
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
                let n = self.begin(now, out);
                let to = String::from(number);
                let attempt = format!("{}{n:08x}", self.attempts);
                self.call = Some(Call {
                    attempt: Some(attempt.clone()),
                    ..Call::new(n, false, to.clone(), None, now)
                });
                out.push(Effect::Connect { n, to, attempt });
                out.push(Effect::Start(Timer::Connect(n), CONNECT_MS));
            }
        }
    }

    pub(super) fn begin(&mut self, now: f64, out: &mut Vec<Effect>) -> u32 {
        // Whoever is quicker with the next call than the words for the last one were: that one is reported all the same.
        if let Some(last) = self.last.take().filter(|last| !last.settled) {
            self.report(&last, now, out);
            out.push(Effect::Release { n: last.n });
        }
        self.message = None;
        self.leave_ended();
        self.keypad = false;
        let n = self.next;
        self.next += 1;
        n
    }

    pub(super) fn incoming(
        &mut self,
        n: u32,
        sid: Option<String>,
        from: String,
        now: f64,
        out: &mut Vec<Effect>,
    ) {
        if self.call.is_some() {
            out.push(Effect::Reject { n });
            self.next = self.next.max(n + 1);
            return;
        }
        self.begin(now, out);
        self.next = self.next.max(n + 1);
        self.call = Some(Call::new(n, true, from, sid, now));
    }

    pub(super) fn answer(&mut self, out: &mut Vec<Effect>) {
        if let Some(call) = self
            .call
            .as_mut()
            .filter(|call| call.stage == Stage::Incoming)
        {
            call.stage = Stage::Connecting;
            out.push(Effect::Accept { n: call.n });
        }
    }

    pub(super) fn decline(&mut self, now: f64, out: &mut Vec<Effect>) {
        if let Some(call) = self
            .call
            .as_mut()
            .filter(|call| call.stage == Stage::Incoming)
        {
            call.by_us = true;
            out.push(Effect::Reject { n: call.n });
            self.close(false, now, out);
        }
    }

    pub(super) fn hang_up(&mut self, now: f64, out: &mut Vec<Effect>) {
        let Some(call) = self.call.as_mut() else {
            return;
        };
        if call.stage == Stage::Incoming {
            return self.decline(now, out);
        }
        call.by_us = true;
        if let Some(sid) = call
            .sid
            .clone()
            .filter(|_| !call.incoming && call.stage != Stage::Talking)
        {
            out.push(Effect::NoteHangUp { sid });
        }
        out.push(Effect::HangUp { n: call.n });
        self.close(false, now, out);
    }

    pub(super) fn toggle_mute(&mut self, out: &mut Vec<Effect>) {
        if let Some(call) = self
            .call
            .as_ref()
            .filter(|call| call.stage != Stage::Incoming)
        {
            out.push(Effect::Mute {
                n: call.n,
                on: !call.muted,
            });
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
                call.signalling_lost = false;
                call.sid = sid.or(call.sid.take());
                call.early_media = early_media;
                call.ringing_heard = true;
                if call.stage == Stage::Connecting {
                    call.stage = Stage::Ringing;
                }
            }
            CallEvent::Accepted { sid } => {
                call.signalling_lost = false;
                call.sid = sid.or(call.sid.take());
                call.accepted = true;
                if call.incoming
                    || call
                        .record
                        .as_ref()
                        .is_some_and(|r| r.status == Status::InProgress)
                {
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
            CallEvent::MediaLost => call.lose_media(),
            CallEvent::Reconnecting => {
                call.signalling_lost = true;
                call.can_return = true;
            }
            CallEvent::TransportClosed => {
                // Said again by each attempt to come back that fails: time runs from the first.
                let already = std::mem::replace(&mut call.signalling_lost, true);
                if !call.accepted && !already {
                    out.push(Effect::Start(Timer::Lost(n), LOST_MS));
                }
            }
            CallEvent::Reconnected => {
                call.signalling_lost = false;
                call.media_lost = false;
                call.fault = None;
            }
            CallEvent::Sound(came) => call.hear(came),
            CallEvent::Muted(on) => call.muted = on,
            CallEvent::Warning(Warning::WeakConnection) => call.weak = true,
            CallEvent::WarningCleared(Warning::WeakConnection) => call.weak = false,
            CallEvent::Warning(Warning::SilentMicrophone) => call.silent_microphone = true,
            CallEvent::WarningCleared(Warning::SilentMicrophone) => call.silent_microphone = false,
        }
    }

    pub(super) fn late_event(&mut self, n: u32, event: CallEvent, out: &mut Vec<Effect>) {
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
}
