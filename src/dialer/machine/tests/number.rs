//! What is typed, and when it is dialled.

use super::*;

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
                to: NUMBER.into(),
                attempt: "00000001".into(),
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
