//! Configuration: one struct, validated as a whole before anything starts. A wrong value names its variable.

use crate::domain::{
    phone::PhoneNumber,
    sid::{AccountSid, ApiKeySid, AppSid},
};
use clap::Args;
use std::{env, fmt, fs, net::SocketAddr, path::PathBuf};
use url::Url;

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

/// A value that never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One line that names the variable and says what it should hold.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

fn wrong(name: &'static str, problem: impl fmt::Display) -> ConfigError {
    ConfigError {
        name,
        problem: problem.to_string(),
    }
}

#[derive(Debug, Clone)]
pub struct Config {
    /// `LISTEN_ADDR`
    pub listen_addr: SocketAddr,
    /// `PUBLIC_URL`, without a trailing slash in its path
    pub public_url: Url,
    /// `FRONTEND_URL`: serialised origins, `https://app.example.com`
    pub frontend_origins: Vec<String>,
    /// `DATABASE_URL`
    pub database: DatabaseUrl,
    /// `RECORDINGS_URL`
    pub recordings: RecordingsUrl,
    /// `TWILIO_*`
    pub twilio: TwilioConfig,
    /// `DEFAULT_COUNTRY`, upper-case ISO 3166 code
    pub default_country: String,
    /// `ALLOWED_COUNTRIES`; `None` means everywhere
    pub allowed_countries: Option<Vec<String>>,
    /// `RING_TIMEOUT_SECS`
    pub ring_timeout_secs: u16,
    /// `RECORD_CALLS`
    pub record_calls: bool,
    /// `RECORDING_RETENTION_DAYS`; `None` keeps recordings
    pub retention_days: Option<u32>,
    /// `SESSION_SECRET`; made and kept when absent
    pub session_secret: Option<Secret>,
    /// `ADMIN_EMAIL`
    pub admin_email: Option<String>,
    /// `ADMIN_PASSWORD`
    pub admin_password: Option<Secret>,
    /// `TIME_ZONE`
    pub time_zone: jiff::tz::TimeZone,
    /// `SITE_ROOT`
    pub site_root: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A path, relative to the working directory unless it begins with `/`.
    Sqlite(PathBuf),
    /// The whole URL, which may hold a password.
    Postgres(Secret),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingsUrl {
    File(PathBuf),
    S3 { bucket: String, prefix: String },
}

#[derive(Debug, Clone)]
pub struct TwilioConfig {
    pub account_sid: Option<AccountSid>,
    pub auth_token: Option<Secret>,
    /// `TWILIO_AUTH_TOKEN_PREVIOUS`: accepted for signatures while the token is rotated.
    pub auth_token_previous: Option<Secret>,
    pub api_key: Option<ApiKeySid>,
    pub api_secret: Option<Secret>,
    pub twiml_app_sid: Option<AppSid>,
    pub caller_id: Option<PhoneNumber>,
    pub edge: Option<String>,
    /// Without a trailing slash.
    pub api_base_url: Url,
    pub signaling_host: Option<SignalingHost>,
}

/// `TWILIO_SIGNALING_HOST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalingHost {
    /// `HOST:PORT`, as the SDK's `chunderw` takes it.
    pub authority: String,
    /// `ws:` rather than `wss:`; loopback only.
    pub plain: bool,
}

impl Config {
    /// Validates the settings, and reads the secrets from `NAME` or from the file that `NAME_FILE` names.
    pub fn load(settings: &Settings) -> Result<Self, ConfigError> {
        Self::build(settings, &|name| env::var(name).ok())
    }

    /// As [`Config::load`], with secrets from elsewhere than the process's environment.
    pub fn build(s: &Settings, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let listen_addr: SocketAddr = s.listen_addr.parse().map_err(|_| {
            wrong(
                "LISTEN_ADDR",
                format!(
                    "{:?} is not ADDRESS:PORT, e.g. 127.0.0.1:3001",
                    s.listen_addr
                ),
            )
        })?;
        let public_url = public_url(&s.public_url, listen_addr)?;
        let frontend_origins = list(&s.frontend_url)
            .map(|origin| {
                super::security::frontend_origin(origin, &public_url)
                    .map_err(|e| wrong("FRONTEND_URL", e))
            })
            .collect::<Result<_, _>>()?;
        let allowed: Vec<String> = list(&s.allowed_countries)
            .map(str::to_ascii_uppercase)
            .collect();
        let countries_known = |code: &String| super::numbers::is_country(code) || code == "*";
        if let Some(unknown) = allowed.iter().find(|code| !countries_known(code)) {
            return Err(wrong(
                "ALLOWED_COUNTRIES",
                format!("{unknown:?} is no ISO 3166 country code, e.g. SA"),
            ));
        }
        if allowed.is_empty() {
            return Err(wrong(
                "ALLOWED_COUNTRIES",
                "name at least one country, or * for all",
            ));
        }
        let default_country = s.default_country.trim().to_ascii_uppercase();
        if !super::numbers::is_country(&default_country) {
            return Err(wrong(
                "DEFAULT_COUNTRY",
                format!("{default_country:?} is no ISO 3166 country code, e.g. SA"),
            ));
        }
        let admin_email = optional(&s.admin_email).map(str::to_owned);
        let admin_password = secret("ADMIN_PASSWORD", env)?;
        match (&admin_email, &admin_password) {
            (Some(_), None) => {
                return Err(wrong(
                    "ADMIN_PASSWORD",
                    "missing, although ADMIN_EMAIL is set",
                ));
            }
            (None, Some(_)) => {
                return Err(wrong(
                    "ADMIN_EMAIL",
                    "missing, although ADMIN_PASSWORD is set",
                ));
            }
            _ => {}
        }
        Ok(Self {
            listen_addr,
            frontend_origins,
            database: database_url(&s.database_url)?,
            recordings: recordings_url(&s.recordings_url)?,
            twilio: TwilioConfig::build(s, env)?,
            default_country,
            allowed_countries: (!allowed.iter().any(|code| code == "*")).then_some(allowed),
            ring_timeout_secs: number("RING_TIMEOUT_SECS", &s.ring_timeout_secs, 5..=600)? as u16,
            record_calls: boolean("RECORD_CALLS", &s.record_calls)?,
            retention_days: match number(
                "RECORDING_RETENTION_DAYS",
                &s.recording_retention_days,
                0..=36_500,
            )? {
                0 => None,
                days => Some(days),
            },
            session_secret: secret("SESSION_SECRET", env)?
                .map(|secret| match secret.expose().len() {
                    32.. => Ok(secret),
                    _ => Err(wrong(
                        "SESSION_SECRET",
                        "too short: at least 32 characters, e.g. from `openssl rand -hex 32`",
                    )),
                })
                .transpose()?,
            admin_email,
            admin_password,
            time_zone: jiff::tz::TimeZone::get(&s.time_zone).map_err(|_| {
                wrong(
                    "TIME_ZONE",
                    format!("{:?} is no IANA time zone, e.g. Asia/Riyadh", s.time_zone),
                )
            })?,
            site_root: s.site_root.clone(),
            public_url,
        })
    }

    /// An absolute URL of ours, for Twilio: `path` begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The origin that our own pages have.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

impl TwilioConfig {
    fn build(s: &Settings, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let base = s.twilio_api_base_url.trim().trim_end_matches('/');
        let api_base_url = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .ok_or_else(|| {
                wrong(
                    "TWILIO_API_BASE_URL",
                    format!("{base:?} is not an http(s) URL"),
                )
            })?;
        Ok(Self {
            account_sid: sid(
                "TWILIO_ACCOUNT_SID",
                &s.twilio_account_sid,
                AccountSid::parse,
            )?,
            auth_token: secret("TWILIO_AUTH_TOKEN", env)?,
            auth_token_previous: secret("TWILIO_AUTH_TOKEN_PREVIOUS", env)?,
            api_key: sid("TWILIO_API_KEY", &s.twilio_api_key, ApiKeySid::parse)?,
            api_secret: secret("TWILIO_API_SECRET", env)?,
            twiml_app_sid: sid(
                "TWILIO_TWIML_APP_SID",
                &s.twilio_twiml_app_sid,
                AppSid::parse,
            )?,
            caller_id: optional(&s.twilio_caller_id)
                .map(PhoneNumber::parse_e164)
                .transpose()
                .map_err(|_| {
                    wrong(
                        "TWILIO_CALLER_ID",
                        format!("{:?} is not E.164, e.g. +15005550006", s.twilio_caller_id),
                    )
                })?,
            edge: optional(&s.twilio_edge)
                .map(|edge| {
                    match edge
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                    {
                        true => Ok(edge.to_owned()),
                        false => Err(wrong(
                            "TWILIO_EDGE",
                            format!("{edge:?} is no edge's name, e.g. frankfurt"),
                        )),
                    }
                })
                .transpose()?,
            api_base_url,
            signaling_host: optional(&s.twilio_signaling_host)
                .map(signaling_host)
                .transpose()?,
        })
    }

    /// The names of the variables that calling needs and that are not set.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("TWILIO_ACCOUNT_SID", self.account_sid.is_none()),
            ("TWILIO_AUTH_TOKEN", self.auth_token.is_none()),
            ("TWILIO_API_KEY", self.api_key.is_none()),
            ("TWILIO_API_SECRET", self.api_secret.is_none()),
            ("TWILIO_TWIML_APP_SID", self.twiml_app_sid.is_none()),
            ("TWILIO_CALLER_ID", self.caller_id.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, missing)| missing.then_some(name))
        .collect()
    }
}

fn optional(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter_map(optional)
}

fn secret(
    name: &'static str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Secret>, ConfigError> {
    let from_file = env(&format!("{name}_FILE"))
        .filter(|path| !path.is_empty())
        .map(|path| {
            fs::read_to_string(&path).map_err(|error| {
                wrong(
                    name,
                    format!("cannot read {path}, which {name}_FILE names: {error}"),
                )
            })
        });
    let text = match from_file {
        Some(text) => Some(text?),
        None => env(name),
    };
    Ok(text.as_deref().and_then(optional).map(Secret::new))
}

fn sid<T, E: fmt::Display>(
    name: &'static str,
    text: &str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ConfigError> {
    optional(text)
        .map(parse)
        .transpose()
        .map_err(|problem| wrong(name, problem))
}

fn number(
    name: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, ConfigError> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| range.contains(n))
        .ok_or_else(|| {
            wrong(
                name,
                format!(
                    "{text:?} is not a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
            )
        })
}

fn boolean(name: &'static str, text: &str) -> Result<bool, ConfigError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(wrong(name, format!("{text:?} is neither true nor false"))),
    }
}

fn public_url(text: &str, listen_addr: SocketAddr) -> Result<Url, ConfigError> {
    let text = match optional(text) {
        Some(text) => text.trim_end_matches('/').to_owned(),
        None => format!("http://localhost:{}", listen_addr.port()),
    };
    let url = Url::parse(&text)
        .map_err(|error| wrong("PUBLIC_URL", format!("{text:?} is not a URL: {error}")))?;
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !bare {
        return Err(wrong(
            "PUBLIC_URL",
            format!("{text:?} is not of the form https://host[:port][/path]"),
        ));
    }
    Ok(url)
}

fn database_url(text: &str) -> Result<DatabaseUrl, ConfigError> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DatabaseUrl::Postgres(Secret::new(text)));
    }
    match text
        .strip_prefix("sqlite://")
        .or_else(|| text.strip_prefix("sqlite:"))
    {
        Some(path) if !path.is_empty() => Ok(DatabaseUrl::Sqlite(path.into())),
        _ => Err(wrong(
            "DATABASE_URL",
            "begins neither with sqlite:// nor with postgres://",
        )),
    }
}

fn recordings_url(text: &str) -> Result<RecordingsUrl, ConfigError> {
    if let Some(path) = text.strip_prefix("file://").filter(|path| !path.is_empty()) {
        return Ok(RecordingsUrl::File(path.into()));
    }
    match text
        .strip_prefix("s3://")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    {
        Some((bucket, prefix)) if !bucket.is_empty() => Ok(RecordingsUrl::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        }),
        _ => Err(wrong(
            "RECORDINGS_URL",
            format!("{text:?} is neither file://PATH nor s3://BUCKET/PREFIX"),
        )),
    }
}

fn signaling_host(text: &str) -> Result<SignalingHost, ConfigError> {
    let (authority, plain) = match text.strip_prefix("ws://") {
        Some(rest) => (rest, true),
        None => (text.strip_prefix("wss://").unwrap_or(text), false),
    };
    let url = Url::parse(&format!("http://{authority}/"))
        .ok()
        .filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty())
        .ok_or_else(|| {
            wrong(
                "TWILIO_SIGNALING_HOST",
                format!("{text:?} is not HOST:PORT"),
            )
        })?;
    if plain && !super::security::is_loopback(&url) {
        return Err(wrong(
            "TWILIO_SIGNALING_HOST",
            "ws:// is for loopback hosts only; elsewhere write HOST:PORT, which means wss:",
        ));
    }
    Ok(SignalingHost {
        authority: authority.trim_end_matches('/').to_owned(),
        plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        settings: Settings,
    }

    fn build(flags: &[&str], secrets: &[(&str, &str)]) -> Result<Config, String> {
        let settings = Flags::parse_from(["almasar"].iter().chain(flags)).settings;
        let env = |name: &str| {
            secrets
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::build(&settings, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let config = build(&[], &[]).expect("valid");
        assert_eq!(config.url("/x"), "http://localhost:3001/x");
        assert_eq!(
            config.database,
            DatabaseUrl::Sqlite("data/almasar.db".into())
        );
        assert_eq!(
            config.recordings,
            RecordingsUrl::File("data/recordings".into())
        );
        assert_eq!(
            (
                config.ring_timeout_secs,
                config.record_calls,
                config.retention_days
            ),
            (30, true, Some(365))
        );
        assert_eq!(config.allowed_countries, Some(vec!["SA".to_owned()]));
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (flag, value) in [
            ("LISTEN_ADDR", "3001"),
            ("PUBLIC_URL", "calls.example.com"),
            ("PUBLIC_URL", "https://user:pw@calls.example.com"),
            ("FRONTEND_URL", "https://elsewhere.example"),
            ("DATABASE_URL", "mysql://x"),
            ("RECORDINGS_URL", "recordings"),
            ("TWILIO_ACCOUNT_SID", "AC123"),
            ("TWILIO_API_KEY", "AC00000000000000000000000000000001"),
            ("TWILIO_CALLER_ID", "0569705616"),
            ("TWILIO_EDGE", "Frank furt"),
            ("TWILIO_API_BASE_URL", "api.twilio.com"),
            ("TWILIO_SIGNALING_HOST", "ws://gateway.example:80"),
            ("DEFAULT_COUNTRY", "Saudi"),
            ("ALLOWED_COUNTRIES", "SA,XX1"),
            ("RING_TIMEOUT_SECS", "-1"),
            ("RECORD_CALLS", "maybe"),
            ("RECORDING_RETENTION_DAYS", "1e9"),
            ("TIME_ZONE", "Riyadh"),
        ] {
            let flag_name = format!("--{}={value}", flag.to_lowercase().replace('_', "-"));
            let problem = build(&[&flag_name], &[]).expect_err(flag);
            assert!(
                problem.starts_with(&format!("{flag}: ")) && !problem.contains('\n'),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_path_after_file_is_read_as_a_path() {
        let config = build(&["--recordings-url=file:///var/lib/almasar"], &[]).expect("valid");
        assert_eq!(
            config.recordings,
            RecordingsUrl::File("/var/lib/almasar".into())
        );
        let config = build(&["--recordings-url=s3://bucket/a/b/"], &[]).expect("valid");
        assert_eq!(
            config.recordings,
            RecordingsUrl::S3 {
                bucket: "bucket".into(),
                prefix: "a/b".into()
            }
        );
    }

    #[test]
    fn secrets_do_not_print() {
        let config = build(&[], &[("TWILIO_AUTH_TOKEN", "do-not-print")]).expect("valid");
        assert!(!format!("{config:?}").contains("do-not-print"));
    }
}
