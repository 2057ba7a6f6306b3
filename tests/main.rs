//! The server from outside, each test with its own.
#![allow(clippy::unwrap_used)]

mod callbacks;
mod changes;
mod history;
mod placing;
mod store;
mod support;
