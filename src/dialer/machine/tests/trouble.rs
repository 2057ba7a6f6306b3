//! Signalling, network, microphone and SDK that fail.

use super::*;

#[test]
fn cut_off_with_no_record_means_that_no_request_reached_us() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    assert_eq!(phone.state.message, None);
    phone.time_up(Timer::Outcome(1));
    assert_eq!(phone.state.message, Some(Message::NoRequest));
    assert_eq!(
        phone.state.message.as_ref().and_then(Message::link),
        Some(Link::Setup)
    );
    assert!(phone.asked.iter().any(|effect| matches!(effect, Effect::Report(report) if report.sid.is_none() && !report.reached_server)));
    // The row that our own report makes is not taken for the call's word.
    phone.record(Status::Failed);
    assert_eq!(phone.state.message, Some(Message::NoRequest));
}

#[test]
fn with_the_stream_down_nothing_is_concluded_from_silence() {
    let mut phone = Phone::dialling();
    phone.feed(Input::Live(false));
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Outcome(1));
    assert_eq!(phone.state.message, Some(Message::Ended));
}

#[test]
fn a_sid_that_the_server_never_heard_of_means_the_same() {
    let mut phone = Phone::ringing();
    phone.feed(Input::Live(false));
    phone.event(CallEvent::Disconnected);
    phone.time_up(Timer::Ask(1));
    phone.feed(Input::NoRecord(SID.into()));
    phone.time_up(Timer::Outcome(1));
    assert_eq!(phone.state.message, Some(Message::NoRequest));
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
        assert!(
            phone.asked.iter().any(
                |effect| matches!(effect, Effect::Report(report) if report.code == Some(31401))
            )
        );
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
