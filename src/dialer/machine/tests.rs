use super::*;
use crate::domain::{call::Status, phone::InvalidNumber, view::Reason};
use proptest::prelude::*;

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

    fn ready() -> Self {
        let mut phone = Self::new();
        for input in [
            Input::Start,
            Input::LockHeld,
            Input::TokenArrived {
                life_ms: 3_600_000.0,
            },
            Input::Registered,
        ] {
            phone.feed(input);
        }
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
        child_sid: None,
        outbound: true,
        to: NUMBER.into(),
        status,
        reason: None,
        cause: None,
        recorded: false,
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

#[test]
fn a_call_goes_from_connecting_by_ringing_to_the_talk_and_its_end() {
    let mut phone = Phone::talking();
    assert_eq!(
        phone.state.call.as_ref().and_then(|call| call.answered_at),
        Some(phone.now)
    );
    phone.event(CallEvent::Disconnected);
    assert_eq!(phone.face(), Face::Ended);
    assert!(phone.state.may_call());
    phone.record(Status::Completed);
    assert_eq!(
        phone.state.message,
        Some(Message::Outcome(Status::Completed))
    );
    phone.time_up(Timer::Ended(1));
    assert_eq!(phone.face(), Face::Ready);
}

#[test]
fn the_sdks_accept_alone_is_no_answer() {
    let mut phone = Phone::ringing();
    phone.event(CallEvent::Accepted {
        sid: Some(SID.into()),
    });
    assert_eq!(phone.face(), Face::Ringing);
    assert!(phone.asked.contains(&Effect::Start(Timer::Ask(1), 4_000)));
    phone.time_up(Timer::Ask(1));
    assert!(phone.asked.contains(&Effect::Ask { sid: SID.into() }));
    phone.record(Status::InProgress);
    assert_eq!(phone.face(), Face::InCall);
}

#[test]
fn a_spoken_refusal_never_becomes_a_talk_and_ends_with_its_reason() {
    let mut phone = Phone::dialling();
    let refused = Record {
        status: Status::Failed,
        reason: Some(Reason::CountryNotAllowed),
        ..record(Status::Failed)
    };
    phone.feed(Input::Record(refused));
    phone.event(CallEvent::Accepted {
        sid: Some(SID.into()),
    });
    assert_eq!(phone.face(), Face::Connecting);
    assert_eq!(
        phone.state.message,
        Some(Message::Refused(Reason::CountryNotAllowed))
    );
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    assert_eq!(
        phone.state.message,
        Some(Message::Refused(Reason::CountryNotAllowed))
    );
    assert!(
        !phone
            .asked
            .iter()
            .any(|effect| matches!(effect, Effect::Report { .. }))
    );
}

#[test]
fn each_outcome_is_said_whether_it_comes_before_the_hang_up_or_after() {
    for status in [
        Status::Completed,
        Status::Busy,
        Status::NoAnswer,
        Status::Failed,
        Status::Canceled,
    ] {
        for record_first in [true, false] {
            let mut phone = Phone::ringing();
            if record_first {
                phone.record(status);
                phone.event(CallEvent::Disconnected);
            } else {
                phone.event(CallEvent::Disconnected);
                phone.record(status);
            }
            assert_eq!(phone.face(), Face::Ended);
            phone.time_up(Timer::Outcome(1));
            assert_eq!(
                phone.state.message,
                Some(Message::Outcome(status)),
                "{status} {record_first}"
            );
        }
    }
}

#[test]
fn words_that_come_after_the_grace_still_replace_the_general_ones() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    assert_eq!(phone.state.message, Some(Message::Ended));
    phone.record(Status::Completed);
    assert_eq!(
        phone.state.message,
        Some(Message::Outcome(Status::Completed))
    );
}

#[test]
fn cut_off_with_no_record_the_server_is_asked_at_once_and_its_cause_is_said() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    assert_eq!(
        phone.state.message, None,
        "nothing is concluded from silence"
    );
    assert!(
        phone
            .asked
            .contains(&Effect::Start(Timer::Outcome(1), CAUSE_MS))
    );
    phone.time_up(Timer::Outcome(1));
    assert_eq!(phone.state.message, None);
    let told = phone.asked.iter().any(|effect| matches!(effect, Effect::Report { n: 1, report } if report.sid.is_none() && !report.reached_server));
    assert!(told);
    phone.feed(Input::Explained {
        n: 1,
        cause: Some(cause(Some("/setup"))),
    });
    assert_eq!(
        phone.state.message,
        Some(Message::Explained(cause(Some("/setup"))))
    );
    assert_eq!(
        phone.state.message.as_ref().and_then(Message::link),
        Some(Link::Setup)
    );
    // The row that our own report makes is not taken for the call's word.
    phone.record(Status::Failed);
    assert_eq!(
        phone.state.message,
        Some(Message::Explained(cause(Some("/setup"))))
    );
}

#[test]
fn without_a_link_from_the_server_there_is_none() {
    assert_eq!(Message::Explained(cause(None)).link(), None);
}

#[test]
fn when_the_server_names_no_cause_nothing_is_made_up() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    phone.feed(Input::Explained { n: 1, cause: None });
    assert_eq!(phone.state.message, Some(Message::Ended));
}

#[test]
fn a_cause_that_comes_when_the_next_call_is_on_says_nothing() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    phone.feed(Input::Call);
    phone.feed(Input::Explained {
        n: 1,
        cause: Some(cause(None)),
    });
    assert_eq!(phone.state.message, None);
}

#[test]
fn a_cause_in_the_record_is_said_and_a_better_ending_unsays_it() {
    let mut phone = Phone::ringing();
    phone.event(CallEvent::Disconnected);
    phone.feed(Input::Record(Record {
        cause: Some(cause(None)),
        ..record(Status::Failed)
    }));
    assert_eq!(phone.state.message, Some(Message::Explained(cause(None))));
    phone.record(Status::Busy);
    assert_eq!(phone.state.message, Some(Message::Outcome(Status::Busy)));
}

#[test]
fn an_explained_fault_is_not_unsaid_by_a_record_that_knows_less() {
    let mut phone = Phone::ringing();
    phone.event(CallEvent::Error {
        fault: fault(53405),
        closed: true,
    });
    phone.time_up(Timer::Outcome(1));
    phone.feed(Input::Explained {
        n: 1,
        cause: Some(cause(None)),
    });
    phone.record(Status::Canceled);
    assert_eq!(phone.state.message, Some(Message::Explained(cause(None))));
}

#[test]
fn the_sdks_call_is_let_go_after_the_report() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    let place = |wanted: fn(&Effect) -> bool| phone.asked.iter().position(wanted);
    assert!(
        place(|effect| matches!(effect, Effect::Report { .. }))
            < place(|effect| matches!(effect, Effect::Release { .. }))
    );
}

#[test]
fn two_quick_presses_place_one_call() {
    let mut phone = Phone::ready();
    phone.feed(Input::Typed("0569705616".into()));
    phone.feed(Input::Call);
    phone.feed(Input::Call);
    phone.feed(Input::CallNumber("0501234567".into()));
    assert_eq!(phone.connects(), 1);
    assert_eq!(phone.state.typed, "0569705616");
}

#[test]
fn every_written_form_connects_to_the_same_number() {
    for typed in [
        "0569705616",
        "٠٥٦٩٧٠٥٦١٦",
        "+966 56 970 5616",
        "00966569705616",
        "\u{200f}056-970-5616",
    ] {
        let mut phone = Phone::ready();
        phone.feed(Input::Typed(typed.into()));
        phone.feed(Input::Call);
        assert!(
            phone.asked.contains(&Effect::Connect {
                n: 1,
                to: NUMBER.into()
            }),
            "{typed}"
        );
    }
}

#[test]
fn what_is_no_number_is_said_and_not_dialled() {
    let mut phone = Phone::ready();
    phone.feed(Input::Call);
    assert_eq!(
        phone.state.message,
        Some(Message::Number(InvalidNumber::Empty))
    );
    phone.feed(Input::Typed("sip:a".into()));
    assert_eq!(phone.state.message, None);
    phone.feed(Input::Call);
    assert_eq!(
        phone.state.message,
        Some(Message::Number(InvalidNumber::Character))
    );
    assert_eq!(phone.connects(), 0);
}

#[test]
fn nothing_is_dialled_while_the_line_is_down() {
    let mut phone = Phone::ready();
    phone.feed(Input::Typed("0569705616".into()));
    phone.feed(Input::Unregistered);
    assert_eq!(phone.face(), Face::Offline);
    phone.feed(Input::Call);
    phone.feed(Input::Registered);
    assert_eq!(phone.connects(), 0);
    assert_eq!(phone.face(), Face::Ready);
    assert_eq!(phone.state.message, None);
}

#[test]
fn keys_write_the_number_and_in_a_call_go_down_the_line() {
    let mut phone = Phone::ready();
    for key in ['0', '٥', '6', 'x'] {
        phone.feed(Input::Key(key));
    }
    phone.feed(Input::Backspace);
    assert_eq!(phone.state.typed, "05");
    let mut phone = Phone::talking();
    for key in ['1', '#', '+'] {
        phone.feed(Input::Key(key));
    }
    assert_eq!(
        phone.state.call.as_ref().map(|call| call.tones.as_str()),
        Some("1#")
    );
    assert!(phone.asked.contains(&Effect::Digit { n: 1, key: '#' }));
}

#[test]
fn a_key_ends_ended() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::Disconnected);
    phone.feed(Input::Key('0'));
    assert_eq!(phone.face(), Face::Ready);
    // The timer of that call finds nothing to do.
    phone.feed(Input::Typed("0569705616".into()));
    phone.feed(Input::Call);
    phone.time_up(Timer::Ended(1));
    assert_eq!(phone.face(), Face::Connecting);
}

#[test]
fn hanging_up_before_the_answer_is_noted() {
    let mut phone = Phone::ringing();
    phone.feed(Input::HangUp);
    assert_eq!(phone.face(), Face::Ended);
    assert!(phone.asked.contains(&Effect::HangUp { n: 1 }));
    assert!(
        phone
            .asked
            .contains(&Effect::NoteHangUp { sid: SID.into() })
    );
    assert_eq!(phone.state.message, Some(Message::YouEnded));
    phone.record(Status::Canceled);
    assert_eq!(
        phone.state.message,
        Some(Message::Outcome(Status::Canceled))
    );
    let mut phone = Phone::talking();
    phone.feed(Input::HangUp);
    assert!(
        !phone
            .asked
            .iter()
            .any(|effect| matches!(effect, Effect::NoteHangUp { .. }))
    );
}

#[test]
fn a_call_that_connects_after_it_was_hung_up_is_hung_up_again() {
    let mut phone = Phone::ready();
    phone.feed(Input::Typed("0569705616".into()));
    phone.feed(Input::Call);
    phone.feed(Input::HangUp);
    phone.asked.clear();
    phone.event(CallEvent::Connected);
    assert_eq!(phone.asked, [Effect::HangUp { n: 1 }]);
}

#[test]
fn connect_that_never_settles_is_given_up_with_a_new_device() {
    let mut phone = Phone::ready();
    phone.feed(Input::Typed("0569705616".into()));
    phone.feed(Input::Call);
    assert!(
        phone
            .asked
            .contains(&Effect::Start(Timer::Connect(1), CONNECT_MS))
    );
    phone.time_up(Timer::Connect(1));
    assert_eq!(phone.state.message, Some(Message::ConnectTimeout));
    assert!(
        phone.asked.contains(&Effect::DestroyDevice) && phone.asked.contains(&Effect::FetchToken)
    );
    let mut phone = Phone::dialling();
    phone.time_up(Timer::Connect(1));
    assert_eq!(phone.face(), Face::Connecting);
}

#[test]
fn a_refused_microphone_is_said_whichever_way_round_the_events_come() {
    for error_first in [true, false] {
        let mut phone = Phone::dialling();
        let error = CallEvent::Error {
            fault: fault(31401),
            closed: false,
        };
        if error_first {
            phone.event(error);
            phone.event(CallEvent::Disconnected);
        } else {
            phone.event(CallEvent::Disconnected);
            phone.event(error);
        }
        assert_eq!(phone.state.message, Some(Message::Fault(fault(31401))));
        phone.time_up(Timer::Outcome(1));
        assert_eq!(phone.state.message, Some(Message::Fault(fault(31401))));
        assert!(phone.asked.iter().any(
            |effect| matches!(effect, Effect::Report { report, .. } if report.code == Some(31401))
        ));
    }
}

#[test]
fn lost_signalling_shows_as_reconnecting_in_a_call_and_comes_back() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::TransportClosed);
    phone.event(CallEvent::Reconnecting);
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.feed(Input::Unregistered);
    phone.time_up(Timer::Rebuild(phone.state.epoch));
    assert!(
        !phone.asked.contains(&Effect::DestroyDevice),
        "a call is on"
    );
    phone.event(CallEvent::Reconnected);
    assert_eq!(phone.face(), Face::InCall);
    phone.feed(Input::Registered);
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Ended(1));
    assert_eq!(phone.face(), Face::Ready);
}

#[test]
fn a_call_whose_signalling_is_lost_before_the_answer_ends_in_words() {
    let mut phone = Phone::ringing();
    phone.event(CallEvent::TransportClosed);
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.time_up(Timer::Lost(1));
    assert_eq!(
        (phone.face(), &phone.state.message),
        (Face::Ended, &Some(Message::ConnectionLost))
    );
    phone.record(Status::NoAnswer);
    assert_eq!(
        phone.state.message,
        Some(Message::Outcome(Status::NoAnswer))
    );
}

#[test]
fn an_answer_in_the_record_does_not_bring_lost_signalling_back() {
    let mut phone = Phone::ringing();
    phone.event(CallEvent::TransportClosed);
    phone.record(Status::InProgress);
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.asked.clear();
    phone.time_up(Timer::Lost(1));
    assert_eq!(
        (phone.face(), &phone.state.message),
        (Face::Ended, &Some(Message::ConnectionLost))
    );
    // And the device that is built then is built again when it does not register.
    assert!(
        phone
            .asked
            .contains(&Effect::Presence { registered: false })
    );
    assert!(
        phone
            .asked
            .iter()
            .any(|effect| matches!(effect, Effect::Start(Timer::Rebuild(_), _)))
    );
}

#[test]
fn how_the_last_call_ended_does_not_hide_that_the_phone_is_elsewhere() {
    let mut phone = Phone::talking();
    phone.feed(Input::LockLost);
    phone.record(Status::Completed);
    assert_eq!(phone.state.message, Some(Message::TakenOver));
}

#[test]
fn without_a_network_the_phone_is_offline_and_a_call_reconnecting() {
    let mut phone = Phone::ready();
    phone.feed(Input::Offline);
    assert_eq!(phone.face(), Face::Offline);
    phone.feed(Input::Online);
    assert_eq!(phone.face(), Face::Ready);
    let mut phone = Phone::talking();
    phone.feed(Input::Offline);
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.feed(Input::Online);
    assert_eq!(phone.face(), Face::InCall);
}

#[test]
fn an_idle_phone_that_lost_its_registration_gets_a_new_device() {
    let mut phone = Phone::ready();
    phone.feed(Input::Unregistered);
    assert!(
        phone
            .asked
            .contains(&Effect::Presence { registered: false })
    );
    phone.time_up(Timer::Rebuild(phone.state.epoch));
    assert!(
        phone.asked.contains(&Effect::DestroyDevice) && phone.asked.contains(&Effect::FetchToken)
    );
    phone.feed(Input::TokenArrived { life_ms: 60_000.0 });
    phone.feed(Input::Registered);
    assert_eq!(phone.face(), Face::Ready);
}

#[test]
fn the_token_is_renewed_between_calls_where_possible() {
    let mut phone = Phone::ready();
    phone.time_up(Timer::Token(1));
    assert_eq!(phone.asked, [Effect::FetchToken]);
    phone.asked.clear();
    phone.feed(Input::TokenArrived {
        life_ms: 3_600_000.0,
    });
    assert!(phone.asked.contains(&Effect::UpdateToken));

    let mut phone = Phone::talking();
    phone.asked.clear();
    phone.now += 2_700_000.0;
    phone.time_up(Timer::Token(1));
    assert!(
        !phone.asked.contains(&Effect::FetchToken),
        "fifteen minutes are left"
    );
    phone.event(CallEvent::Disconnected);
    assert!(
        phone.asked.contains(&Effect::FetchToken),
        "the call is over"
    );

    let mut phone = Phone::talking();
    phone.asked.clear();
    phone.now += 3_550_000.0;
    phone.feed(Input::TokenWillExpire);
    assert!(phone.asked.contains(&Effect::FetchToken), "the last minute");
}

#[test]
fn an_older_tokens_timer_does_nothing() {
    let mut phone = Phone::ready();
    phone.feed(Input::TokenArrived {
        life_ms: 3_600_000.0,
    });
    phone.asked.clear();
    phone.time_up(Timer::Token(1));
    assert_eq!(phone.asked, []);
}

#[test]
fn a_session_that_ended_is_said_with_the_way_to_sign_in() {
    let mut phone = Phone::ready();
    phone.feed(Input::TokenRefused);
    assert_eq!(phone.face(), Face::Offline);
    assert_eq!(
        phone.state.message.as_ref().and_then(Message::link),
        Some(Link::Login)
    );
    let mut phone = Phone::talking();
    phone.feed(Input::TokenRefused);
    assert_eq!(phone.face(), Face::InCall);
}

#[test]
fn one_phone_per_user_the_second_tab_may_take_over() {
    let mut second = Phone::new();
    second.feed(Input::Start);
    second.feed(Input::LockDenied);
    assert_eq!(
        (second.face(), second.state.line),
        (Face::Offline, Line::Elsewhere)
    );
    assert_eq!(second.state.message, Some(Message::Elsewhere));
    second.feed(Input::TakeOver);
    assert!(second.asked.contains(&Effect::AskLock { steal: true }));

    let mut first = Phone::talking();
    first.feed(Input::LockLost);
    assert!(
        first.asked.contains(&Effect::HangUp { n: 1 })
            && first.asked.contains(&Effect::DestroyDevice)
    );
    assert_eq!(
        (first.face(), &first.state.message),
        (Face::Offline, &Some(Message::TakenOver))
    );
    first.feed(Input::Unregistered);
    first.feed(Input::TokenArrived { life_ms: 60_000.0 });
    assert_eq!(first.state.line, Line::Elsewhere);
    first.feed(Input::LockHeld);
    assert_eq!(first.state.message, None);
}

#[test]
fn an_incoming_call_is_answered_or_declined() {
    let ring = |phone: &mut Phone| {
        phone.feed(Input::Incoming {
            n: phone.state.next_call(),
            sid: Some(SID.into()),
            from: NUMBER.into(),
        })
    };
    let mut phone = Phone::ready();
    ring(&mut phone);
    assert_eq!(
        (phone.face(), phone.state.tone()),
        (Face::Incoming, Tone::Ring)
    );
    phone.feed(Input::Answer);
    assert!(phone.asked.contains(&Effect::Accept { n: 1 }));
    assert_eq!(phone.state.tone(), Tone::Silence);
    phone.event(CallEvent::Accepted { sid: None });
    assert_eq!(phone.face(), Face::InCall);
    phone.feed(Input::HangUp);
    assert_eq!(phone.state.message, Some(Message::YouEnded));

    let mut phone = Phone::ready();
    ring(&mut phone);
    phone.feed(Input::Decline);
    assert!(phone.asked.contains(&Effect::Reject { n: 1 }));
    assert_eq!(
        (phone.face(), &phone.state.message),
        (Face::Ended, &Some(Message::Declined))
    );

    let mut phone = Phone::ready();
    ring(&mut phone);
    phone.event(CallEvent::Cancelled);
    assert_eq!(phone.state.message, Some(Message::Missed));

    let mut busy = Phone::talking();
    busy.feed(Input::Incoming {
        n: 2,
        sid: None,
        from: NUMBER.into(),
    });
    assert!(busy.asked.contains(&Effect::Reject { n: 2 }));
    assert_eq!(busy.face(), Face::InCall);
}

#[test]
fn our_own_ringback_only_while_it_rings_without_early_media() {
    assert_eq!(Phone::dialling().state.tone(), Tone::Silence);
    let mut phone = Phone::ringing();
    assert_eq!(phone.state.tone(), Tone::Ringback);
    phone.event(CallEvent::Accepted { sid: None });
    assert_eq!(phone.state.tone(), Tone::Silence);
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Ringing {
        sid: None,
        early_media: true,
    });
    assert_eq!(phone.state.tone(), Tone::Silence);
}

#[test]
fn a_call_that_is_over_by_the_record_does_not_linger() {
    let mut phone = Phone::talking();
    phone.record(Status::Completed);
    assert!(
        phone
            .asked
            .contains(&Effect::Start(Timer::Linger(1), 5_000))
    );
    phone.time_up(Timer::Linger(1));
    assert!(phone.asked.contains(&Effect::HangUp { n: 1 }));
    assert_eq!(
        phone.state.message,
        Some(Message::Outcome(Status::Completed))
    );
}

#[test]
fn records_of_other_calls_change_nothing() {
    let mut phone = Phone::ringing();
    let before = phone.state.clone();
    for other in [
        Record {
            sid: "CA2".into(),
            ..record(Status::InProgress)
        },
        Record {
            sid: "CA3".into(),
            to: "+966500000000".into(),
            ..record(Status::Busy)
        },
    ] {
        phone.feed(Input::Record(other));
    }
    assert_eq!(phone.state, before);
    // Before Twilio's SID is known, an older call's late recording is not taken for this call.
    let mut phone = Phone::dialling();
    phone.feed(Input::Record(Record {
        recorded: true,
        ..record(Status::Completed)
    }));
    assert_eq!(phone.face(), Face::Connecting);
    assert_eq!(phone.state.message, None);
}

#[test]
fn the_last_calls_record_is_not_taken_for_the_next_call_to_the_same_number() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::Disconnected);
    phone.feed(Input::Call);
    phone.record(Status::Completed);
    assert_eq!(
        (phone.face(), phone.state.message.is_none()),
        (Face::Connecting, true)
    );
}

#[test]
fn mute_and_warnings_show_and_go() {
    let mut phone = Phone::talking();
    phone.feed(Input::ToggleMute);
    assert!(phone.asked.contains(&Effect::Mute { n: 1, on: true }));
    phone.event(CallEvent::Muted(true));
    phone.event(CallEvent::Warning(Warning::WeakConnection));
    phone.event(CallEvent::Warning(Warning::SilentMicrophone));
    let call = phone.state.call.clone().expect("a call");
    assert!(call.muted && call.weak && call.silent_microphone);
    phone.event(CallEvent::WarningCleared(Warning::WeakConnection));
    phone.event(CallEvent::WarningCleared(Warning::SilentMicrophone));
    assert!(
        phone
            .state
            .call
            .is_some_and(|call| !call.weak && !call.silent_microphone)
    );
}

fn call_event() -> impl Strategy<Value = CallEvent> {
    let sid = prop_oneof![Just(None), Just(Some(SID.to_owned()))];
    let code = prop_oneof![
        Just(31005u32),
        Just(31401),
        Just(31404),
        Just(53000),
        Just(20104),
        Just(1)
    ]
    .prop_map(fault);
    prop_oneof![
        Just(CallEvent::Connected),
        code.clone().prop_map(CallEvent::Failed),
        (sid.clone(), any::<bool>())
            .prop_map(|(sid, early_media)| CallEvent::Ringing { sid, early_media }),
        sid.prop_map(|sid| CallEvent::Accepted { sid }),
        Just(CallEvent::Disconnected),
        Just(CallEvent::Cancelled),
        Just(CallEvent::Rejected),
        (code, any::<bool>()).prop_map(|(fault, closed)| CallEvent::Error { fault, closed }),
        Just(CallEvent::Reconnecting),
        Just(CallEvent::Reconnected),
        Just(CallEvent::TransportClosed),
        any::<bool>().prop_map(CallEvent::Muted),
        Just(CallEvent::Warning(Warning::WeakConnection)),
        Just(CallEvent::WarningCleared(Warning::SilentMicrophone)),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let status = prop::sample::select(Status::ALL.to_vec());
    let n = 1u32..5;
    prop_oneof![
        prop::sample::select(vec![
            Input::Start,
            Input::Typed("0569705616".into()),
            Input::Key('5'),
            Input::Backspace,
            Input::Call,
            Input::Call,
            Input::CallNumber("0501234567".into()),
            Input::HangUp,
            Input::Answer,
            Input::Decline,
            Input::ToggleMute,
            Input::ToggleKeypad,
            Input::TakeOver,
            Input::LockHeld,
            Input::LockDenied,
            Input::LockLost,
            Input::TokenRefused,
            Input::TokenFailed,
            Input::SdkMissing,
            Input::Unsupported,
            Input::Registered,
            Input::Registering,
            Input::Unregistered,
            Input::Destroyed,
            Input::TokenWillExpire,
            Input::Online,
            Input::Offline,
            Input::Visible,
        ]),
        (0.0..4e6f64).prop_map(|life_ms| Input::TokenArrived { life_ms }),
        Just(Input::DeviceError(fault(31204))),
        Just(Input::Incoming {
            n: 9,
            sid: Some(SID.into()),
            from: NUMBER.into()
        }),
        (n.clone(), call_event()).prop_map(|(n, event)| Input::Event { n, event }),
        (n.clone(), call_event()).prop_map(|(n, event)| Input::Event { n, event }),
        status.prop_map(|status| Input::Record(record(status))),
        n.clone().prop_map(|n| Input::Explained {
            n,
            cause: (n == 1).then(|| cause(None))
        }),
        prop_oneof![
            n.clone().prop_map(Timer::Connect),
            n.clone().prop_map(Timer::Outcome),
            n.clone().prop_map(Timer::Ended),
            n.clone().prop_map(Timer::Ask),
            n.clone().prop_map(Timer::Linger),
            n.clone().prop_map(Timer::Lost),
            n.clone().prop_map(Timer::Token),
            n.clone().prop_map(Timer::Rebuild),
            n.prop_map(Timer::Presence),
            Just(Timer::TokenRetry),
        ]
        .prop_map(Input::TimeUp),
    ]
}

proptest! {
    /// Whatever happens in whatever order: one call at a time, a device before a call, a talk only after an answer, and every call
    /// that ends can be followed by another.
    #[test]
    fn no_order_of_events_breaks_the_phone(inputs in prop::collection::vec(input(), 0..60)) {
        let mut phone = Phone::ready();
        let mut device = true;
        let mut answered = false;
        for input in inputs {
            let idle = phone.state.call.is_none();
            answered |= matches!(&input, Input::Record(r) if r.status == Status::InProgress)
                || matches!(&input, Input::Event { event: CallEvent::Accepted { .. }, .. });
            phone.asked.clear();
            phone.feed(input);
            phone.now += 100.0;
            for effect in &phone.asked {
                match effect {
                    Effect::CreateDevice => { prop_assert!(!device, "two devices"); device = true; }
                    Effect::DestroyDevice => { prop_assert!(device); device = false; }
                    Effect::Connect { .. } => prop_assert!(idle && phone.state.call.is_some()),
                    Effect::UpdateToken => prop_assert!(device),
                    _ => {}
                }
            }
            prop_assert!(phone.connects() <= 1);
            let face = phone.face();
            prop_assert_eq!(face.is_call(), phone.state.call.is_some());
            if face == Face::InCall { prop_assert!(answered); }
            if face == Face::Ended && phone.state.line == Line::Ready && !phone.state.unplugged { prop_assert!(phone.state.may_call()); }
            if face == Face::Ready { prop_assert!(phone.state.may_call()); }
            prop_assert!(phone.state.seen.len() <= 18);
        }
    }
}
