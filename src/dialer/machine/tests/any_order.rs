//! Whatever happens, in whatever order.

use super::*;
use proptest::prelude::*;

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
        Just(CallEvent::MediaLost),
        any::<bool>().prop_map(CallEvent::Sound),
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
        }
    }
}
