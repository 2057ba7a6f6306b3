//! Handlers: extract, call a service, map the error.

pub mod auth;
pub mod calls;
pub mod events;
pub mod health;
pub mod pages;
pub mod recordings;
pub mod rows;
pub mod setup;
pub mod signed;
pub mod token;
pub mod twiml;
pub mod webhooks;
