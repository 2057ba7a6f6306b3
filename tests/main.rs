//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod bad_inputs;
mod callbacks;
mod causes;
mod changes;
mod doctor;
mod explainers;
mod history;
mod logins;
mod make_call;
mod origins;
mod placing;
mod problems;
mod recordings;
mod roles;
mod setup;
mod signed;
mod store;
mod support;
mod sweep;
mod twilio_client;
