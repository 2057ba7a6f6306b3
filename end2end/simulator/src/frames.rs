//! PStream 1.6, the Voice SDK's signalling, as types. Read from @twilio/voice-sdk 2.18.5 (`pstream.ts`, `call.ts`).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sid::Sid;

/// What a browser sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "lowercase")]
pub enum FromBrowser {
    /// On open, and with every new token.
    Listen {
        /// The access token.
        #[serde(default)]
        token: String,
        /// How many seconds a call should outlive a lost socket.
        #[serde(default, rename = "reconnectTimeout")]
        reconnect_timeout: u64,
    },
    /// Wants to be called.
    Register {
        /// `{"audio": true}`, or `{"audio": false}` to unregister.
        #[serde(default)]
        media: Option<Map<String, Value>>,
    },
    /// A new call, or a return to one.
    Invite {
        /// A temporary name; the real SID on a return.
        callsid: String,
        /// The offer.
        #[serde(default)]
        sdp: String,
        /// Set on a return.
        #[serde(default)]
        reconnect: Option<String>,
        /// Custom parameters.
        #[serde(default)]
        twilio: Custom,
    },
    /// Takes an incoming call.
    Answer {
        /// Which.
        callsid: String,
        /// The answer.
        #[serde(default)]
        sdp: String,
    },
    /// Declines it.
    Reject {
        /// Which.
        callsid: String,
    },
    /// Ends a call.
    Hangup {
        /// Which.
        callsid: String,
        /// Why, if it says so.
        #[serde(default)]
        message: Option<String>,
    },
    /// Keypad.
    Dtmf {
        /// Which call.
        callsid: String,
        /// Which keys.
        #[serde(default)]
        dtmf: String,
    },
    /// ICE restart.
    Reinvite {
        /// Which call.
        callsid: String,
        /// The new offer.
        #[serde(default)]
        sdp: String,
    },
    /// A call message.
    Message {
        /// Which call.
        callsid: String,
        /// Its name, for the `ack`.
        #[serde(default)]
        voiceeventsid: Option<String>,
    },
}

/// Custom parameters, URL-encoded.
#[derive(Debug, Default, Deserialize)]
pub struct Custom {
    /// `To=%2B966…&x=1`.
    #[serde(default)]
    pub params: String,
}

impl Custom {
    /// The parameters, decoded.
    pub fn pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.params.as_bytes())
            .into_owned()
            .collect()
    }
}

/// What the gateway sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    kind: &'static str,
    payload: Value,
}

impl Frame {
    fn new(kind: &'static str, payload: Value) -> Self {
        Self { kind, payload }
    }

    /// As it goes over the wire.
    pub fn to_json(&self) -> String {
        json!({"type": self.kind, "version": "1.6", "payload": self.payload}).to_string()
    }

    /// Its type, for the log.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The token was accepted.
    pub fn connected(identity: &str, ttl: i64) -> Self {
        Self::new(
            "connected",
            json!({"region": "US_EAST_VIRGINIA", "edge": "ashburn", "home": "us1", "gateway": "simulator", "token": {"identity": identity, "ttl": ttl}}),
        )
    }

    /// Registered.
    pub fn ready() -> Self {
        Self::new("ready", json!({}))
    }

    /// No longer registered: what `Device.unregister()` waits for.
    pub fn offline() -> Self {
        Self::new("offline", json!({}))
    }

    /// Something was refused.
    pub fn error(code: u32, message: &str) -> Self {
        Self::new(
            "error",
            json!({"error": {"code": code, "message": message}}),
        )
    }

    /// The other side rings.
    pub fn ringing(sid: &Sid) -> Self {
        Self::new("ringing", json!({"callsid": sid}))
    }

    /// The call is answered (or an ICE restart, or a return).
    pub fn answer(sid: &Sid, sdp: &str, reconnect: Option<String>) -> Self {
        let mut payload = json!({"callsid": sid, "sdp": sdp});
        if let Some(token) = reconnect {
            payload["reconnect"] = Value::String(token);
        }
        Self::new("answer", payload)
    }

    /// The call is over.
    pub fn hangup(callsid: &str, error: Option<(u32, &str)>) -> Self {
        let mut payload = json!({"callsid": callsid});
        if let Some((code, message)) = error {
            payload["error"] = json!({"code": code, "message": message});
        }
        Self::new("hangup", payload)
    }

    /// An incoming call.
    pub fn invite(
        sid: &Sid,
        sdp: &str,
        parameters: Map<String, Value>,
        reconnect: Option<String>,
    ) -> Self {
        let mut payload = json!({"callsid": sid, "sdp": sdp, "parameters": parameters});
        if let Some(token) = reconnect {
            payload["reconnect"] = Value::String(token);
        }
        Self::new("invite", payload)
    }

    /// The incoming call is no more.
    pub fn cancel(sid: &Sid) -> Self {
        Self::new("cancel", json!({"callsid": sid}))
    }

    /// A call message was received.
    pub fn ack(callsid: &str, voiceeventsid: Option<&str>) -> Self {
        Self::new(
            "ack",
            json!({"acktype": "message", "callsid": callsid, "voiceeventsid": voiceeventsid}),
        )
    }
}

/// What lets a browser come back to its call.
pub fn reconnect_token(leg: &Sid) -> String {
    format!("reconnect-{leg}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdks_frames_are_read() {
        let invite = r#"{"payload":{"callsid":"TJSce2","sdp":"v=0","twilio":{"params":"To=%2B966569705616&note=a%26b"}},"type":"invite","version":"1.6"}"#;
        match serde_json::from_str(invite).expect("reads") {
            FromBrowser::Invite {
                callsid,
                reconnect,
                twilio,
                ..
            } => {
                assert_eq!((callsid.as_str(), reconnect), ("TJSce2", None));
                assert_eq!(
                    twilio.pairs(),
                    [
                        ("To".into(), "+966569705616".into()),
                        ("note".into(), "a&b".into())
                    ]
                );
            }
            other => panic!("{other:?}"),
        }
        let listen = r#"{"payload":{"browserinfo":{},"reconnectTimeout":30,"token":"t"},"type":"listen","version":"1.6"}"#;
        assert!(matches!(
            serde_json::from_str(listen),
            Ok(FromBrowser::Listen {
                reconnect_timeout: 30,
                ..
            })
        ));
        let register = r#"{"payload":{"media":{"audio":true}},"type":"register","version":"1.6"}"#;
        assert!(matches!(
            serde_json::from_str(register),
            Ok(FromBrowser::Register { media: Some(_) })
        ));
    }

    #[test]
    fn a_hangup_carries_an_error_only_when_there_is_one() {
        assert_eq!(
            Frame::hangup("CA1", None).payload,
            json!({"callsid": "CA1"})
        );
        assert_eq!(
            Frame::hangup("CA1", Some((31404, "Not Found"))).payload["error"]["code"],
            31404
        );
    }
}
