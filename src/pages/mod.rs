//! The pages. Each reads through the services and renders: all HTML, with an island behind what lives.

mod busy;
mod history;
mod login;
mod mobile_call;
mod not_found;
mod setup;
mod setup_facts;
mod setup_refusals;

pub use busy::busy;
pub use history::History;
pub use login::Login;
pub use mobile_call::MobileCall;
pub use not_found::NotFound;
pub use setup::{Setup, rows as setup_rows};
