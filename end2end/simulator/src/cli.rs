//! The command line.

use std::net::SocketAddr;

use clap::Parser;

/// A local Twilio Voice: REST, signalling for the Voice SDK, WebRTC media, signed webhooks, and faults on request.
///
/// All credentials have fixed defaults, which are no secret: this Twilio reaches nobody and is reachable from this machine only.
#[derive(Clone, Debug, Parser)]
#[command(name = "twilio-simulator", version)]
pub struct Cli {
    /// Where REST, `ws://…/signal` and `/_control` listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:4010")]
    pub listen: SocketAddr,
    /// Where the same is served over TLS (`https`, `wss`) with a certificate made at start.
    #[arg(long)]
    pub tls_listen: Option<SocketAddr>,
    /// The UDP socket of all media.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub media: SocketAddr,
    /// The address that recording URLs are built from; that of `--listen` by default.
    #[arg(long)]
    pub public_url: Option<String>,
    /// The account.
    #[arg(long, default_value = "AC00000000000000000000000000000001")]
    pub account_sid: String,
    /// Signs webhooks.
    #[arg(long, default_value = "simulator-auth-token-not-a-secret")]
    pub auth_token: String,
    /// The API key that makes access tokens.
    #[arg(long, default_value = "SK00000000000000000000000000000001")]
    pub api_key: String,
    /// The API key's secret.
    #[arg(long, default_value = "simulator-api-secret-not-a-secret")]
    pub api_secret: String,
    /// The TwiML App.
    #[arg(long, default_value = "AP00000000000000000000000000000001")]
    pub twiml_app_sid: String,
    /// The account's phone number.
    #[arg(long, default_value = "+15005550006")]
    pub caller_id: String,
    /// The TwiML App's voice URL at start.
    #[arg(long, default_value = "")]
    pub voice_url: String,
    /// The TwiML App's status callback at start.
    #[arg(long, default_value = "")]
    pub status_callback: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
