//! The server's face. `router` shows every URL; `calls`, `recordings`, `auth` are the services; `store` alone knows SQL; `twilio` knows
//! Twilio and nothing of us.

pub mod auth;
pub mod background;
pub mod calls;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod doctor;
pub mod error;
pub mod locale;
pub mod numbers;
pub mod overload;
pub mod recordings;
pub mod refusals;
pub mod router;
pub mod routes;
pub mod security;
pub mod serve;
pub mod setup;
pub mod site;
pub mod state;
pub mod store;
pub mod sweep;
pub mod telemetry;
pub mod twilio;
pub mod vitals;
