//! The archive on an S3 server: nanio, which script/bootstrap --tests installs, each test with its own.
#![allow(clippy::unwrap_used)]

mod archiving;
mod moving;
mod outages;
mod store;
#[allow(dead_code, unused_imports)]
#[path = "../support/mod.rs"]
mod support;
mod wire;
