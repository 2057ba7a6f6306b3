//! The line: which tab has the phone, the access token, the device's registration and how it comes back.

use super::{Effect, Fault, Input, Message, PRESENCE_MS, State, Timer};

/// Between the page and Twilio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Not registered yet.
    Starting,
    /// Registered: can call and be called.
    Ready,
    /// Was registered, or should be; comes back by itself.
    Lost,
    /// Another tab has the phone.
    Elsewhere,
    /// The session is over.
    SignedOut,
    /// This browser cannot be a phone, or the SDK's script did not come.
    Unusable,
}

/// The access token's life.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Token {
    /// Which token; a timer of an older one does nothing.
    number: u32,
    expires_at: f64,
    /// Old enough to be renewed: as soon as no call is on.
    due: bool,
    failures: u32,
}

/// A renewal inside a call can cost a second of sound (testrtc#392): it is put off until so little is left.
const LAST_MINUTE_MS: f64 = 60_000.0;

impl State {
    pub(super) fn on_line(&mut self, input: Input, now: f64, out: &mut Vec<Effect>) {
        match input {
            Input::Start => out.push(Effect::AskLock { steal: false }),
            Input::TakeOver => {
                self.line = Line::Starting;
                self.message = None;
                out.push(Effect::AskLock { steal: true });
            }
            Input::LockHeld => {
                self.line = Line::Starting;
                self.clear_line_message();
                out.push(Effect::FetchToken);
            }
            Input::LockDenied => self.stop(Line::Elsewhere, Message::Elsewhere, now, out),
            Input::LockLost => self.stop(Line::Elsewhere, Message::TakenOver, now, out),
            Input::TokenArrived { life_ms } => self.token_arrived(life_ms, now, out),
            Input::TokenRefused => {
                self.message = Some(Message::SignedOut);
                if self.call.is_none() {
                    self.stop(Line::SignedOut, Message::SignedOut, now, out);
                }
            }
            Input::TokenFailed => self.token_failed(out),
            Input::TokenWillExpire => self.renew(now, out),
            Input::SdkMissing => self.stop(Line::Unusable, Message::SdkMissing, now, out),
            Input::Unsupported => self.stop(Line::Unusable, Message::Unsupported, now, out),
            Input::Registered => self.registered(out),
            // The SDK destroys its device when the page is hidden for the back/forward cache: another is built when it is shown.
            Input::Unregistered | Input::Destroyed => self.lost(out),
            Input::DeviceError(fault) if self.wants_another_token(&fault) => {
                self.token_refused(fault, out)
            }
            Input::DeviceError(fault) if self.line != Line::Ready => {
                self.cannot_register(fault, out)
            }
            Input::Offline => self.unplugged = true,
            Input::Online => {
                self.unplugged = false;
                self.come_back(out);
            }
            Input::Visible => self.come_back(out),
            _ => {}
        }
    }

    pub(super) fn line_time_up(&mut self, timer: Timer, now: f64, out: &mut Vec<Effect>) {
        match timer {
            Timer::Token(number) if number == self.token.number => self.renew(now, out),
            Timer::TokenRetry if matches!(self.line, Line::Starting | Line::Lost | Line::Ready) => {
                out.push(Effect::FetchToken)
            }
            Timer::Rebuild(epoch) if epoch == self.epoch && self.line == Line::Lost => {
                if self.call.is_none() {
                    self.rebuild(out);
                } else {
                    self.schedule_rebuild(out);
                }
            }
            Timer::Presence(epoch) if epoch == self.epoch && self.line == Line::Ready => {
                out.push(Effect::Presence { registered: true });
                out.push(Effect::Start(Timer::Presence(epoch), PRESENCE_MS));
            }
            _ => {}
        }
    }

    /// A call has ended: what waited for that happens now.
    pub(super) fn call_is_over(&mut self, now: f64, out: &mut Vec<Effect>) {
        if self.token.due {
            self.renew(now, out);
        }
        if self.line == Line::Lost {
            self.schedule_rebuild(out);
        }
    }

    pub(super) fn token_expired(&self, now: f64) -> bool {
        self.token.number > 0 && now >= self.token.expires_at
    }

    /// The phone is not ours to use, until somebody does something about it.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(
            self.line,
            Line::Elsewhere | Line::SignedOut | Line::Unusable
        )
    }

    /// Another device, with a fresh token: the SDK's own reconnection can stay stuck in `registering`. Again, until one registers.
    pub(super) fn rebuild(&mut self, out: &mut Vec<Effect>) {
        if self.is_stopped() {
            return;
        }
        if std::mem::take(&mut self.device) {
            out.push(Effect::DestroyDevice);
        }
        if self.line == Line::Ready {
            out.push(Effect::Presence { registered: false });
        }
        self.line = Line::Lost;
        out.push(Effect::FetchToken);
        self.schedule_rebuild(out);
    }

    fn token_arrived(&mut self, life_ms: f64, now: f64, out: &mut Vec<Effect>) {
        if self.is_stopped() {
            return;
        }
        self.token = Token {
            number: self.token.number + 1,
            expires_at: now + life_ms,
            due: false,
            failures: 0,
        };
        out.push(Effect::Start(
            Timer::Token(self.token.number),
            millis(life_ms * 0.75),
        ));
        if self.refusals < 2 {
            self.clear_line_message();
        }
        if self.device {
            out.push(Effect::UpdateToken);
        } else {
            self.device = true;
            out.push(Effect::CreateDevice);
        }
    }

    /// One that was good once and is not valid any more may have a successor that is, and a call that is on has half a minute to come back.
    fn wants_another_token(&self, fault: &Fault) -> bool {
        fault.is_expired() || fault.is_invalid() && self.was_registered && self.refusals == 0
    }

    /// One that is fresh may be so to nobody but the server: its clock is wrong, and asking again at once would not end.
    fn token_refused(&mut self, fault: Fault, out: &mut Vec<Effect>) {
        self.refusals += 1;
        if self.refusals == 1 {
            return out.push(Effect::FetchToken);
        }
        if self.call.is_none() {
            self.message = Some(Message::Fault(fault));
        }
        out.push(Effect::Start(Timer::TokenRetry, backoff(self.refusals)));
    }

    fn cannot_register(&mut self, fault: Fault, out: &mut Vec<Effect>) {
        if fault.is_configuration() {
            self.message = Some(Message::Fault(fault));
            self.lost(out);
        } else if fault.is_connection() && self.call.is_none() && !self.ended {
            self.message = Some(Message::Fault(fault));
        }
    }

    fn token_failed(&mut self, out: &mut Vec<Effect>) {
        self.token.failures += 1;
        out.push(Effect::Start(
            Timer::TokenRetry,
            backoff(self.token.failures),
        ));
        if !self.device && self.token.failures > 1 {
            self.message = Some(Message::TokenUnavailable);
        }
    }

    /// Between calls where possible: in a call only when the last minute has begun.
    fn renew(&mut self, now: f64, out: &mut Vec<Effect>) {
        let left = self.token.expires_at - now;
        if self.call.is_some() && left > LAST_MINUTE_MS {
            self.token.due = true;
            out.push(Effect::Start(
                Timer::Token(self.token.number),
                millis(left - LAST_MINUTE_MS),
            ));
        } else {
            self.token.due = false;
            out.push(Effect::FetchToken);
        }
    }

    fn registered(&mut self, out: &mut Vec<Effect>) {
        if !self.device {
            return;
        }
        self.line = Line::Ready;
        self.was_registered = true;
        self.backoffs = 0;
        self.refusals = 0;
        self.epoch += 1;
        self.clear_line_message();
        // The SDK says that a call's signalling is back only when its media are, too.
        if let Some(call) = self.call.as_mut().filter(|call| call.can_return) {
            call.signalling_lost = false;
        }
        out.push(Effect::Presence { registered: true });
        out.push(Effect::Start(Timer::Presence(self.epoch), PRESENCE_MS));
    }

    fn lost(&mut self, out: &mut Vec<Effect>) {
        match self.line {
            Line::Ready => out.push(Effect::Presence { registered: false }),
            Line::Starting => {}
            _ => return,
        }
        self.line = Line::Lost;
        self.schedule_rebuild(out);
    }

    /// The network or the tab is back: do not wait for a timer.
    fn come_back(&mut self, out: &mut Vec<Effect>) {
        if self.line == Line::Lost && self.call.is_none() {
            self.backoffs = 0;
            self.rebuild(out);
        }
    }

    fn schedule_rebuild(&mut self, out: &mut Vec<Effect>) {
        self.epoch += 1;
        self.backoffs += 1;
        out.push(Effect::Start(
            Timer::Rebuild(self.epoch),
            backoff(self.backoffs + 2),
        ));
    }

    fn stop(&mut self, line: Line, message: Message, now: f64, out: &mut Vec<Effect>) {
        if self.line == Line::Ready {
            out.push(Effect::Presence { registered: false });
        }
        self.abandon_call(now, out);
        if std::mem::take(&mut self.device) {
            out.push(Effect::DestroyDevice);
        }
        self.line = line;
        self.ended = false;
        self.message = Some(message);
    }

    fn clear_line_message(&mut self) {
        if self
            .message
            .as_ref()
            .is_some_and(Message::is_about_the_line)
        {
            self.message = None;
        }
    }
}

/// 2 s, 4 s, 8 s … a minute.
fn backoff(attempt: u32) -> u32 {
    (1_000 << attempt.clamp(1, 6)).min(60_000)
}

fn millis(ms: f64) -> u32 {
    // Timers of the browser end at 2³¹ ms; below zero is now.
    ms.clamp(0.0, 2_000_000_000.0) as u32
}
