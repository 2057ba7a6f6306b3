//! What a call, a phone number, a recording and a user are. Pure: no I/O, no clock (time is an argument), no framework.

pub mod call;
pub mod checklist;
pub mod phone;
pub mod recording;
pub mod sid;
pub mod user;
pub mod view;
