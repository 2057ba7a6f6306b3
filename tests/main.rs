//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod callbacks;
mod changes;
mod doctor;
mod history;
mod make_call;
mod placing;
mod recordings;
mod signed;
mod store;
mod support;
mod twilio_client;
mod with_twilio;
