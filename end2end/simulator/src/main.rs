//! A local Twilio Voice: the real Voice SDK calls it, real webhooks leave it. See the README beside this crate.

#![forbid(unsafe_code)]

mod account;
mod call;
mod cli;
mod control;
mod dates;
mod delivery;
mod far_end;
mod faults;
mod frames;
mod media;
mod network;
mod pcmu;
mod recording;
mod recordings;
mod rest;
mod server;
mod sid;
mod signal;
mod signature;
mod simulator;
mod switchboard;
mod timeline;
mod token;
mod twiml;
mod webhook;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,str0m=warn,dimpl=warn,is=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match server::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twilio-simulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}
