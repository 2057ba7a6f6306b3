//! The services: placing a call, recording what happens to it, showing it.

pub mod attempt;
pub mod callbacks;
pub mod diagnostics;
pub mod history;
pub mod live;
pub mod make;
pub mod place;
pub mod reconcile;
pub mod record_event;
pub mod said;
pub mod spoken;

pub use record_event::{record, touch};
