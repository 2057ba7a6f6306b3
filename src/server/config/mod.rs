//! Configuration: one struct, validated as a whole before anything starts. A wrong value names its variable.

use parse::{boolean, database_url, list, number, optional, public_url, quoted, secret};
use std::{env, fmt, net::SocketAddr, path::PathBuf};
use url::Url;

mod parse;
pub mod s3;
mod settings;
#[cfg(test)]
mod tests;
mod twilio;

pub use s3::S3;
pub use settings::Settings;
pub use twilio::{SignalingHost, TwilioConfig};

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

impl ConfigError {
    /// For what only a command asks for: the name is then its flag's.
    pub fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self {
            name,
            problem: problem.into(),
        }
    }

    /// The variable.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What is wrong with it. Holds no secret.
    pub fn problem(&self) -> &str {
        &self.problem
    }
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
    /// Twilio's variables that are written with blanks around them: ignored here, and a sign of a careless copy.
    pub padded: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A path, relative to the working directory unless it begins with `/`.
    Sqlite(PathBuf),
    /// The whole URL, which may hold a password.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// As `DATABASE_URL` has it. The error is what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        database_url(text).map_err(|error| error.problem)
    }

    /// Where what signs session cookies is kept; on PostgreSQL in the database itself.
    pub fn session_secret_file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path.with_extension("session-secret")),
            Self::Postgres(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingsUrl {
    File(PathBuf),
    S3(Box<S3>),
}

impl RecordingsUrl {
    /// Reads `text`, which the variable or flag `from` holds, and what else is needed to reach a bucket from that set of variables.
    pub fn read(
        from: &'static str,
        text: &str,
        variables: s3::Variables,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        if let Some(path) = text.strip_prefix("file://").filter(|path| !path.is_empty()) {
            return Ok(Self::File(path.into()));
        }
        match text.strip_prefix("s3://") {
            Some(place) => S3::build(from, place, variables, env).map(|s3| Self::S3(Box::new(s3))),
            None => Err(wrong(
                from,
                format!(
                    "{} is neither file://PATH nor s3://BUCKET/PREFIX",
                    quoted(text)
                ),
            )),
        }
    }
}

impl fmt::Display for RecordingsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file://{}", path.display()),
            Self::S3(s3) => s3.fmt(f),
        }
    }
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
                crate::server::security::frontend_origin(origin, &public_url)
                    .map_err(|e| wrong("FRONTEND_URL", e))
            })
            .collect::<Result<_, _>>()?;
        let allowed: Vec<String> = list(&s.allowed_countries)
            .map(str::to_ascii_uppercase)
            .collect();
        let countries_known =
            |code: &String| crate::server::numbers::is_country(code) || code == "*";
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
        if !crate::server::numbers::is_country(&default_country) {
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
            recordings: RecordingsUrl::read(
                "RECORDINGS_URL",
                &s.recordings_url,
                s3::Variables::Archive,
                env,
            )?,
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
            padded: twilio::padded(s, env),
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
