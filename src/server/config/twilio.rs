//! The variables that begin with `TWILIO_`.

use super::{
    ConfigError, Secret, Settings,
    parse::{optional, quoted, secret, sid, signaling_host},
    wrong,
};
use crate::domain::{
    phone::PhoneNumber,
    sid::{AccountSid, ApiKeySid, AppSid},
};
use url::Url;

#[derive(Debug, Clone)]
pub struct TwilioConfig {
    pub account_sid: Option<AccountSid>,
    pub auth_token: Option<Secret>,
    /// `TWILIO_AUTH_TOKEN_PREVIOUS`: accepted for signatures while the token is rotated.
    pub auth_token_previous: Option<Secret>,
    pub api_key: Option<ApiKeySid>,
    pub api_secret: Option<Secret>,
    pub twiml_app_sid: Option<AppSid>,
    pub caller_id: Option<PhoneNumber>,
    pub edge: Option<String>,
    /// Without a trailing slash.
    pub api_base_url: Url,
    pub signaling_host: Option<SignalingHost>,
}

/// `TWILIO_SIGNALING_HOST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalingHost {
    /// `HOST:PORT`, as the SDK's `chunderw` takes it.
    pub authority: String,
    /// `ws:` rather than `wss:`; loopback only.
    pub plain: bool,
}

impl TwilioConfig {
    pub(super) fn build(
        s: &Settings,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let base = s.twilio_api_base_url.trim().trim_end_matches('/');
        let api_base_url = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .filter(|url| url.username().is_empty() && url.password().is_none())
            .ok_or_else(|| {
                wrong(
                    "TWILIO_API_BASE_URL",
                    format!("{} is not an http(s) URL", quoted(base)),
                )
            })?;
        Ok(Self {
            account_sid: sid(
                "TWILIO_ACCOUNT_SID",
                &s.twilio_account_sid,
                AccountSid::parse,
            )?,
            auth_token: secret("TWILIO_AUTH_TOKEN", env)?,
            auth_token_previous: secret("TWILIO_AUTH_TOKEN_PREVIOUS", env)?,
            api_key: sid("TWILIO_API_KEY", &s.twilio_api_key, ApiKeySid::parse)?,
            api_secret: secret("TWILIO_API_SECRET", env)?,
            twiml_app_sid: sid(
                "TWILIO_TWIML_APP_SID",
                &s.twilio_twiml_app_sid,
                AppSid::parse,
            )?,
            caller_id: optional(&s.twilio_caller_id)
                .map(PhoneNumber::parse_e164)
                .transpose()
                // Not quoted: what was pasted into the wrong place may be a secret.
                .map_err(|_| wrong("TWILIO_CALLER_ID", "not E.164, e.g. +15005550006"))?,
            edge: optional(&s.twilio_edge)
                .map(|edge| {
                    match edge
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                    {
                        true => Ok(edge.to_owned()),
                        false => Err(wrong(
                            "TWILIO_EDGE",
                            format!("{edge:?} is no edge's name, e.g. frankfurt"),
                        )),
                    }
                })
                .transpose()?,
            api_base_url,
            signaling_host: optional(&s.twilio_signaling_host)
                .map(signaling_host)
                .transpose()?,
        })
    }

    /// The names of the variables that calling needs and that are not set.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("TWILIO_ACCOUNT_SID", self.account_sid.is_none()),
            ("TWILIO_AUTH_TOKEN", self.auth_token.is_none()),
            ("TWILIO_API_KEY", self.api_key.is_none()),
            ("TWILIO_API_SECRET", self.api_secret.is_none()),
            ("TWILIO_TWIML_APP_SID", self.twiml_app_sid.is_none()),
            ("TWILIO_CALLER_ID", self.caller_id.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, missing)| missing.then_some(name))
        .collect()
    }
}

pub(super) fn padded(s: &Settings, env: &dyn Fn(&str) -> Option<String>) -> Vec<&'static str> {
    let secret = |name| env(name).unwrap_or_default();
    [
        ("TWILIO_ACCOUNT_SID", s.twilio_account_sid.clone()),
        ("TWILIO_AUTH_TOKEN", secret("TWILIO_AUTH_TOKEN")),
        ("TWILIO_API_KEY", s.twilio_api_key.clone()),
        ("TWILIO_API_SECRET", secret("TWILIO_API_SECRET")),
        ("TWILIO_TWIML_APP_SID", s.twilio_twiml_app_sid.clone()),
        ("TWILIO_CALLER_ID", s.twilio_caller_id.clone()),
    ]
    .into_iter()
    .filter_map(|(name, text)| (text.trim() != text && !text.trim().is_empty()).then_some(name))
    .collect()
}
