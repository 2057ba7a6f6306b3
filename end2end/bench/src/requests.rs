//! Twilio's requests, signed and written out before anything is measured. No two are the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use sha1::Sha1;
use std::{collections::BTreeMap, fmt};
use url::form_urlencoded::Serializer;

pub const TOKEN: &str = "the auth token of the measurements";
pub const PUBLIC_URL: &str = "https://calls.example.com";
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

const PROGRESS: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// A leg's status.
    Status,
    /// The TwiML of a call from the page.
    Outbound,
}

impl Route {
    pub fn path(self) -> &'static str {
        match self {
            Self::Status => "/api/calls/webhook/status",
            Self::Outbound => "/api/calls/twiml/outbound",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "status route",
            Self::Outbound => "TwiML route",
        })
    }
}

/// Makes requests whose calls are all different.
pub struct Requests {
    identity: String,
    calls: usize,
    /// As Twilio writes it.
    made_at: String,
}

impl Requests {
    pub fn new(identity: &str) -> Self {
        Self {
            identity: identity.to_owned(),
            calls: 0,
            made_at: DateTimePrinter::new()
                .timestamp_to_string(&Timestamp::now())
                .unwrap_or_default(),
        }
    }

    /// `count` requests, ready to be sent.
    pub fn make(&mut self, route: Route, count: usize) -> Vec<Vec<u8>> {
        let first = self.calls;
        self.calls += count;
        // Of one call, the four states that its customer's leg goes through; apart, so that they meet in one transaction now and then.
        (0..count)
            .map(|n| match route {
                Route::Status => self.status(first + n % count.div_ceil(4), n / count.div_ceil(4)),
                Route::Outbound => self.outbound(first + n),
            })
            .map(|form| written(route.path(), &form))
            .collect()
    }

    fn status(&self, call: usize, step: usize) -> BTreeMap<&'static str, String> {
        let mut form = common(PROGRESS[step.min(3)]);
        form.insert("CallSid", format!("CAc{call:031}"));
        form.insert("ParentCallSid", format!("CA{call:032}"));
        form.insert("Direction", "outbound-dial".into());
        form.insert("From", "+15005550006".into());
        form.insert("SequenceNumber", step.to_string());
        form.insert("CallbackSource", "call-progress-events".into());
        // Now: of a call of years ago the server would ask Twilio at once, and work for nobody in this measurement.
        form.insert("Timestamp", self.made_at.clone());
        if step == 3 {
            form.insert("CallDuration", "7".into());
            form.insert("Duration", "1".into());
            form.insert("SipResponseCode", "200".into());
        }
        form
    }

    fn outbound(&self, call: usize) -> BTreeMap<&'static str, String> {
        let mut form = common("ringing");
        form.insert("CallSid", format!("CA{call:032}"));
        form.insert("Direction", "inbound".into());
        form.insert("From", format!("client:{}", self.identity));
        form
    }
}

/// What Twilio sends with every request.
fn common(status: &str) -> BTreeMap<&'static str, String> {
    let mut form = BTreeMap::new();
    for (name, value) in [
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("ApplicationSid", "AP00000000000000000000000000000001"),
        ("CallStatus", status),
        ("Called", "+966569705616"),
        ("CalledCity", ""),
        ("CalledCountry", "SA"),
        ("CalledState", ""),
        ("CalledZip", ""),
        ("Caller", "+15005550006"),
        ("CallerCountry", "US"),
        ("To", "+966569705616"),
        ("ToCity", ""),
        ("ToCountry", "SA"),
        ("ToState", ""),
        ("ToZip", ""),
    ] {
        form.insert(name, value.to_owned());
    }
    form
}

fn written(path: &str, form: &BTreeMap<&'static str, String>) -> Vec<u8> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let signed = form
        .iter()
        .fold(format!("{PUBLIC_URL}{path}"), |text, (name, value)| {
            text + name + value
        });
    let signature = signature(&signed);
    format!(
        "POST {path} HTTP/1.1\r\nHost: calls.example.com\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\
         Content-Length: {}\r\nX-Twilio-Signature: {signature}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// base64(HMAC-SHA1(auth token, what is signed))
pub fn signature(signed: &str) -> String {
    // HMAC takes a key of any length; the error exists for other MACs.
    #[allow(clippy::expect_used)]
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).expect("HMAC takes any key");
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
