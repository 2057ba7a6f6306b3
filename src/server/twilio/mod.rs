//! Twilio, and nothing of us: its REST API, its signatures, its access tokens, its TwiML.

pub mod access;
pub mod alerts;
pub mod applications;
pub mod client;
pub mod error;
pub mod media;
pub mod numbers;
pub mod patience;
pub mod permissions;
pub mod resources;
pub mod signature;
pub mod token;
pub mod twiml;

pub use client::Client;
pub use error::TwilioError;

/// Appended to the callback URLs that we hand to Twilio: up to three retries, on a failed connection, a timeout or a 5xx. Never on the
/// TwiML App's own URLs. A fragment is not sent, but may be signed: [`signature::Verifier`] accepts both.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
pub const RETRIES: &str = "#rc=3&rp=ct,rt,5xx";
