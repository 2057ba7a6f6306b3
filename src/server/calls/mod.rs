//! The services: placing a call, recording what happens to it, showing it.

pub mod spoken;
