//! How a call ended, in words that are true: what the server's record says, what the browser saw, what silence means.

use super::{
    ASK_MS, CAUSE_MS, Call, ENDED_MS, Effect, Last, Message, OUTCOME_MS, Record, Report, Stage,
    State, Timer,
};
use crate::domain::{call::Status, view::CauseView};

/// A call that the record says is over and the SDK keeps: the customer hung up, or a refusal is being spoken.
const LINGER_MS: u32 = 5_000;
const SPOKEN_MS: u32 = 25_000;

impl State {
    pub(super) fn close(&mut self, missed: bool, now: f64, out: &mut Vec<Effect>) {
        let Some(call) = self.call.take() else { return };
        let stranded = call.is_stranded();
        let unfinished = !call.record.as_ref().is_some_and(|r| r.status.is_terminal());
        let last = Last {
            n: call.n,
            number: call.number,
            incoming: call.incoming,
            sid: call.sid,
            attempt: call.attempt,
            by_us: call.by_us,
            fault: call.fault,
            record: call.record,
            settled: false,
            missed,
            answered: call.answered_at.is_some(),
            lasted_ms: now - call.started_at,
            ended_at: now,
            gave_up: None,
            weak: call.weak,
        };
        let unheard = last.record.is_none() && !last.incoming && !last.by_us;
        let patience = if unheard || last.fault.is_some() {
            CAUSE_MS
        } else {
            OUTCOME_MS
        };
        self.ended = true;
        self.keypad = false;
        self.message = last.words();
        out.push(Effect::Start(Timer::Ended(last.n), ENDED_MS));
        out.push(Effect::Start(Timer::Outcome(last.n), patience));
        if unfinished {
            out.push(Effect::Start(Timer::Ask(last.n), OUTCOME_MS / 2));
        }
        self.last = Some(last);
        self.call_is_over(now, out);
        if stranded {
            self.rebuild(out);
        }
    }

    /// Why there is no phone outweighs how the last call ended.
    pub(super) fn say_last(&mut self) {
        if self.is_stopped() {
            return;
        }
        if let Some(words) = self.last.as_ref().and_then(Last::words) {
            self.message = Some(words);
        }
    }

    pub(super) fn call_time_up(&mut self, timer: Timer, now: f64, out: &mut Vec<Effect>) {
        match timer {
            Timer::Connect(n) if self.call_is(n, |call| !call.connected) => {
                out.push(Effect::HangUp { n });
                self.close(false, now, out);
                self.gave_up("connect_timeout");
                self.message = Some(Message::ConnectTimeout);
                self.rebuild(out);
            }
            Timer::Lost(n) if self.call_is(n, |call| call.is_stranded() && !call.accepted) => {
                out.push(Effect::HangUp { n });
                self.close(false, now, out);
                self.gave_up("connection_lost");
                self.message.get_or_insert(Message::ConnectionLost);
            }
            Timer::Ask(n) => self.ask(n, out),
            Timer::Linger(n) if self.call_is(n, |_| true) => {
                out.push(Effect::HangUp { n });
                self.close(false, now, out);
            }
            Timer::Outcome(n) => self.settle(n, now, out),
            _ => {}
        }
    }

    /// Is the call of that number still going on, and like this?
    fn call_is(&self, n: u32, like: impl Fn(&Call) -> bool) -> bool {
        self.call
            .as_ref()
            .is_some_and(|call| call.n == n && like(call))
    }

    /// The stream may be down, or late: ask, again and again while it matters.
    pub(super) fn ask(&mut self, n: u32, out: &mut Vec<Effect>) {
        if let Some(call) = self.call.as_ref().filter(|call| call.n == n) {
            if call.stage != Stage::Talking {
                out.push(Effect::Start(Timer::Ask(n), ASK_MS));
                out.extend(call.sid.clone().map(|sid| Effect::Ask { sid }));
            }
        } else if let Some(last) = self
            .last
            .as_ref()
            .filter(|last| last.n == n && !last.settled)
        {
            out.extend(last.sid.clone().map(|sid| Effect::Ask { sid }));
        }
    }

    fn gave_up(&mut self, on: &'static str) {
        if let Some(last) = &mut self.last {
            last.gave_up = Some(on);
        }
    }

    /// Time for the words has run out: what can truly be said now.
    pub(super) fn settle(&mut self, n: u32, now: f64, out: &mut Vec<Effect>) {
        let Some(mut last) = self.last.take_if(|last| last.n == n && !last.settled) else {
            return;
        };
        // Before the SDK's object is let go: the driver asks it.
        let reported = self.report(&last, now, out);
        if !reported && self.message.is_none() {
            self.message = Some(last.words().unwrap_or(Message::Ended));
        }
        last.settled = true;
        self.last = Some(last);
        out.push(Effect::Release { n });
    }

    /// Tells the server of a call that ended badly, or of which it has said nothing.
    pub(super) fn report(&self, last: &Last, now: f64, out: &mut Vec<Effect>) -> bool {
        let unheard = last.record.is_none() && !last.by_us;
        let bad = last.fault.is_some() || last.gave_up.is_some() || unheard;
        if !bad || last.incoming {
            return false;
        }
        out.push(Effect::Report {
            n: last.n,
            report: Report {
                sid: last.sid.clone(),
                attempt: last.attempt.clone(),
                to: last.number.clone(),
                code: last.fault.as_ref().map(|f| f.code),
                message: last.fault.as_ref().map(|f| f.message.clone()),
                ice: last.fault.as_ref().and_then(|f| f.ice.clone()),
                time_to_hangup_ms: last.lasted_ms,
                ended_ms_ago: now - last.ended_at,
                reached_server: last.record.is_some(),
                gave_up: last.gave_up,
                weak: last.weak,
            },
        });
        true
    }

    /// What the server says outweighs what the page could tell by itself. Silence from it is no cause.
    pub(super) fn explain(&mut self, n: u32, cause: Option<CauseView>) {
        let Some(last) = self.last.as_ref().filter(|last| last.n == n) else {
            return;
        };
        if self.is_stopped() {
            return;
        }
        match cause {
            Some(cause) => self.message = Some(Message::Explained(cause)),
            None if self.message.is_none() => {
                self.message = Some(last.words().unwrap_or(Message::Ended))
            }
            None => {}
        }
    }

    pub(super) fn record(&mut self, record: Record, now: f64, out: &mut Vec<Effect>) {
        if let Some(call) = self
            .call
            .as_mut()
            .filter(|call| is_of(&record, call.sid.as_deref(), call.attempt.as_deref()))
        {
            if call.sid.is_none() {
                call.sid = Some(record.sid.clone());
            }
            let n = call.n;
            match record.status {
                Status::InProgress if !call.incoming => call.talk(now),
                Status::Ringing if call.stage == Stage::Connecting && !call.incoming => {
                    call.stage = Stage::Ringing
                }
                status
                    if status.is_terminal()
                        && !call.record.as_ref().is_some_and(|r| r.status.is_terminal()) =>
                {
                    self.message = record.reason.map(Message::Refused);
                    out.push(Effect::Start(
                        Timer::Linger(n),
                        if record.reason.is_some() {
                            SPOKEN_MS
                        } else {
                            LINGER_MS
                        },
                    ));
                }
                _ => {}
            }
            call.record = Some(record);
        } else if let Some(last) = self
            .last
            .as_mut()
            .filter(|last| is_of(&record, last.sid.as_deref(), last.attempt.as_deref()))
        {
            let own_report = last.attempt.as_ref() == Some(&record.sid);
            if own_report && record.cause.is_none() {
                return;
            }
            last.sid.get_or_insert_with(|| record.sid.clone());
            last.record = Some(record);
            // What is known less well does not unsay the cause.
            let bare = matches!(
                last.words(),
                Some(Message::Outcome(Status::Failed | Status::Canceled) | Message::Fault(_))
            );
            let explained = matches!(
                self.message,
                Some(Message::ConnectTimeout | Message::Explained(_))
            );
            if !(bare && explained) {
                self.say_last();
            }
        }
    }
}

/// Is this record about that call? By Twilio's SID, once the SDK has told it, or by the name of the attempt.
fn is_of(record: &Record, sid: Option<&str>, attempt: Option<&str>) -> bool {
    let same = |name: Option<&str>| name.is_some_and(|name| name == record.sid);
    same(sid)
        || same(attempt)
        || (sid.is_some() && record.child_sid.as_deref() == sid)
        || (attempt.is_some() && record.attempt.as_deref() == attempt)
}
