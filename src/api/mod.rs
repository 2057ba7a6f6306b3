//! What pages and islands ask of the server, one thing a file: extract, call a service, map the error.

#[cfg(feature = "ssr")]
pub mod calls;
pub mod hangup;
pub mod number;
pub mod phone;
