//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod backup;
mod callbacks;
mod changes;
mod history;
mod make_call;
mod overload;
mod placing;
mod reconcile;
mod recordings;
mod signed;
mod store;
mod support;
mod twilio_client;
mod vitals;
mod with_twilio;
