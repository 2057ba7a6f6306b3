//! How a call ended, in words that are true: what the server's record says, what the browser saw, what silence means.

use super::{
    ASK_MS, ENDED_MS, Effect, Last, Message, OUTCOME_MS, Record, Report, Stage, State, Timer,
};
use crate::domain::call::Status;

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
        let live = self.live;
        let Some(last) = self
            .last
            .as_mut()
            .filter(|last| last.n == n && !last.settled)
        else {
            return;
        };
        last.settled = true;
        out.push(Effect::Release { n });
        let unheard = last.record.is_none() && !last.incoming;
        if self.message.is_none() {
            let cut_off = unheard && live && !last.by_us;
            self.message = Some(last.words().unwrap_or(if cut_off {
                Message::NoRequest
            } else {
                Message::Ended
            }));
        }
        let bad = last.fault.is_some()
            || matches!(
                self.message,
                Some(Message::NoRequest | Message::ConnectTimeout | Message::ConnectionLost)
            );
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
        let unheard = self.last.as_ref().is_some_and(|last| {
            last.sid.as_deref() == Some(sid)
                && last.record.is_none()
                && !last.incoming
                && last.words().is_none()
        });
        if unheard && !self.is_stopped() {
            self.message = Some(Message::NoRequest);
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
                let empty = last.words() == Some(Message::Outcome(Status::Failed));
                if !(empty
                    && matches!(
                        self.message,
                        Some(Message::ConnectTimeout | Message::NoRequest)
                    ))
                {
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
