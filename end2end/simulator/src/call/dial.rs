//! `<Dial>`: ringing, bridging, and what is told of it afterwards.

use std::time::Duration;

use super::{
    Audio, Call, Direction, Leg, Output, Party, RecordingStart, Side, Status, Timer, World,
};
use crate::sid::Sid;
use crate::twiml::{Dial, RecordFrom, Target};
use crate::webhook::{Kind, Webhook};

/// A `<Dial>` in progress.
#[derive(Debug)]
pub(super) struct Dialling {
    dial: Dial,
    /// The legs that still ring.
    ringing: Vec<Sid>,
    /// The one that picked up.
    bridged: Option<Sid>,
    /// The last leg that gave an outcome.
    last: Option<Sid>,
    recording: Option<Sid>,
}

impl Call {
    pub(super) fn start_dial(&mut self, dial: Dial, world: &dyn World) {
        self.epoch += 1;
        if !dial.answer_on_bridge {
            self.answer_parent(world);
        }
        if self.parent.answered.is_some() {
            self.out.push(Output::Audio(Side::Child, Audio::Ringback));
        }
        let timeout = Duration::from_secs(dial.timeout.unwrap_or(30));
        let targets = dial.targets.clone();
        let caller_id = dial
            .caller_id
            .clone()
            .unwrap_or_else(|| self.parent.from.clone());
        self.recorded = None;
        self.dialling = Some(Dialling {
            dial,
            ringing: Vec::new(),
            bridged: None,
            last: None,
            recording: None,
        });
        for target in targets {
            match self.refusal(&target, &caller_id, world) {
                Some((code, message)) => self.out.push(Output::Alert(code, message, String::new())),
                None => self.ring(target, caller_id.clone(), world),
            }
        }
        if self
            .dialling
            .as_ref()
            .is_some_and(|dialling| dialling.ringing.is_empty() && dialling.bridged.is_none())
        {
            return self.finish_dial(Status::Failed, world);
        }
        self.out
            .push(Output::After(timeout, Timer::RingTimeout(self.epoch)));
    }

    /// Why a target cannot be dialled: the alert that Twilio records.
    fn refusal(
        &self,
        target: &Target,
        caller_id: &str,
        world: &dyn World,
    ) -> Option<(u32, String)> {
        if target.client {
            return None;
        }
        if !is_e164(&target.to) {
            return Some((
                13224,
                format!(
                    "Dial: Twilio does not support calling this number or the number is invalid: {}",
                    target.to
                ),
            ));
        }
        if !world.permits(&target.to) {
            return Some((
                13227,
                format!(
                    "Dial: Geo Permission configuration is not permitting call to {}",
                    target.to
                ),
            ));
        }
        if !world.may_call_from(caller_id) {
            return Some((13214, format!("Dial: Invalid callerId value: {caller_id}")));
        }
        None
    }

    fn ring(&mut self, target: Target, caller_id: String, world: &dyn World) {
        let (party, to) = match target.client {
            true => (
                Party::Client(target.to.clone()),
                format!("client:{}", target.to),
            ),
            false => (Party::Phone(target.to.clone()), target.to.clone()),
        };
        let mut leg = Leg::new(Direction::OutboundDial, party, caller_id, to, self.now);
        leg.parent = Some(self.parent.sid.clone());
        leg.callback = target.callback;
        let sid = leg.sid.clone();
        self.children.push(leg);
        if let Some(dialling) = &mut self.dialling {
            dialling.ringing.push(sid.clone());
        }
        self.call_out(&sid, target.parameters, world);
    }

    pub(super) fn leg_rings(&mut self, sid: &Sid, world: &dyn World) {
        let Some(leg) = self.leg_mut(sid).filter(|leg| leg.status == Status::Queued) else {
            return;
        };
        leg.status = Status::Ringing;
        self.tell(sid, world);
        if *sid == self.parent.sid {
            return;
        }
        if self.parent.answered.is_none() && !self.told_ringing {
            self.told_ringing = true;
            self.out.push(Output::SendRinging(self.parent.sid.clone()));
        }
        self.record_from(RecordFrom::Ringing);
    }

    pub(super) fn leg_answers(&mut self, sid: &Sid, world: &dyn World) {
        let Some(leg) = self.leg(sid) else { return };
        if !matches!(leg.status, Status::Queued | Status::Ringing)
            || leg.direction == Direction::Inbound
        {
            return;
        }
        if *sid == self.parent.sid {
            return self.parent_answers(world);
        }
        let Some(dialling) = &mut self.dialling else {
            return;
        };
        dialling.bridged = Some(sid.clone());
        let others: Vec<Sid> = std::mem::take(&mut dialling.ringing)
            .into_iter()
            .filter(|other| other != sid)
            .collect();
        let limit = dialling.dial.time_limit.unwrap_or(14_400);
        for other in others {
            self.end_leg(&other, Status::Canceled, true, world);
        }
        self.epoch += 1;
        self.out.push(Output::After(
            Duration::from_secs(limit),
            Timer::TimeLimit(self.epoch),
        ));
        let now = self.now;
        if let Some(leg) = self.leg_mut(sid) {
            leg.status = Status::InProgress;
            leg.answered = Some(now);
        }
        self.answer_parent(world);
        self.tell(sid, world);
        self.listen_to(sid, Side::Child, world);
        self.record_from(RecordFrom::Answer);
    }

    fn record_from(&mut self, moment: RecordFrom) {
        let Some(dialling) = &mut self.dialling else {
            return;
        };
        if dialling.dial.record.from != Some(moment) || dialling.recording.is_some() {
            return;
        }
        let start = RecordingStart {
            sid: Sid::new("RE"),
            call: self.parent.sid.clone(),
            dual: dialling.dial.record.dual,
            source: "DialVerb",
            callback: dialling.dial.recording_callback.clone(),
        };
        dialling.recording = Some(start.sid.clone());
        self.out.push(Output::Record(start));
    }

    /// A party, or its network, is gone.
    pub(super) fn leg_ends(&mut self, sid: &Sid, status: Status, world: &dyn World) {
        let Some(leg) = self.leg(sid).filter(|leg| !leg.status.is_terminal()) else {
            return;
        };
        // Whoever is not through yet cannot complete: who rings declines, who calls gives up.
        let status = match (status, leg.answered) {
            (Status::Completed, None) if leg.direction == Direction::OutboundDial => {
                Status::NoAnswer
            }
            (Status::Completed, None) if leg.direction == Direction::OutboundApi => {
                Status::Canceled
            }
            (other, _) => other,
        };
        if *sid == self.parent.sid {
            return self.close(status, world);
        }
        let refused = status == Status::Busy && leg.is_client();
        self.end_leg(sid, status, refused, world);
        let Some(dialling) = &mut self.dialling else {
            return;
        };
        dialling.ringing.retain(|other| other != sid);
        let was_bridged = dialling.bridged.as_ref() == Some(sid);
        if was_bridged {
            self.finish_dial(Status::Completed, world);
        } else if dialling.ringing.is_empty() && dialling.bridged.is_none() {
            self.finish_dial(status, world);
        }
    }

    /// Closes a dialled leg; `hang_up` tells its browser, if it is one.
    fn end_leg(&mut self, sid: &Sid, status: Status, hang_up: bool, world: &dyn World) {
        let now = self.now;
        let Some(leg) = self.leg_mut(sid).filter(|leg| !leg.status.is_terminal()) else {
            return;
        };
        leg.status = status;
        leg.ended = Some(now);
        let is_client = leg.is_client();
        if let Some(dialling) = &mut self.dialling {
            dialling.last = Some(sid.clone());
        }
        if is_client && hang_up {
            self.out.push(Output::SendHangup(sid.clone(), None));
        }
        self.tell(sid, world);
    }

    pub(super) fn ring_timeout(&mut self, world: &dyn World) {
        let Some(dialling) = &mut self.dialling else {
            // A call made by REST that nobody answered.
            return if self.parent.answered.is_none() {
                self.end_parent(Status::NoAnswer, None, world)
            };
        };
        for sid in std::mem::take(&mut dialling.ringing) {
            self.end_leg(&sid, Status::NoAnswer, true, world);
        }
        self.finish_dial(Status::NoAnswer, world);
    }

    pub(super) fn time_limit(&mut self, world: &dyn World) {
        if let Some(sid) = self
            .dialling
            .as_ref()
            .and_then(|dialling| dialling.bridged.clone())
        {
            self.end_leg(&sid, Status::Completed, true, world);
            self.finish_dial(Status::Completed, world);
        }
    }

    /// The dialled legs are over, the caller is still there: the action decides what comes next.
    fn finish_dial(&mut self, status: Status, world: &dyn World) {
        let Some(dialling) = self.dialling.take() else {
            return;
        };
        self.epoch += 1;
        self.stop_recording(&dialling);
        self.out.push(Output::Audio(Side::Child, Audio::Silence));
        match &dialling.dial.action {
            Some(action) => {
                let extra = self.outcome(&dialling, status);
                self.fallback = None;
                self.fetch(
                    Kind::Dial,
                    action.clone(),
                    dialling.dial.action_get,
                    extra,
                    world,
                );
            }
            None => self.run(world),
        }
    }

    /// The caller is gone, or sent elsewhere: everybody else is let go, and the action is told.
    pub(super) fn drop_dial(&mut self, world: &dyn World) {
        let Some(mut dialling) = self.dialling.take() else {
            return;
        };
        let mut status = Status::Canceled;
        for sid in std::mem::take(&mut dialling.ringing) {
            dialling.last = Some(sid.clone());
            self.end_leg(&sid, Status::Canceled, true, world);
        }
        if let Some(sid) = dialling.bridged.clone() {
            status = Status::Completed;
            self.end_leg(&sid, Status::Completed, true, world);
        }
        self.stop_recording(&dialling);
        if let Some(action) = dialling
            .dial
            .action
            .clone()
            .filter(|_| self.parent.status.is_terminal())
        {
            let mut params = self.parent.parameters(&world.account_sid());
            params.extend(self.outcome(&dialling, status));
            let webhook = Webhook {
                kind: Kind::Dial,
                call: self.parent.sid.clone(),
                url: action,
                get: dialling.dial.action_get,
                params,
            };
            self.out.push(Output::Callback(webhook));
        }
    }

    fn stop_recording(&mut self, dialling: &Dialling) {
        if let Some(recording) = dialling.recording.clone() {
            self.recorded = Some(recording.clone());
            self.out.push(Output::StopRecording(recording));
        }
    }

    fn outcome(&self, dialling: &Dialling, status: Status) -> Vec<(String, String)> {
        let mut params = vec![("DialCallStatus".to_owned(), status.as_str().to_owned())];
        let mut push = |key: &str, value: String| params.push((key.to_owned(), value));
        push("DialBridged", dialling.bridged.is_some().to_string());
        if let Some(sid) = dialling.bridged.as_ref().or(dialling.last.as_ref()) {
            push("DialCallSid", sid.to_string());
            if let Some(leg) = self.leg(sid).filter(|leg| leg.answered.is_some()) {
                push("DialCallDuration", leg.duration_secs().to_string());
            }
        }
        if let Some(recording) = &self.recorded {
            push("RecordingSid", recording.to_string());
            // The switchboard, which knows the public address, completes it.
            push("RecordingUrl", recording.to_string());
        }
        params
    }
}

/// `+`, a country code, 7 to 15 digits in all (ITU-T E.164).
pub fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
