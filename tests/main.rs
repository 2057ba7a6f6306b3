//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod attempts;
mod backup;
mod bad_inputs;
mod callbacks;
mod causes;
mod changes;
mod doctor;
mod explainers;
mod history;
mod logins;
mod make_call;
mod migrate;
mod origins;
mod overload;
mod placing;
mod problems;
mod reconcile;
mod recordings;
mod roles;
mod servers;
mod setup;
mod signed;
mod store;
// Shared with the other targets, each of which leaves some of it unused.
#[allow(dead_code)]
mod support;
mod sweep;
mod twilio_client;
mod vitals;
