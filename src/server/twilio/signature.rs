//! `X-Twilio-Signature`: base64(HMAC-SHA1(auth token, URL + sorted parameters)).
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security>
//!
//! Twilio's back ends disagree on whether the URL they sign carries a port, and on how its query is encoded; its own helper libraries accept
//! every form, and so do we. The URL is built from `PUBLIC_URL`, never from a header that the sender chooses.

mod explain;
#[cfg(test)]
mod tests;

pub use explain::{Difference, Heard, Variant};

use super::RETRIES;
use crate::server::config::{Config, Secret};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::sync::Once;
use subtle::ConstantTimeEq;
use url::{Url, form_urlencoded};

/// The request header that carries the signature.
pub const HEADER: &str = "x-twilio-signature";

/// An HMAC-SHA1 in base64 is 28 characters; nothing much longer is worth decoding.
const LONGEST_HEADER: usize = 128;

/// Checks that a request was signed with one of our auth tokens, for an address under our `PUBLIC_URL`.
#[derive(Debug)]
pub struct Verifier {
    tokens: Vec<Secret>,
    /// Scheme, authority and path prefix of `PUBLIC_URL`, with the port and without.
    bases: Vec<String>,
    warned: Once,
}

/// Why a signature was not accepted. The sender learns nothing of this but 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("TWILIO_AUTH_TOKEN is not set, so no signature can be checked")]
    NoToken,
    #[error("there is no X-Twilio-Signature")]
    Missing,
    #[error("X-Twilio-Signature is no base64 of an HMAC-SHA1")]
    Malformed,
    #[error("the signature is not that of our auth token for this address and these parameters")]
    Wrong,
    #[error("the body is not the one that bodySHA256 names")]
    OtherBody,
}

impl Verifier {
    /// With the tokens and the address of a configuration.
    pub fn of(config: &Config) -> Self {
        let tokens = config
            .twilio
            .auth_token
            .iter()
            .chain(&config.twilio.auth_token_previous);
        Self::new(tokens.cloned().collect(), &config.public_url)
    }

    /// The current token first, then the previous one during a rotation. Without any, everything is refused.
    pub fn new(tokens: Vec<Secret>, public_url: &Url) -> Self {
        Self {
            tokens,
            bases: bases(public_url),
            warned: Once::new(),
        }
    }

    /// `path_and_query` is the request's, as received; `params` are the form's, decoded, in any order.
    pub fn verify(
        &self,
        path_and_query: &str,
        params: &[(String, String)],
        header: Option<&str>,
    ) -> Result<(), Refusal> {
        if self.tokens.is_empty() {
            self.warned.call_once(|| {
                tracing::error!(
                    "TWILIO_AUTH_TOKEN is not set: every request of Twilio's is refused"
                )
            });
            return Err(Refusal::NoToken);
        }
        let header = header
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .ok_or(Refusal::Missing)?;
        if header.len() > LONGEST_HEADER {
            return Err(Refusal::Malformed);
        }
        let signature = STANDARD.decode(header).map_err(|_| Refusal::Malformed)?;
        let body = signed_parameters(params);
        let signed = self.urls(path_and_query).any(|url| {
            self.tokens
                .iter()
                .any(|token| mac(token, &url, &body).verify_slice(&signature).is_ok())
        });
        if signed { Ok(()) } else { Err(Refusal::Wrong) }
    }

    /// For a body that is no form: its SHA-256 is named by `bodySHA256` in the query, and the URL alone is signed.
    pub fn verify_body(
        &self,
        path_and_query: &str,
        body: &[u8],
        header: Option<&str>,
    ) -> Result<(), Refusal> {
        self.verify(path_and_query, &[], header)?;
        let named = body_sha256(path_and_query).ok_or(Refusal::OtherBody)?;
        let actual = hex(&Sha256::digest(body));
        if bool::from(
            actual
                .as_bytes()
                .ct_eq(named.to_ascii_lowercase().as_bytes()),
        ) {
            Ok(())
        } else {
            Err(Refusal::OtherBody)
        }
    }

    /// What Twilio would send for this request: for the proof that `PUBLIC_URL` leads here. `None` without a token.
    pub fn sign(&self, path_and_query: &str, params: &[(String, String)]) -> Option<String> {
        Some(sign(
            self.tokens.first()?,
            &format!("{}{path_and_query}", self.bases.first()?),
            params,
        ))
    }

    /// Every form of the URL that Twilio may have signed.
    fn urls(&self, path_and_query: &str) -> impl Iterator<Item = String> {
        let mut requests = vec![path_and_query.to_owned()];
        for other in [
            normalised_query(path_and_query),
            legacy_query(path_and_query),
        ]
        .into_iter()
        .flatten()
        {
            if !requests.contains(&other) {
                requests.push(other);
            }
        }
        ["", RETRIES].into_iter().flat_map(move |fragment| {
            requests.clone().into_iter().flat_map(move |request| {
                self.bases
                    .iter()
                    .map(move |base| format!("{base}{request}{fragment}"))
            })
        })
    }
}

/// Signs as Twilio does: `url` whole, parameters sorted by name, repeated values sorted and without duplicates.
pub fn sign(token: &Secret, url: &str, params: &[(String, String)]) -> String {
    STANDARD.encode(
        mac(token, url, &signed_parameters(params))
            .finalize()
            .into_bytes(),
    )
}

/// The hash that a request's query names, where there is one.
pub fn body_sha256(path_and_query: &str) -> Option<String> {
    let (_, query) = path_and_query.split_once('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "bodySHA256")
        .map(|(_, value)| value.into_owned())
}

fn mac(token: &Secret, url: &str, params: &str) -> Hmac<Sha1> {
    // HMAC takes a key of any length; the error exists for other MACs.
    #[allow(clippy::expect_used)]
    let mut mac =
        Hmac::<Sha1>::new_from_slice(token.expose().as_bytes()).expect("HMAC takes any key");
    mac.update(url.as_bytes());
    mac.update(params.as_bytes());
    mac
}

fn signed_parameters(params: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = params.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
        .into_iter()
        .flat_map(|(name, value)| [name.as_str(), value])
        .collect()
}

/// `PUBLIC_URL` as it is, then with the port the other way about.
fn bases(public_url: &Url) -> Vec<String> {
    let (scheme, host) = (
        public_url.scheme(),
        public_url.host_str().unwrap_or_default(),
    );
    let path = public_url.path().trim_end_matches('/');
    let bare = format!("{scheme}://{host}{path}");
    match public_url.port() {
        Some(port) => vec![format!("{scheme}://{host}:{port}{path}"), bare],
        None => {
            let port = public_url.port_or_known_default().unwrap_or(443);
            vec![bare, format!("{scheme}://{host}:{port}{path}")]
        }
    }
}

/// As a WHATWG URL parser writes the query: what twilio-node makes of it before it signs (`'` becomes `%27`).
fn normalised_query(path_and_query: &str) -> Option<String> {
    let (path, _) = path_and_query.split_once('?')?;
    let url = Url::parse("http://localhost")
        .ok()?
        .join(path_and_query)
        .ok()?;
    Some(format!("{path}?{}", url.query()?))
}

/// The query decoded and encoded again as JavaScript's `encodeURIComponent` does, which leaves `!'()*` alone.
fn legacy_query(path_and_query: &str) -> Option<String> {
    let (path, query) = path_and_query.split_once('?')?;
    let pairs: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| format!("{}={}", encode_component(&name), encode_component(&value)))
        .collect();
    Some(format!("{path}?{}", pairs.join("&")))
}

fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'~'
            | b'*'
            | b'\''
            | b'('
            | b')' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
