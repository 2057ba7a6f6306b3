//! Twilio's Voice JS SDK 2.18.5, as far as we use it: private externs under types that own a handle and its closures. Dropping one
//! detaches. Options and events: <https://twilio.github.io/twilio-voice.js/>, and the package's own `es5/twilio/{device,call}.d.ts`.

use super::{Setup, machine::Fault, page::Devices};
use crate::browser::{get, get_text, set};
use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Twilio, js_name = Device)]
    type JsDevice;
    #[wasm_bindgen(constructor, catch, js_namespace = Twilio, js_class = "Device")]
    fn new(token: &str, options: &Object) -> Result<JsDevice, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn register(this: &JsDevice) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = updateToken)]
    fn update_token(this: &JsDevice, token: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn connect(this: &JsDevice, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn destroy(this: &JsDevice) -> Result<(), JsValue>;

    type JsCall;
    #[wasm_bindgen(method, catch)]
    fn accept(this: &JsCall) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn reject(this: &JsCall) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn disconnect(this: &JsCall) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn mute(this: &JsCall, on: bool) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = sendDigits)]
    fn send_digits(this: &JsCall, digits: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn status(this: &JsCall) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getLocalStream)]
    fn get_local_stream(this: &JsCall) -> Result<JsValue, JsValue>;

    /// Node's EventEmitter, which both are.
    type Emitter;
    #[wasm_bindgen(method, catch)]
    fn on(this: &Emitter, name: &str, handler: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeListener)]
    fn remove_listener(this: &Emitter, name: &str, handler: &Function) -> Result<JsValue, JsValue>;

    type AudioHelper;
    #[wasm_bindgen(method, catch, js_name = setInputDevice)]
    fn set_input_device(this: &AudioHelper, id: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = unsetInputDevice)]
    fn unset_input_device(this: &AudioHelper) -> Result<Promise, JsValue>;
    type Outputs;
    #[wasm_bindgen(method, catch)]
    fn set(this: &Outputs, id: &str) -> Result<Promise, JsValue>;
}

/// Stands in for the SDK's `Sound`, which fetches every one of its sounds from sdk.twilio.com when a Device is made: the page makes its
/// own (`audio`), so nothing is fetched and nothing fails offline. DTMF tones are made by the SDK's oscillator and stay.
#[wasm_bindgen]
pub struct SilentSound {}

#[wasm_bindgen]
impl SilentSound {
    #[allow(clippy::new_without_default)]
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {}
    }

    pub fn play(&self) -> Promise {
        Promise::resolve(&JsValue::UNDEFINED)
    }

    pub fn stop(&self) {}

    #[wasm_bindgen(js_name = setSinkIds)]
    pub fn set_sink_ids(&self) {}
}

/// A handler of an SDK event, for as long as it lives. `Fn`: the SDK emits inside its own methods, so one may be called within itself.
struct Heard {
    emitter: JsValue,
    name: &'static str,
    closure: Closure<dyn Fn(JsValue, JsValue)>,
}

impl Heard {
    fn new(
        emitter: &JsValue,
        name: &'static str,
        handler: impl Fn(JsValue, JsValue) + 'static,
    ) -> Self {
        let closure = Closure::<dyn Fn(JsValue, JsValue)>::new(handler);
        let _ = emitter
            .unchecked_ref::<Emitter>()
            .on(name, closure.as_ref().unchecked_ref());
        Self {
            emitter: emitter.clone(),
            name,
            closure,
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self
            .emitter
            .unchecked_ref::<Emitter>()
            .remove_listener(self.name, self.closure.as_ref().unchecked_ref());
    }
}

/// Whether the SDK's script has run.
pub fn is_loaded() -> bool {
    js_sys::global()
        .dyn_ref::<Object>()
        .and_then(|global| get(global, "Twilio"))
        .and_then(|twilio| get(&twilio, "Device"))
        .is_some()
}

/// The phone at Twilio. Dropping it destroys it, and with it its calls.
pub struct Device {
    device: JsDevice,
    heard: Vec<Heard>,
}

impl Device {
    /// Fails where there is no WebRTC: an old browser, or an origin that is not secure.
    pub fn new(token: &str, setup: &Setup) -> Result<Self, Fault> {
        let device = JsDevice::new(token, &options(setup)).map_err(|error| fault(&error))?;
        Ok(Self {
            device,
            heard: Vec::new(),
        })
    }

    /// Calls `handler` with the event's two arguments.
    pub fn on(&mut self, name: &'static str, handler: impl Fn(JsValue, JsValue) + 'static) {
        self.heard.push(Heard::new(&self.device, name, handler));
    }

    /// Registration is reported by events; what the promise says beside them is of no use.
    pub fn register(&self) {
        if let Ok(promise) = self.device.register() {
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(promise).await;
            });
        }
    }

    pub fn update_token(&self, token: &str) -> Result<(), Fault> {
        self.device
            .update_token(token)
            .map_err(|error| fault(&error))
    }

    /// Twilio asks our server for TwiML with this `To` and the name of this attempt. The promise may never settle: the caller has a limit of its own.
    pub fn connect(
        &self,
        to: &str,
        attempt: &str,
    ) -> impl Future<Output = Result<Call, Fault>> + 'static {
        let params = Object::new();
        set(&params, "To", to);
        set(&params, "Attempt", attempt);
        let options = Object::new();
        set(&options, "params", &params);
        let promise = self.device.connect(&options);
        async move {
            let call = JsFuture::from(promise.map_err(|error| fault(&error))?)
                .await
                .map_err(|error| fault(&error))?;
            Ok(Call::from_js(call))
        }
    }

    /// Microphones and speakers. Labels are empty until the microphone is allowed.
    pub fn devices(&self) -> Devices {
        let Some(audio) = get(&self.device, "audio") else {
            return Devices::default();
        };
        let microphones = devices_of(&audio, "availableInputDevices");
        let can_choose =
            get(&audio, "isOutputSelectionSupported").is_some_and(|yes| yes.is_truthy());
        let speakers = if can_choose {
            devices_of(&audio, "availableOutputDevices")
        } else {
            Vec::new()
        };
        Devices {
            microphones,
            speakers,
            ..Devices::default()
        }
    }

    pub async fn choose_microphone(audio: Option<JsValue>, id: String) {
        let Some(audio) = audio else { return };
        if let Ok(promise) = audio.unchecked_ref::<AudioHelper>().set_input_device(&id) {
            let _ = JsFuture::from(promise).await;
        }
    }

    /// Closes the microphone that was chosen; false when the SDK would not, because of a call.
    pub async fn let_microphone_go(audio: Option<JsValue>) -> bool {
        let Some(audio) = audio else { return true };
        match audio.unchecked_ref::<AudioHelper>().unset_input_device() {
            Ok(promise) => JsFuture::from(promise).await.is_ok(),
            Err(_) => false,
        }
    }

    pub async fn choose_speaker(audio: Option<JsValue>, id: String) {
        let Some(speakers) = audio.and_then(|audio| get(&audio, "speakerDevices")) else {
            return;
        };
        if let Ok(promise) = speakers.unchecked_ref::<Outputs>().set(&id) {
            let _ = JsFuture::from(promise).await;
        }
    }

    /// `registered`, `registering`, `unregistered` or `destroyed`.
    pub fn state(&self) -> Option<String> {
        get_text(&self.device, "state")
    }

    /// The SDK's AudioHelper, for the three above.
    pub fn audio(&self) -> Option<JsValue> {
        get(&self.device, "audio")
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.heard.clear();
        let _ = self.device.destroy();
    }
}

/// One call. Dropping it detaches; it does not hang up.
pub struct Call {
    call: JsCall,
    heard: Vec<Heard>,
}

impl Call {
    pub fn from_js(call: JsValue) -> Self {
        Self {
            call: call.unchecked_into(),
            heard: Vec::new(),
        }
    }

    pub fn on(&mut self, name: &'static str, handler: impl Fn(JsValue, JsValue) + 'static) {
        self.heard.push(Heard::new(&self.call, name, handler));
    }

    /// The handle alone, for asking inside a handler.
    pub fn js(&self) -> JsValue {
        self.call.clone()
    }

    pub fn accept(&self) {
        let _ = self.call.accept();
    }

    pub fn reject(&self) {
        let _ = self.call.reject();
    }

    /// Hangs up, and stops the microphone too: a call whose signalling is lost ignores `disconnect()`.
    pub fn disconnect(&self) {
        let stream = self.call.get_local_stream().ok();
        let deaf = status(&self.call) == "closed";
        let _ = self.call.disconnect();
        if let Some(stream) = stream
            .filter(|_| deaf)
            .and_then(|stream| stream.dyn_into::<web_sys::MediaStream>().ok())
        {
            for track in stream.get_tracks().iter() {
                if let Ok(track) = track.dyn_into::<web_sys::MediaStreamTrack>() {
                    track.stop();
                }
            }
        }
    }

    pub fn mute(&self, on: bool) {
        let _ = self.call.mute(on);
    }

    pub fn send_digit(&self, digit: char) {
        let _ = self.call.send_digits(digit.encode_utf8(&mut [0; 4]));
    }
}

/// `pending`, `connecting`, `ringing`, `open`, `reconnecting` or `closed`.
pub fn status(call: &JsValue) -> String {
    call.unchecked_ref::<JsCall>()
        .status()
        .ok()
        .and_then(|status| status.as_string())
        .unwrap_or_default()
}

/// Not part of the SDK's interface, and only for the report of a call that ended badly.
pub fn ice_state(call: &JsValue) -> Option<String> {
    let connection = get(&get(&get(call, "_mediaHandler")?, "version")?, "pc")?;
    get_text(&connection, "iceConnectionState")
}

/// A parameter of the call: `CallSid`, `From`, `To`. The SID is the SDK's own, `TJ…`, until Twilio has given one.
pub fn parameter(call: &JsValue, name: &str) -> Option<String> {
    get_text(&get(call, "parameters")?, name).filter(|value| !value.is_empty())
}

/// A parameter that our own TwiML gave an incoming call.
pub fn custom_parameter(call: &JsValue, name: &str) -> Option<String> {
    get(call, "customParameters")?
        .dyn_into::<js_sys::Map>()
        .ok()?
        .get(&JsValue::from_str(name))
        .as_string()
        .filter(|value| !value.is_empty())
}

/// What the SDK, or the browser, threw.
pub fn fault(error: &JsValue) -> Fault {
    let code = get(error, "code")
        .and_then(|code| code.as_f64())
        .unwrap_or_default() as u32;
    let message = get_text(error, "message")
        .or_else(|| error.as_string())
        .unwrap_or_default();
    let name = get_text(error, "name").unwrap_or_default();
    let code = match name.as_str() {
        "NotAllowedError" | "PermissionDeniedError" => 31401,
        "NotFoundError" | "NotReadableError" | "OverconstrainedError" => 31402,
        _ => code,
    };
    Fault {
        code,
        message: message.chars().take(300).collect(),
        ice: None,
    }
}

fn options(setup: &Setup) -> Object {
    let options = Object::new();
    set(&options, "tokenRefreshMs", 120_000);
    // The SDK's default, 0, can start a ghost call when the network comes back (twilio-voice.js#63).
    set(&options, "maxCallSignalingTimeoutMs", 30_000);
    set(&options, "enableImprovedSignalingErrorPrecision", true);
    set(&options, "allowIncomingWhileBusy", false);
    set(
        &options,
        "codecPreferences",
        Array::of2(&"opus".into(), &"pcmu".into()),
    );
    set(&options, "closeProtection", setup.leave_question.as_str());
    // loglevel's numbers: 1 is debug, 5 is silent.
    set(&options, "logLevel", if setup.debug { 1 } else { 5 });
    if let Some(constructor) = get(&SilentSound::new().into(), "constructor") {
        set(&options, "Sound", constructor);
    }
    if let Some(edge) = &setup.edge {
        set(&options, "edge", edge.as_str());
    }
    if let Some(signaling) = &setup.signaling {
        set(&options, "chunderw", signaling.as_str());
        set(&options, "publishEvents", false);
    }
    options
}

fn devices_of(audio: &JsValue, name: &str) -> Vec<(String, String)> {
    let Some(map) = get(audio, name).and_then(|map| map.dyn_into::<js_sys::Map>().ok()) else {
        return Vec::new();
    };
    let mut devices = Vec::new();
    map.for_each(&mut |device, id| {
        if let Some(id) = id.as_string().filter(|id| !id.is_empty()) {
            devices.push((id, get_text(&device, "label").unwrap_or_default()));
        }
    });
    devices
}
