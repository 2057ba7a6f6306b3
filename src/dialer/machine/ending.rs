//! How a call ended, in words that are true: what the server's record says, what the browser saw, what silence means.

use super::{
    ASK_MS, CAUSE_MS, ENDED_MS, Effect, Last, Message, OUTCOME_MS, Record, Report, Stage, State,
    Timer,
};
use crate::domain::{call::Status, view::CauseView};

/// A call that the record says is over and the SDK keeps: the customer hung up, or a refusal is being spoken.
const LINGER_MS: u32 = 5_000;
const SPOKEN_MS: u32 = 25_000;

impl State {
    pub(super) fn close(&mut self, missed: bool, now: f64, out: &mut Vec<Effect>) {
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
            answered: call.answered_at.is_some(),
            lasted_ms: now - call.started_at,
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
            Timer::Connect(n) => {
                if self
                    .call
                    .as_ref()
                    .is_some_and(|call| call.n == n && !call.connected)
                {
                    out.push(Effect::HangUp { n });
                    self.close(false, now, out);
                    self.message = Some(Message::ConnectTimeout);
                    self.rebuild(out);
                }
            }
            Timer::Lost(n) => {
                if self
                    .call
                    .as_ref()
                    .is_some_and(|call| call.n == n && call.reconnecting && !call.accepted)
                {
                    out.push(Effect::HangUp { n });
                    self.close(false, now, out);
                    self.message.get_or_insert(Message::ConnectionLost);
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

    /// Time for the words has run out: what can truly be said now.
    pub(super) fn settle(&mut self, n: u32, out: &mut Vec<Effect>) {
        let Some(last) = self
            .last
            .as_mut()
            .filter(|last| last.n == n && !last.settled)
        else {
            return;
        };
        last.settled = true;
        let gave_up = match self.message {
            Some(Message::ConnectTimeout) => Some("connect_timeout"),
            Some(Message::ConnectionLost) => Some("connection_lost"),
            _ => None,
        };
        let unheard = last.record.is_none() && !last.by_us;
        let bad = last.fault.is_some() || gave_up.is_some() || unheard;
        if bad && !last.incoming {
            // Before the SDK's object is let go: the driver asks it.
            out.push(Effect::Report {
                n,
                report: Report {
                    sid: last.sid.clone(),
                    to: last.number.clone(),
                    code: last.fault.as_ref().map(|f| f.code),
                    message: last.fault.as_ref().map(|f| f.message.clone()),
                    ice: last.fault.as_ref().and_then(|f| f.ice.clone()),
                    time_to_hangup_ms: last.lasted_ms,
                    reached_server: last.record.is_some(),
                    gave_up,
                    weak: last.weak,
                },
            });
        } else if self.message.is_none() {
            self.message = Some(last.words().unwrap_or(Message::Ended));
        }
        out.push(Effect::Release { n });
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
        if let Some(call) = self.call.as_mut().filter(|call| {
            is_of(
                &record,
                call.sid.as_deref(),
                call.incoming,
                &call.number,
                &self.seen,
            )
        }) {
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
        } else if let Some(last) = self.last.as_mut() {
            let theirs = if last.settled {
                // A report of ours makes a row too: only the call that we know by its SID may change the words now.
                last.sid.as_deref().is_some_and(|sid| is_sid(&record, sid))
            } else {
                is_of(
                    &record,
                    last.sid.as_deref(),
                    last.incoming,
                    &last.number,
                    &self.seen,
                )
            };
            if theirs {
                last.sid.get_or_insert_with(|| record.sid.clone());
                last.record = Some(record);
                // A report of ours makes a failed row too: that does not unsay the cause.
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
}

fn is_sid(record: &Record, sid: &str) -> bool {
    record.sid == sid || record.child_sid.as_deref() == Some(sid)
}

/// Is this record about that call? By SID when the SDK has told it; before, by the number, if the record can be new.
fn is_of(
    record: &Record,
    sid: Option<&str>,
    incoming: bool,
    number: &str,
    seen: &[String],
) -> bool {
    match sid {
        Some(sid) => is_sid(record, sid),
        None => {
            !incoming
                && record.outbound
                && record.to == number
                && !record.recorded
                && !seen.contains(&record.sid)
        }
    }
}
