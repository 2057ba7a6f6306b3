//! What pages ask of the server, one thing a file: extract, call a service, map the error. The browser posts to the server functions by
//! their endpoints: their generated client, with its codecs, would be the larger part of what it loads.

pub mod calls;
pub mod hangup;
pub mod number;
pub mod phone;
