//! The doctor: asks what has to be true before a call can work, says in words what it found, and mends the one thing at Twilio that
//! breaks most often, the TwiML App.
//!
//! Each family of checks is a file: a typed finding, a function that looks, and the words. The checks run side by side; one that needs what
//! another found wanting is skipped and says so, so that one fault is named once.

pub mod account;
pub mod alerts;
pub mod archive;
pub mod caller_id;
mod check;
pub mod command;
pub mod configuration;
pub mod countries;
pub mod database;
pub mod disk;
mod examination;
pub mod frontend_url;
mod installation;
pub mod mend;
pub mod public_url;
mod report;
pub mod trouble;
pub mod twiml_app;

pub use check::{Check, Group, Status};
pub(crate) use examination::Examination;
pub use examination::{Limits, examine};
pub use installation::Installation;
pub use report::{Change, Finding, Found, Report, Unasked, by_urgency, gravest};

use super::{auth, clock, state::AppState};
use futures::Stream;

/// Examines a running server. Each check is reported as it finishes; the last within [`Limits::whole`].
pub fn run(state: &AppState) -> impl Stream<Item = Report> + Send + use<> {
    examine(Installation::of(state), Limits::default(), clock::now())
}

/// Letters and digits that nobody guesses.
fn nonce() -> String {
    auth::session::random_hex(16)
}
