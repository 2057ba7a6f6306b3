//! A call of our own, from the press to the words at its end.

use super::*;

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
