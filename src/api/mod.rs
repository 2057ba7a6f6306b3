//! Server functions: what the islands ask of the server. Extract, call a service, map the error.

pub mod hangup;
pub mod number;
pub mod phone;
