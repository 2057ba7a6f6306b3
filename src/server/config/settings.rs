//! Configuration as it is written: text, not yet validated.

use clap::{Args, Command};
use std::{mem, path::PathBuf};

/// What the environment, `.env` and flags of the same names say, not yet validated. Secrets have no flag: a command line is public.
#[derive(Args, Debug, Clone)]
pub struct Settings {
    /// Where the server listens
    #[arg(
        long,
        env = "LISTEN_ADDR",
        default_value = "127.0.0.1:3001",
        global = true
    )]
    pub listen_addr: String,
    /// The address that Twilio and people use; every callback URL and signature check is built from it [default: http://localhost:PORT]
    #[arg(
        long,
        env = "PUBLIC_URL",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub public_url: String,
    /// Further browser origins that may call the API with credentials, comma-separated; same-site ones only
    #[arg(
        long,
        env = "FRONTEND_URL",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub frontend_url: String,
    /// `sqlite://PATH` or `postgres://…`
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://data/almasar.db",
        hide_env_values = true,
        global = true
    )]
    pub database_url: String,
    /// Archive for audio: `file://PATH` or `s3://BUCKET/PREFIX`
    #[arg(
        long,
        env = "RECORDINGS_URL",
        default_value = "file://data/recordings",
        global = true
    )]
    pub recordings_url: String,
    /// AC…, from the Twilio console's front page
    #[arg(
        long,
        env = "TWILIO_ACCOUNT_SID",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_account_sid: String,
    /// SK…, an API key; its secret makes access tokens
    #[arg(
        long,
        env = "TWILIO_API_KEY",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_api_key: String,
    /// AP…, the TwiML App whose voice URL is ours
    #[arg(
        long,
        env = "TWILIO_TWIML_APP_SID",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_twiml_app_sid: String,
    /// The number that customers see, in E.164
    #[arg(
        long,
        env = "TWILIO_CALLER_ID",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_caller_id: String,
    /// The Voice SDK's edge, e.g. frankfurt or dublin
    #[arg(
        long,
        env = "TWILIO_EDGE",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_edge: String,
    /// REST base
    #[arg(
        long,
        env = "TWILIO_API_BASE_URL",
        default_value = "https://api.twilio.com",
        global = true
    )]
    pub twilio_api_base_url: String,
    /// Where the SDK signals: HOST:PORT (wss), or ws://HOST:PORT on loopback; empty means Twilio's own
    #[arg(
        long,
        env = "TWILIO_SIGNALING_HOST",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub twilio_signaling_host: String,
    /// How a local number is read (ISO code)
    #[arg(long, env = "DEFAULT_COUNTRY", default_value = "SA", global = true)]
    pub default_country: String,
    /// Where agents may call: ISO codes, comma-separated, or *
    #[arg(long, env = "ALLOWED_COUNTRIES", default_value = "SA", global = true)]
    pub allowed_countries: String,
    /// How long a call rings before it is "No Answer"
    #[arg(long, env = "RING_TIMEOUT_SECS", default_value = "30", global = true)]
    pub ring_timeout_secs: String,
    /// Dual-channel recording from answer
    #[arg(long, env = "RECORD_CALLS", default_value = "true", global = true)]
    pub record_calls: String,
    /// Days after which audio is deleted here and at Twilio; 0 keeps it
    #[arg(
        long,
        env = "RECORDING_RETENTION_DAYS",
        default_value = "365",
        global = true
    )]
    pub recording_retention_days: String,
    /// First administrator, created at start when there is no user yet
    #[arg(
        long,
        env = "ADMIN_EMAIL",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub admin_email: String,
    /// The zone in which times are shown (IANA name)
    #[arg(long, env = "TIME_ZONE", default_value = "Asia/Riyadh", global = true)]
    pub time_zone: String,
    /// Where the built site is
    #[arg(long, env = "SITE_ROOT", default_value = "target/site", global = true)]
    pub site_root: PathBuf,
}

impl Settings {
    /// Puts one variable back to its default, and returns what it held. `None` for a name that is not one of these.
    pub fn put_back(&mut self, name: &str) -> Option<String> {
        let field = match name {
            "LISTEN_ADDR" => &mut self.listen_addr,
            "PUBLIC_URL" => &mut self.public_url,
            "FRONTEND_URL" => &mut self.frontend_url,
            "DATABASE_URL" => &mut self.database_url,
            "RECORDINGS_URL" => &mut self.recordings_url,
            "TWILIO_ACCOUNT_SID" => &mut self.twilio_account_sid,
            "TWILIO_API_KEY" => &mut self.twilio_api_key,
            "TWILIO_TWIML_APP_SID" => &mut self.twilio_twiml_app_sid,
            "TWILIO_CALLER_ID" => &mut self.twilio_caller_id,
            "TWILIO_EDGE" => &mut self.twilio_edge,
            "TWILIO_API_BASE_URL" => &mut self.twilio_api_base_url,
            "TWILIO_SIGNALING_HOST" => &mut self.twilio_signaling_host,
            "DEFAULT_COUNTRY" => &mut self.default_country,
            "ALLOWED_COUNTRIES" => &mut self.allowed_countries,
            "RING_TIMEOUT_SECS" => &mut self.ring_timeout_secs,
            "RECORD_CALLS" => &mut self.record_calls,
            "RECORDING_RETENTION_DAYS" => &mut self.recording_retention_days,
            "ADMIN_EMAIL" => &mut self.admin_email,
            "TIME_ZONE" => &mut self.time_zone,
            _ => return None,
        };
        Some(mem::replace(field, default_of(name)))
    }
}

/// As the flag of that variable declares it.
fn default_of(name: &str) -> String {
    let flags = Settings::augment_args(Command::new("almasar"));
    flags
        .get_arguments()
        .find(|flag| flag.get_env().is_some_and(|env| env == name))
        .and_then(|flag| flag.get_default_values().first()?.to_str())
        .unwrap_or_default()
        .to_owned()
}
