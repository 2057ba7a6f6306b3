//! Access tokens, read as strictly as Twilio's gateway reads them.
//! Sources: twilio-node `src/jwt/AccessToken.ts`; Twilio's error dictionary, 20101–20157 and 31201–31207.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;

/// The longest life Twilio allows (error 20157).
pub const MAX_TTL_SECS: i64 = 86_400;

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who is calling, without the `client:` prefix.
    pub identity: String,
    /// When it ends, in seconds since the epoch.
    pub expires_at: i64,
    /// When it was made; tokens without `iat` fall back to `nbf`, else 0.
    pub issued_at: i64,
    /// The TwiML App that outgoing calls use.
    pub application_sid: Option<String>,
    /// Parameters that the server signed into the token, sent to the TwiML App with every call.
    pub params: Vec<(String, String)>,
    /// May this identity be called?
    pub incoming: bool,
}

/// Why a token was refused: the code and words that the signalling `error` frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Authentication failed.
    NotAllowed(&'static str),
    /// Wrong key or signature.
    Signature(&'static str),
    /// Not a valid account.
    Account,
    /// Not a Twilio access token.
    Invalid(&'static str),
    /// Over.
    Expired,
    /// Lives longer than a day.
    TooLong,
}

impl Refusal {
    /// The signalling code; the SDK turns 31204 and 31205 into 20101 and 20104.
    pub fn code(self) -> u32 {
        match self {
            Self::NotAllowed(_) => 31201,
            Self::Signature(_) => 31202,
            Self::Account => 31203,
            Self::Invalid(_) => 31204,
            Self::Expired => 31205,
            Self::TooLong => 31207,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(why) => write!(f, "Authentication failed: {why}"),
            Self::Signature(why) => write!(f, "JWT signature validation failed: {why}"),
            Self::Account => f.write_str("No valid account"),
            Self::Invalid(why) => write!(f, "Invalid JWT token: {why}"),
            Self::Expired => f.write_str("JWT token expired"),
            Self::TooLong => f.write_str("JWT token expiration too long"),
        }
    }
}

/// What tokens are checked against.
#[derive(Clone, Debug)]
pub struct Issuer<'a> {
    /// The account (`sub`).
    pub account_sid: &'a str,
    /// The API key (`iss`).
    pub api_key: &'a str,
    /// Its secret.
    pub api_secret: &'a str,
}

#[derive(Deserialize)]
struct Body {
    iss: Option<String>,
    sub: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    grants: Option<Grants>,
}

#[derive(Deserialize)]
struct Grants {
    identity: Option<String>,
    voice: Option<Voice>,
}

#[derive(Deserialize, Default)]
struct Voice {
    #[serde(default)]
    incoming: Option<Incoming>,
    #[serde(default)]
    outgoing: Option<Outgoing>,
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    allow: bool,
}

#[derive(Deserialize)]
struct Outgoing {
    application_sid: Option<String>,
    #[serde(default)]
    params: serde_json::Map<String, serde_json::Value>,
}

/// Reads a token as of `now` (seconds since the epoch).
pub fn read(token: &str, issuer: &Issuer<'_>, now: i64) -> Result<Claims, Refusal> {
    let header = decode_header(token).map_err(|_| Refusal::Invalid("not a JWT"))?;
    if header.alg != Algorithm::HS256 {
        return Err(Refusal::Invalid("alg must be HS256"));
    }
    if header.cty.as_deref() != Some("twilio-fpa;v=1") {
        return Err(Refusal::Invalid("cty must be twilio-fpa;v=1"));
    }
    if header.typ.as_deref() != Some("JWT") {
        return Err(Refusal::Invalid("typ must be JWT"));
    }
    let mut rules = Validation::new(Algorithm::HS256);
    // Times are checked below, with our own clock and Twilio's own codes.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let key = DecodingKey::from_secret(issuer.api_secret.as_bytes());
    let body = decode::<Body>(token, &key, &rules).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Refusal::Signature("the secret does not fit the key"),
        _ => Refusal::Invalid("claims cannot be read"),
    })?;
    check(body.claims, issuer, now)
}

fn check(body: Body, issuer: &Issuer<'_>, now: i64) -> Result<Claims, Refusal> {
    if body.iss.as_deref() != Some(issuer.api_key) {
        return Err(Refusal::Signature("iss is not an API key of this account"));
    }
    if body.sub.as_deref() != Some(issuer.account_sid) {
        return Err(Refusal::Account);
    }
    let expires_at = body.exp.ok_or(Refusal::Invalid("exp is missing"))?;
    if expires_at <= now {
        return Err(Refusal::Expired);
    }
    let issued_at = body.iat.or(body.nbf).unwrap_or(0);
    if expires_at - body.iat.or(body.nbf).unwrap_or(now).min(now) > MAX_TTL_SECS {
        return Err(Refusal::TooLong);
    }
    // Twilio tolerates a clock that is slightly ahead.
    if body.nbf.is_some_and(|nbf| nbf > now + 60) {
        return Err(Refusal::Invalid("nbf is in the future"));
    }
    let grants = body.grants.ok_or(Refusal::Invalid("grants are missing"))?;
    let identity = grants
        .identity
        .filter(|identity| is_legal_identity(identity))
        .ok_or(Refusal::Invalid("grants.identity is missing or illegal"))?;
    let voice = grants.voice.ok_or(Refusal::NotAllowed("no voice grant"))?;
    let outgoing = voice.outgoing;
    Ok(Claims {
        identity,
        expires_at,
        issued_at,
        params: outgoing
            .as_ref()
            .map(|outgoing| flatten(&outgoing.params))
            .unwrap_or_default(),
        application_sid: outgoing.and_then(|outgoing| outgoing.application_sid),
        incoming: voice.incoming.is_some_and(|incoming| incoming.allow),
    })
}

fn flatten(params: &serde_json::Map<String, serde_json::Value>) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(key, value)| {
            (
                key.clone(),
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            )
        })
        .collect()
}

/// Letters, digits and underscore; Twilio refuses spaces and delimiters (31105), at most 121 characters.
fn is_legal_identity(identity: &str) -> bool {
    (1..=121).contains(&identity.len())
        && identity
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;
    const ISSUER: Issuer<'static> = Issuer {
        account_sid: "AC1",
        api_key: "SK1",
        api_secret: "secret",
    };

    fn body() -> Value {
        json!({"jti": "SK1-1", "iss": "SK1", "sub": "AC1", "iat": NOW, "exp": NOW + 3600, "grants": {
            "identity": "agent_1",
            "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": "AP1", "params": {"user": "7"}}}}})
    }

    fn token(change: impl Fn(&mut Value, &mut Header)) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.cty = Some("twilio-fpa;v=1".into());
        let mut claims = body();
        change(&mut claims, &mut header);
        encode(&header, &claims, &EncodingKey::from_secret(b"secret")).expect("encodes")
    }

    fn refusal(change: impl Fn(&mut Value, &mut Header)) -> Refusal {
        read(&token(change), &ISSUER, NOW).expect_err("refused")
    }

    #[test]
    fn a_token_like_the_helper_librarys_is_accepted() {
        let claims = read(&token(|_, _| {}), &ISSUER, NOW).expect("accepted");
        assert_eq!(claims.identity, "agent_1");
        assert_eq!(claims.application_sid.as_deref(), Some("AP1"));
        assert_eq!(claims.params, [("user".to_owned(), "7".to_owned())]);
        assert!(claims.incoming);
    }

    #[test]
    fn what_twilio_refuses_is_refused() {
        assert_eq!(
            read("nonsense", &ISSUER, NOW),
            Err(Refusal::Invalid("not a JWT"))
        );
        assert_eq!(refusal(|_, header| header.cty = None).code(), 31204);
        assert_eq!(refusal(|_, header| header.typ = None).code(), 31204);
        assert_eq!(
            refusal(|body, _| body["exp"] = json!(NOW)),
            Refusal::Expired
        );
        assert_eq!(
            refusal(|body, _| body["exp"] = json!(NOW + 90_000)),
            Refusal::TooLong
        );
        assert_eq!(
            refusal(|body, _| body["nbf"] = json!(NOW + 120)).code(),
            31204
        );
        assert_eq!(refusal(|body, _| body["iss"] = json!("SK2")).code(), 31202);
        assert_eq!(
            refusal(|body, _| body["sub"] = json!("AC2")),
            Refusal::Account
        );
        assert_eq!(
            refusal(|body, _| body["grants"]["identity"] = json!("two words")).code(),
            31204
        );
        assert_eq!(
            refusal(|body, _| body["grants"] = json!({"identity": "a"})).code(),
            31201
        );
    }

    #[test]
    fn a_token_signed_with_another_secret_is_refused() {
        let issuer = Issuer {
            api_secret: "another",
            ..ISSUER
        };
        assert_eq!(
            read(&token(|_, _| {}), &issuer, NOW)
                .expect_err("refused")
                .code(),
            31202
        );
    }
}
