//! The account's resources, in memory: what the REST API shows, and what calls are checked against.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::{Leg, World};
use crate::far_end::{Behaviour, FarEnd, Speech};
use crate::sid::Sid;
use crate::twiml::Callback;

/// The account and its keys. Fixed, harmless defaults: this Twilio is reachable from this machine only.
#[derive(Clone)]
pub struct Credentials {
    /// `AC…`.
    pub account_sid: String,
    /// Signs webhooks; password of the account.
    pub auth_token: String,
    /// `SK…`.
    pub api_key: String,
    /// Signs access tokens; password of the key.
    pub api_secret: String,
}

/// A TwiML App.
#[derive(Clone, Debug)]
pub struct Application {
    /// `AP…`.
    pub sid: Sid,
    /// Its name.
    pub friendly_name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Twilio's own field names and values (`voice_url`, `status_callback_method` …).
    pub fields: BTreeMap<&'static str, String>,
}

/// The fields of an application that can be set, with their defaults.
pub const APPLICATION_FIELDS: [(&str, &str, &str); 7] = [
    ("VoiceUrl", "voice_url", ""),
    ("VoiceMethod", "voice_method", "POST"),
    ("VoiceFallbackUrl", "voice_fallback_url", ""),
    ("VoiceFallbackMethod", "voice_fallback_method", "POST"),
    ("StatusCallback", "status_callback", ""),
    ("StatusCallbackMethod", "status_callback_method", "POST"),
    ("ApiVersion", "api_version", "2010-04-01"),
];

impl Application {
    /// An application with nothing set.
    pub fn new(sid: Sid, friendly_name: &str, now: Timestamp) -> Self {
        let fields = APPLICATION_FIELDS
            .iter()
            .map(|&(_, name, default)| (name, default.to_owned()))
            .collect();
        Self {
            sid,
            friendly_name: friendly_name.to_owned(),
            created: now,
            updated: now,
            fields,
        }
    }

    /// A field's value, by its name in JSON.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A URL and its method; none when it is not set.
    pub fn url(&self, name: &str, method: &str) -> Option<(String, bool)> {
        let url = self.field(name).trim();
        (!url.is_empty()).then(|| {
            (
                url.to_owned(),
                self.field(method).eq_ignore_ascii_case("GET"),
            )
        })
    }
}

/// A recording.
#[derive(Clone, Debug)]
pub struct Recording {
    /// `RE…`.
    pub sid: Sid,
    /// The parent leg.
    pub call: Sid,
    /// `in-progress`, `processing`, `completed` or `absent`.
    pub status: &'static str,
    /// 1 or 2.
    pub channels: u16,
    /// `DialVerb` or `OutboundAPI`.
    pub source: &'static str,
    /// When it began.
    pub started: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Whole seconds, once it is known.
    pub duration_secs: Option<u64>,
    /// The audio.
    pub wav: Option<axum::body::Bytes>,
}

/// What Twilio's debugger shows.
#[derive(Clone, Debug)]
pub struct Alert {
    /// `NO…`.
    pub sid: Sid,
    /// `CA…`.
    pub call: Sid,
    /// The error code.
    pub code: u32,
    /// What happened.
    pub text: String,
    /// Which URL was asked.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

/// How the simulator behaves where Twilio would not care.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long a phone rings before it is answered.
    pub ring_ms: u64,
    /// How long a recording is processed before its `completed` callback.
    pub recording_delay_ms: u64,
    /// What an answered phone says.
    pub speech: Speech,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ring_ms: 2_500,
            recording_delay_ms: 1_000,
            speech: Speech::GreetingEcho,
        }
    }
}

/// Everything that the account holds.
pub struct Account {
    /// Its keys.
    pub credentials: Credentials,
    /// TwiML Apps.
    pub applications: BTreeMap<Sid, Application>,
    /// Numbers of ours.
    pub numbers: Vec<(Sid, String)>,
    /// Verified caller IDs.
    pub caller_ids: Vec<(Sid, String)>,
    /// All legs ever, oldest first.
    pub calls: Vec<Leg>,
    /// All recordings, oldest first.
    pub recordings: Vec<Recording>,
    /// Where the events of unfinished recordings go.
    pub recording_callbacks: BTreeMap<Sid, Callback>,
    /// All alerts, oldest first.
    pub alerts: Vec<Alert>,
    /// ISO codes that may not be called.
    pub blocked_countries: Vec<String>,
    /// Numbers with a plan of their own.
    pub far_ends: BTreeMap<String, FarEnd>,
    /// How the simulator behaves.
    pub settings: Settings,
    /// What it began with, for a reset.
    initial: (Application, String),
}

impl Account {
    /// An account with one TwiML App and one number.
    pub fn new(credentials: Credentials, application: Application, caller_id: &str) -> Self {
        Self {
            credentials,
            initial: (application.clone(), caller_id.to_owned()),
            applications: BTreeMap::from([(application.sid.clone(), application)]),
            numbers: vec![(
                Sid::from(format!("PN{:0>32}", digits(caller_id))),
                caller_id.to_owned(),
            )],
            caller_ids: Vec::new(),
            calls: Vec::new(),
            recordings: Vec::new(),
            recording_callbacks: BTreeMap::new(),
            alerts: Vec::new(),
            blocked_countries: Vec::new(),
            far_ends: BTreeMap::new(),
            settings: Settings::default(),
        }
    }

    /// Forgets everything but what it began with.
    pub fn reset(&mut self) {
        let (application, caller_id) = self.initial.clone();
        *self = Self::new(self.credentials.clone(), application, &caller_id);
    }

    /// A leg, by SID.
    pub fn call(&self, sid: &str) -> Option<&Leg> {
        self.calls.iter().rev().find(|leg| leg.sid.as_str() == sid)
    }

    /// A recording, by SID.
    pub fn recording(&mut self, sid: &str) -> Option<&mut Recording> {
        self.recordings
            .iter_mut()
            .rev()
            .find(|recording| recording.sid.as_str() == sid)
    }

    /// Keeps the legs as they now are.
    pub fn keep<'a>(&mut self, legs: impl Iterator<Item = &'a Leg>) {
        for leg in legs {
            match self.calls.iter_mut().rev().find(|kept| kept.sid == leg.sid) {
                Some(kept) => kept.clone_from(leg),
                None => self.calls.push(leg.clone()),
            }
        }
    }
}

impl World for Account {
    fn account_sid(&self) -> String {
        self.credentials.account_sid.clone()
    }

    fn may_call_from(&self, number: &str) -> bool {
        self.numbers
            .iter()
            .chain(&self.caller_ids)
            .any(|(_, owned)| owned == number)
    }

    fn permits(&self, number: &str) -> bool {
        country(number)
            .is_none_or(|(iso, ..)| !self.blocked_countries.iter().any(|blocked| blocked == iso))
    }

    fn far_end(&self, number: &str) -> FarEnd {
        let mut plan = self
            .far_ends
            .get(number)
            .copied()
            .unwrap_or_else(|| FarEnd::of_number(number));
        if plan.behaviour != Behaviour::Busy || self.settings.ring_ms < 1_500 {
            plan.ring_ms.get_or_insert(self.settings.ring_ms);
        }
        plan.speech.get_or_insert(self.settings.speech);
        plan
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Countries that this simulator knows: ISO code, name, calling code.
pub const COUNTRIES: [(&str, &str, &str); 16] = [
    ("AE", "United Arab Emirates", "+971"),
    ("BH", "Bahrain", "+973"),
    ("DE", "Germany", "+49"),
    ("EG", "Egypt", "+20"),
    ("FR", "France", "+33"),
    ("GB", "United Kingdom", "+44"),
    ("IN", "India", "+91"),
    ("JO", "Jordan", "+962"),
    ("KW", "Kuwait", "+965"),
    ("LB", "Lebanon", "+961"),
    ("OM", "Oman", "+968"),
    ("PK", "Pakistan", "+92"),
    ("QA", "Qatar", "+974"),
    ("SA", "Saudi Arabia", "+966"),
    ("TR", "Turkey", "+90"),
    ("US", "United States/Canada", "+1"),
];

/// The country that a number belongs to, if this simulator knows it.
pub fn country(number: &str) -> Option<(&'static str, &'static str, &'static str)> {
    COUNTRIES
        .into_iter()
        .find(|(_, _, code)| number.starts_with(code))
}
