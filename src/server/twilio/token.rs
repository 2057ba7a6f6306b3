//! Access tokens for the Voice SDK: a JWT signed with an API key's secret.
//! <https://www.twilio.com/docs/iam/access-tokens>

use crate::{
    domain::sid::{AccountSid, ApiKeySid, AppSid},
    server::config::{Secret, TwilioConfig},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

/// How long a token is good for, in seconds. Twilio allows a day (error 20157); an hour bounds what a stolen one can do.
pub const TTL_SECS: i64 = 3600;

/// May register a phone under one identity, ring out through one TwiML App, and be rung.
#[derive(Debug, Clone)]
pub struct AccessToken<'a> {
    pub account: &'a AccountSid,
    pub key: &'a ApiKeySid,
    pub secret: &'a Secret,
    pub app: &'a AppSid,
    pub identity: &'a str,
}

impl<'a> AccessToken<'a> {
    /// `None` while one of the four variables that it needs is not set.
    pub fn new(config: &'a TwilioConfig, identity: &'a str) -> Option<Self> {
        Some(Self {
            account: config.account_sid.as_ref()?,
            key: config.api_key.as_ref()?,
            secret: config.api_secret.as_ref()?,
            app: config.twiml_app_sid.as_ref()?,
            identity,
        })
    }

    /// `now` is in seconds since 1970. The token ends [`TTL_SECS`] later. There is no `nbf`: a clock that runs ahead would make tokens
    /// that Twilio refuses.
    pub fn to_jwt(&self, now: i64) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::HS256);
        header.cty = Some("twilio-fpa;v=1".to_owned());
        let claims = json!({
            "jti": format!("{}-{now}", self.key),
            "iss": self.key,
            "sub": self.account,
            "iat": now,
            "exp": now + TTL_SECS,
            "grants": {
                "identity": self.identity,
                "voice": {
                    "incoming": { "allow": true },
                    "outgoing": { "application_sid": self.app },
                },
            },
        });
        jsonwebtoken::encode(
            &header,
            &claims,
            &EncodingKey::from_secret(self.secret.expose().as_bytes()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::Value;
    use sha2::Sha256;

    fn jwt(now: i64) -> String {
        let hex = "0123456789abcdef".repeat(2);
        AccessToken {
            account: &AccountSid::parse(&format!("AC{hex}")).expect("a SID"),
            key: &ApiKeySid::parse(&format!("SK{hex}")).expect("a SID"),
            secret: &Secret::new("shhh"),
            app: &AppSid::parse(&format!("AP{hex}")).expect("a SID"),
            identity: "user_1",
        }
        .to_jwt(now)
        .expect("a token")
    }

    fn part(jwt: &str, index: usize) -> Value {
        let text = jwt.split('.').nth(index).expect("a part");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64")).expect("JSON")
    }

    #[test]
    fn the_header_is_the_one_twilio_asks_for_and_no_more() {
        assert_eq!(
            part(&jwt(0), 0),
            json!({ "typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1" })
        );
    }

    #[test]
    fn the_claims_grant_one_application_and_incoming_calls_for_an_hour() {
        let hex = "0123456789abcdef".repeat(2);
        assert_eq!(
            part(&jwt(1_700_000_000), 1),
            json!({
                "jti": format!("SK{hex}-1700000000"),
                "iss": format!("SK{hex}"),
                "sub": format!("AC{hex}"),
                "iat": 1_700_000_000,
                "exp": 1_700_003_600,
                "grants": {
                    "identity": "user_1",
                    "voice": { "incoming": { "allow": true }, "outgoing": { "application_sid": format!("AP{hex}") } },
                },
            })
        );
    }

    #[test]
    fn it_is_signed_with_the_api_secret() {
        let jwt = jwt(1_700_000_000);
        let (signed, signature) = jwt.rsplit_once('.').expect("three parts");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"shhh").expect("any key");
        mac.update(signed.as_bytes());
        assert!(
            mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).expect("base64"))
                .is_ok()
        );
    }
}
