//! Registration, token, session, and the other tabs.

use super::*;

#[test]
fn how_the_last_call_ended_does_not_hide_that_the_phone_is_elsewhere() {
    let mut phone = Phone::talking();
    phone.feed(Input::LockLost);
    phone.record(Status::Completed);
    assert_eq!(phone.state.message, Some(Message::TakenOver));
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
fn a_token_that_is_expired_at_once_is_asked_for_again_at_growing_pauses_and_says_so() {
    let mut phone = Phone::new();
    for input in [Input::Start, Input::LockHeld] {
        phone.feed(input);
    }
    let mut pauses = Vec::new();
    for _ in 0..5 {
        phone.feed(Input::TokenArrived {
            life_ms: 3_600_000.0,
        });
        phone.asked.clear();
        phone.feed(Input::DeviceError(fault(20104)));
        match phone.asked.as_slice() {
            [Effect::FetchToken] => pauses.push(0),
            [Effect::Start(Timer::TokenRetry, pause)] => pauses.push(*pause),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pauses, [0, 4_000, 8_000, 16_000, 32_000]);
    assert_eq!(phone.state.message, Some(Message::Fault(fault(20104))));
    phone.feed(Input::Registered);
    assert_eq!((phone.face(), &phone.state.message), (Face::Ready, &None));
    // What runs out later is renewed at once again.
    phone.asked.clear();
    phone.feed(Input::DeviceError(fault(20104)));
    assert_eq!(phone.asked, [Effect::FetchToken]);
}

#[test]
fn a_phone_that_does_not_reach_twilio_says_so_until_it_does() {
    let mut phone = Phone::registering();
    phone.feed(Input::DeviceError(fault(31005)));
    assert_eq!(phone.state.message, Some(Message::Fault(fault(31005))));
    phone.feed(Input::Registered);
    assert_eq!(phone.state.message, None);
}

#[test]
fn a_token_that_is_not_valid_any_more_is_asked_for_once_again_and_then_an_administrator() {
    let mut phone = Phone::talking();
    phone.feed(Input::Unregistered);
    phone.asked.clear();
    phone.feed(Input::DeviceError(fault(20101)));
    assert_eq!(phone.asked, [Effect::FetchToken]);
    phone.feed(Input::TokenArrived {
        life_ms: 3_600_000.0,
    });
    phone.asked.clear();
    phone.feed(Input::DeviceError(fault(20101)));
    assert!(!phone.asked.contains(&Effect::FetchToken));
    assert_eq!(phone.state.message, Some(Message::Fault(fault(20101))));
}
