//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod bad_inputs;
mod callbacks;
mod changes;
mod history;
mod make_call;
mod make_call;
mod origins;
mod logins;
mod placing;
mod recordings;
mod roles;
mod signed;
mod store;
mod problems;
mod support;
mod twilio_client;
mod with_twilio;
