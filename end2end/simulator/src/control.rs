use axum::{Router, routing::get};
use crate::simulator::Shared;
pub fn routes() -> Router<Shared> { Router::new().route("/_control", get(|| async {"soon"})) }
