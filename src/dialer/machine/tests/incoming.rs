//! A call to us; and records that are of other calls.

use super::*;

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
fn records_of_other_calls_change_nothing() {
    let mut phone = Phone::ringing();
    let before = phone.state.clone();
    for attempt in [None, Some("00000002".to_owned())] {
        phone.feed(Input::Record(Record {
            sid: "CA2".into(),
            attempt,
            ..record(Status::InProgress)
        }));
    }
    assert_eq!(phone.state, before);
}

#[test]
fn before_twilios_sid_is_known_the_attempts_name_tells_whose_record_it_is() {
    let mut phone = Phone::dialling();
    phone.record(Status::Ringing);
    assert_eq!(phone.face(), Face::Ringing);
    // The row that a report made stands under that very name, and says nothing that the page does not know until the server has a cause.
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    phone.feed(Input::Record(Record {
        sid: "00000001".into(),
        attempt: None,
        ..record(Status::Failed)
    }));
    assert_eq!(phone.state.message, None);
    phone.feed(Input::Record(Record {
        sid: "00000001".into(),
        attempt: None,
        cause: Some(cause(None)),
        ..record(Status::Failed)
    }));
    assert_eq!(phone.state.message, Some(Message::Explained(cause(None))));
}

#[test]
fn the_last_calls_record_is_not_taken_for_the_next_call_to_the_same_number() {
    // Whether the SDK had told its SID or not, and however late the record is: what it failed of must not end the next call.
    for mut phone in [Phone::talking(), Phone::dialling()] {
        phone.event(CallEvent::Disconnected);
        phone.feed(Input::Call);
        phone.asked.clear();
        phone.record(Status::Failed);
        assert_eq!(
            (phone.face(), phone.state.message.is_none()),
            (Face::Connecting, true)
        );
        assert_eq!(phone.asked, []);
    }
}

#[test]
fn a_call_pressed_before_the_words_for_the_last_one_does_not_keep_that_one_from_being_reported() {
    let mut phone = Phone::dialling();
    phone.event(CallEvent::Disconnected);
    phone.asked.clear();
    phone.now += 200.0;
    phone.feed(Input::Call);
    let reported = phone.asked.iter().any(|effect| {
        matches!(effect, Effect::Report { n: 1, report }
            if report.attempt.as_deref() == Some("00000001") && report.ended_ms_ago == 200.0)
    });
    assert!(reported, "{:?}", phone.asked);
    assert!(phone.asked.iter().any(
        |effect| matches!(effect, Effect::Connect { n: 2, attempt, .. } if attempt == "00000002")
    ));
    // The late words are of the other call.
    phone.time_up(Timer::Outcome(1));
    phone.feed(Input::Explained {
        n: 1,
        cause: Some(cause(None)),
    });
    assert_eq!(
        (phone.face(), phone.state.message.is_none()),
        (Face::Connecting, true)
    );
}
