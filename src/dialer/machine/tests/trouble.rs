//! Signalling, network, microphone and SDK that fail.

use super::*;

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

/// The SDK says nothing of a call that it gave up with its socket, and takes no other while it holds on to it.
#[test]
fn however_a_call_ends_whose_signalling_was_lost_before_the_answer_the_next_has_a_new_device() {
    let ends: [fn(&mut Phone); 3] = [
        |phone| phone.feed(Input::HangUp),
        |phone| {
            phone.record(Status::Canceled);
            phone.time_up(Timer::Linger(1));
        },
        |phone| phone.time_up(Timer::Lost(1)),
    ];
    for end in ends {
        let mut phone = Phone::ringing();
        phone.event(CallEvent::TransportClosed);
        phone.feed(Input::Unregistered);
        phone.feed(Input::Registered);
        end(&mut phone);
        let made_anew = [Effect::DestroyDevice, Effect::FetchToken];
        assert!(
            made_anew.iter().all(|effect| phone.asked.contains(effect)),
            "{:?}",
            phone.asked
        );
    }
    // One that the SDK brings back keeps its device.
    let mut phone = Phone::talking();
    phone.event(CallEvent::TransportClosed);
    phone.event(CallEvent::Reconnecting);
    phone.feed(Input::HangUp);
    assert!(!phone.asked.contains(&Effect::DestroyDevice));
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
fn a_second_without_a_packet_shows_as_reconnecting_until_sound_is_back() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::Sound(false));
    assert_eq!(phone.face(), Face::InCall, "none has come yet");
    phone.event(CallEvent::Sound(true));
    phone.event(CallEvent::Sound(false));
    phone.event(CallEvent::Sound(false));
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.event(CallEvent::Sound(true));
    assert_eq!(phone.face(), Face::InCall);
    // What rings sends nothing yet.
    let mut phone = Phone::ringing();
    phone.event(CallEvent::Sound(true));
    phone.event(CallEvent::Sound(false));
    assert_eq!(phone.face(), Face::Ringing);
}

#[test]
fn a_call_is_back_when_the_sdk_says_so_or_when_a_whole_second_of_sound_has_come() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::Sound(true));
    phone.event(CallEvent::MediaLost);
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.event(CallEvent::Reconnected);
    assert_eq!(phone.face(), Face::InCall);

    phone.event(CallEvent::MediaLost);
    phone.event(CallEvent::Sound(true));
    assert_eq!(phone.face(), Face::Reconnecting, "it may have come before");
    phone.event(CallEvent::Sound(false));
    phone.event(CallEvent::Sound(true));
    assert_eq!(phone.face(), Face::Reconnecting);
    phone.event(CallEvent::Sound(true));
    assert_eq!(phone.face(), Face::InCall);
}

#[test]
fn signalling_is_back_with_the_registration_although_the_sdk_waits_for_the_media() {
    let mut phone = Phone::talking();
    phone.event(CallEvent::MediaLost);
    phone.event(CallEvent::TransportClosed);
    phone.event(CallEvent::Reconnecting);
    phone.feed(Input::Unregistered);
    for _ in 0..3 {
        phone.event(CallEvent::Sound(true));
    }
    assert_eq!(phone.face(), Face::Reconnecting, "there is no signalling");
    phone.feed(Input::Registered);
    assert_eq!(phone.face(), Face::InCall);
    // One that still rings has no reconnect token: the socket that is new knows nothing of it.
    let mut phone = Phone::ringing();
    phone.event(CallEvent::TransportClosed);
    phone.feed(Input::Registered);
    assert_eq!(phone.face(), Face::Reconnecting);
}

#[test]
fn attempts_to_come_back_that_fail_do_not_put_off_giving_a_call_up() {
    let mut phone = Phone::dialling();
    let waits = |phone: &Phone| {
        let lost = |effect: &&Effect| matches!(effect, Effect::Start(Timer::Lost(1), _));
        phone.asked.iter().filter(lost).count()
    };
    phone.event(CallEvent::TransportClosed);
    assert_eq!(waits(&phone), 1);
    phone.event(CallEvent::TransportClosed);
    phone.event(CallEvent::TransportClosed);
    assert_eq!(waits(&phone), 1);
}
