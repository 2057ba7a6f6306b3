mod any_order;
mod incoming;
mod line;
mod number;
mod talking;
mod trouble;

use super::*;
use crate::domain::{call::Status, phone::InvalidNumber, view::Reason};

const SID: &str = "CA00000000000000000000000000000001";
const NUMBER: &str = "+966569705616";

/// A phone under test: the state, everything it asked for since the last look, and a clock.
struct Phone {
    state: State,
    asked: Vec<Effect>,
    now: f64,
}

impl Phone {
    fn new() -> Self {
        Self {
            state: State::new(DialPlan::saudi_arabia(), String::new()),
            asked: Vec::new(),
            now: 1_000.0,
        }
    }

    /// It has a token, and Twilio has not said yet whether it takes it.
    fn registering() -> Self {
        let mut phone = Self::new();
        for input in [
            Input::Start,
            Input::LockHeld,
            Input::TokenArrived {
                life_ms: 3_600_000.0,
            },
        ] {
            phone.feed(input);
        }
        phone
    }

    fn ready() -> Self {
        let mut phone = Self::registering();
        phone.feed(Input::Registered);
        assert_eq!(phone.state.face(), Face::Ready);
        phone.asked.clear();
        phone
    }

    /// Call was pressed and the SDK has the call.
    fn dialling() -> Self {
        let mut phone = Self::ready();
        phone.feed(Input::Typed("0569705616".into()));
        phone.feed(Input::Call);
        phone.event(CallEvent::Connected);
        assert_eq!(phone.state.face(), Face::Connecting);
        phone
    }

    fn ringing() -> Self {
        let mut phone = Self::dialling();
        phone.event(CallEvent::Ringing {
            sid: Some(SID.into()),
            early_media: false,
        });
        assert_eq!(phone.state.face(), Face::Ringing);
        phone
    }

    fn talking() -> Self {
        let mut phone = Self::ringing();
        phone.event(CallEvent::Accepted {
            sid: Some(SID.into()),
        });
        phone.record(Status::InProgress);
        assert_eq!(phone.state.face(), Face::InCall);
        phone
    }

    fn feed(&mut self, input: Input) {
        let (state, effects) = self.state.clone().step(input, self.now);
        self.state = state;
        self.asked.extend(effects);
    }

    fn event(&mut self, event: CallEvent) {
        let n = self
            .state
            .call
            .as_ref()
            .map_or(self.state.next_call() - 1, |call| call.n);
        self.feed(Input::Event { n, event });
    }

    fn record(&mut self, status: Status) {
        self.feed(Input::Record(record(status)));
    }

    fn time_up(&mut self, timer: Timer) {
        self.feed(Input::TimeUp(timer));
    }

    fn face(&self) -> Face {
        self.state.face()
    }

    fn connects(&self) -> usize {
        self.asked
            .iter()
            .filter(|effect| matches!(effect, Effect::Connect { .. }))
            .count()
    }
}

fn record(status: Status) -> Record {
    Record {
        sid: SID.into(),
        attempt: Some("00000001".into()),
        child_sid: None,
        status,
        reason: None,
        cause: None,
    }
}

fn fault(code: u32) -> Fault {
    Fault {
        code,
        message: "m".into(),
        ice: None,
    }
}

fn cause(link: Option<&str>) -> CauseView {
    CauseView {
        id: "app_elsewhere".into(),
        title: "It points elsewhere.".into(),
        remedy: "Mend it.".into(),
        link: link.map(str::to_owned),
    }
}
