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
