//! The SDK's events, as inputs of the machine.

use super::{
    machine::{CallEvent, Fault, Input, Warning},
    voice_sdk::{Call, Device, custom_parameter, fault, ice_state, parameter, status},
};
use crate::browser::get_number;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsValue;

/// <https://www.twilio.com/docs/api/errors/53405>
const MEDIA_CONNECTION: u32 = 53405;

/// Where inputs go.
pub type Send = Rc<dyn Fn(Input)>;

/// Reports everything that a device says; `incoming` is handed to `on_incoming`.
pub fn hear_device(device: &mut Device, send: &Send, on_incoming: impl Fn(JsValue) + 'static) {
    for (name, input) in [
        ("registered", Input::Registered),
        ("registering", Input::Registering),
        ("unregistered", Input::Unregistered),
        ("tokenWillExpire", Input::TokenWillExpire),
        ("destroyed", Input::Destroyed),
    ] {
        let send = send.clone();
        device.on(name, move |_, _| send(input.clone()));
    }
    let to = send.clone();
    device.on("error", move |error, _| {
        to(Input::DeviceError(fault(&error)))
    });
    device.on("incoming", move |call, _| on_incoming(call));
}

/// Reports everything that call number `n` says; the microphone's level (0 to 6) to `on_level`.
pub fn hear_call(call: &mut Call, n: u32, send: &Send, on_level: impl Fn(u8) + 'static) {
    let report = {
        let send = send.clone();
        move |event| send(Input::Event { n, event })
    };
    for (name, event) in [
        ("disconnect", CallEvent::Disconnected),
        ("cancel", CallEvent::Cancelled),
        ("reject", CallEvent::Rejected),
        ("reconnected", CallEvent::Reconnected),
        ("transportClose", CallEvent::TransportClosed),
    ] {
        let report = report.clone();
        call.on(name, move |_, _| report(event.clone()));
    }
    let (to, js) = (report.clone(), call.js());
    call.on("ringing", move |early, _| {
        to(CallEvent::Ringing {
            sid: sid(&js),
            early_media: early.is_truthy(),
        })
    });
    let (to, js) = (report.clone(), call.js());
    call.on("accept", move |_, _| {
        to(CallEvent::Accepted { sid: sid(&js) })
    });
    let (to, js) = (report.clone(), call.js());
    call.on("error", move |error, _| {
        to(CallEvent::Error {
            fault: Fault {
                ice: ice_state(&js),
                ..fault(&error)
            },
            closed: status(&js) == "closed",
        })
    });
    let to = report.clone();
    call.on("mute", move |on, _| to(CallEvent::Muted(on.is_truthy())));
    let to = report.clone();
    call.on("reconnecting", move |error, _| {
        to(match fault(&error).code {
            MEDIA_CONNECTION => CallEvent::MediaLost,
            _ => CallEvent::Reconnecting,
        })
    });
    // Once a second. The SDK itself waits for three such samples, and for ICE, before it calls a network gone.
    let to = report.clone();
    call.on("sample", move |sample, _| {
        to(CallEvent::Sound(
            get_number(&sample, "packetsReceived") != Some(0),
        ))
    });
    // Several of the SDK's warnings are one of ours: it is over when the last of them is.
    let raised = Rc::new(RefCell::new(Vec::<(String, Warning)>::new()));
    let (to, on) = (report.clone(), raised.clone());
    call.on("warning", move |name, _| {
        if let (Some(name), Some(warning)) = (name.as_string(), warning(&name)) {
            on.borrow_mut().push((name, warning));
            to(CallEvent::Warning(warning));
        }
    });
    call.on("warning-cleared", move |name, _| {
        if let (Some(name), Some(warning)) = (name.as_string(), warning(&name)) {
            raised.borrow_mut().retain(|(other, _)| *other != name);
            let still = raised.borrow().iter().any(|(_, other)| *other == warning);
            if !still {
                report(CallEvent::WarningCleared(warning));
            }
        }
    });
    call.on("volume", move |input, _| {
        on_level(level(input.as_f64().unwrap_or_default()))
    });
}

/// Twilio's SID of the call, once it has one. An incoming one is a leg of the customer's call: our TwiML says which.
pub fn sid(call: &JsValue) -> Option<String> {
    custom_parameter(call, "call_sid")
        .or_else(|| parameter(call, "CallSid"))
        .filter(|sid| sid.starts_with("CA"))
}

/// The names of <https://www.twilio.com/docs/voice/sdks/javascript/twiliocall#warning-event>
fn warning(name: &JsValue) -> Option<Warning> {
    match name.as_string()?.as_str() {
        "constant-audio-input-level" => Some(Warning::SilentMicrophone),
        "high-rtt"
        | "high-jitter"
        | "high-packet-loss"
        | "high-packets-lost-fraction"
        | "low-mos"
        | "low-bytes-received"
        | "low-bytes-sent"
        | "ice-connectivity-lost" => Some(Warning::WeakConnection),
        _ => None,
    }
}

/// Speech reaches about a third of the SDK's scale.
fn level(volume: f64) -> u8 {
    (volume * 18.0).clamp(0.0, 6.0) as u8
}
