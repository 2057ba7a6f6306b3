//! `PUBLIC_URL`: does a request that we sign and send there come back to us? That proves name, certificate, tunnel, proxy, path and
//! signature in one step. The nonce is looked for in the database, so it works from the command line and with several servers.

mod answer;
mod connection;

use super::{Check, Examination, Finding, Status, Unasked, nonce};
use crate::{
    i18n::*,
    server::{config::Config, security::is_loopback},
};
pub use answer::Tunnel;
use answer::{Seen, Verdict, classify};
pub use connection::Certificate;
use reqwest::{Client, header, redirect::Policy};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};
use url::{Host, Url};

const ECHO: &str = "/api/calls/webhook/echo";
/// Enough of a page to know whose it is.
const MOST_READ: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Reaches(Duration),
    /// It does, over http: browsers give no microphone to such pages.
    PlainHttp,
    /// An address that only this machine or its own network can reach, and Twilio itself cannot.
    Private,
    NoSuchHost(String),
    /// Nobody listens; on this machine, that means that the server is not running.
    NobodyListens {
        here: bool,
    },
    Silent(Duration),
    Certificate(Certificate),
    /// https, but what listens there does not speak TLS.
    NoTls(String),
    Unreachable(String),
    /// What answered was not this installation.
    Answered(Verdict),
    /// Somebody accepted our signature, but the nonce is not in our database.
    OtherInstallation,
}

pub(super) async fn look(examination: &Examination) -> Result<Found, Unasked> {
    let installation = &examination.installation;
    let (config, limit) = (&installation.config, examination.limits.answer);
    let Ok(store) = &installation.store else {
        return Err(Unasked::After(Check::Database));
    };
    if installation.twilio.is_twilios_own() && is_private(&config.public_url) {
        return Ok(Found::Private);
    }
    let nonce = nonce();
    let mut form = vec![("Nonce".to_owned(), nonce.clone())];
    if let Some(account) = &config.twilio.account_sid {
        form.push(("AccountSid".to_owned(), account.to_string()));
    }
    let Some(signature) = installation.verifier.sign(ECHO, &form) else {
        return Err(Unasked::After(Check::Configuration));
    };
    let client = match client(&config.public_url, limit) {
        Ok(client) => client,
        Err(error) => return Ok(Found::Unreachable(error.without_url().to_string())),
    };
    let begun = Instant::now();
    let request = client
        .post(config.url(ECHO))
        .header("X-Twilio-Signature", signature)
        .form(&form);
    let verdict = match request.send().await {
        Ok(response) => classify(&Seen::of(response, MOST_READ).await, &config.public_url),
        Err(error) => return Ok(connection::classify(&error, config, limit)),
    };
    if verdict != Verdict::Accepted {
        return Ok(Found::Answered(verdict));
    }
    Ok(match store.take_echo(&nonce).await {
        Ok(true) if is_plain(config) => Found::PlainHttp,
        Ok(true) => Found::Reaches(begun.elapsed()),
        Ok(false) => Found::OtherInstallation,
        Err(_) => return Err(Unasked::After(Check::Database)),
    })
}

impl Found {
    /// Is this address certainly not the one to give to Twilio? One at which nothing answers may be right when the server runs.
    pub(super) fn disproves(&self) -> bool {
        match self {
            Self::Reaches(_) | Self::PlainHttp | Self::NobodyListens { .. } | Self::Silent(_) => {
                false
            }
            Self::Answered(verdict) => !matches!(
                verdict,
                Verdict::Interstitial(_) | Verdict::NothingBehind(_) | Verdict::ServerFails(_)
            ),
            _ => true,
        }
    }
}

/// As Twilio would: no redirects. A proxy that the environment names has no way to what listens here.
fn client(public_url: &Url, limit: Duration) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("almasar/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(limit);
    if is_loopback(public_url) {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

fn is_plain(config: &Config) -> bool {
    config.public_url.scheme() == "http" && !is_loopback(&config.public_url)
}

/// Loopback, or an address or name of a private network (RFC 1918, RFC 4193, RFC 6762).
fn is_private(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(Host::Domain(name)) => {
                name.ends_with(".local") || name.ends_with(".internal") || !name.contains('.')
            }
            Some(Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
            Some(Host::Ipv6(address)) => {
                IpAddr::from(address).is_unspecified() || address.segments()[0] & 0xfe00 == 0xfc00
            }
            None => true,
        }
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Reaches(_) => Status::Ok,
            Self::PlainHttp => Status::Warning,
            _ => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Reaches(_) => "reaches",
            Self::PlainHttp => "plain-http",
            Self::Private => "private-address",
            Self::NoSuchHost(_) => "no-such-host",
            Self::NobodyListens { .. } => "nobody-listens",
            Self::Silent(_) => "silent",
            Self::Certificate(certificate) => certificate.code(),
            Self::NoTls(_) => "no-tls",
            Self::Unreachable(_) => "unreachable",
            Self::Answered(verdict) => verdict.code(),
            Self::OtherInstallation => "other-installation",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Reaches(took) => {
                td_string!(locale, doctor.public_url.reaches, ms = took.as_millis())
            }
            Self::PlainHttp => td_string!(locale, doctor.public_url.plain_http).to_owned(),
            Self::Private => td_string!(locale, doctor.public_url.private).to_owned(),
            Self::NoSuchHost(host) => {
                td_string!(locale, doctor.public_url.no_such_host, host = host)
            }
            Self::NobodyListens { here: true } => {
                td_string!(locale, doctor.public_url.nobody_here).to_owned()
            }
            Self::NobodyListens { here: false } => {
                td_string!(locale, doctor.public_url.nobody_there).to_owned()
            }
            Self::Silent(limit) => td_string!(
                locale,
                doctor.public_url.silent,
                seconds = limit.as_secs_f32().ceil() as u32
            ),
            Self::Certificate(certificate) => certificate.words(locale).to_owned(),
            Self::NoTls(_) => td_string!(locale, doctor.public_url.no_tls).to_owned(),
            Self::Unreachable(_) => td_string!(locale, doctor.public_url.unreachable).to_owned(),
            Self::Answered(verdict) => verdict.words(locale),
            Self::OtherInstallation => {
                td_string!(locale, doctor.public_url.other_installation).to_owned()
            }
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Reaches(_) => return None,
            Self::PlainHttp => td_string!(locale, doctor.public_url.use_https),
            Self::Private => td_string!(locale, doctor.public_url.use_tunnel),
            Self::NoSuchHost(_) | Self::Unreachable(_) => {
                td_string!(locale, doctor.public_url.check_name)
            }
            Self::NobodyListens { here: true } => td_string!(locale, doctor.public_url.start),
            Self::NobodyListens { here: false } | Self::Silent(_) => {
                td_string!(locale, doctor.public_url.check_tunnel)
            }
            Self::Certificate(_) => td_string!(locale, doctor.public_url.renew),
            Self::NoTls(_) => td_string!(locale, doctor.public_url.check_scheme),
            Self::Answered(verdict) => verdict.remedy(locale),
            Self::OtherInstallation => td_string!(locale, doctor.public_url.one_database),
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NoTls(text) | Self::Unreachable(text) => Some(text.clone()),
            Self::Certificate(certificate) => certificate.detail(),
            _ => None,
        }
    }
}

impl Seen {
    async fn of(mut response: reqwest::Response, most: usize) -> Self {
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let mut seen = Self {
            status: response.status().as_u16(),
            location: header(header::LOCATION.as_str()),
            server: header(header::SERVER.as_str()),
            ngrok_error: header("ngrok-error-code"),
            challenged: header("cf-mitigated").as_deref() == Some("challenge"),
            by_cloudflare: response.headers().contains_key("cf-ray"),
            ours: header("permissions-policy").as_deref()
                == Some(crate::server::security::PERMISSIONS),
            body: String::new(),
        };
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > most {
                break;
            }
        }
        seen.body = String::from_utf8_lossy(&body).into_owned();
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_twilio_cannot_reach_is_known() {
        for (url, private) in [
            ("http://localhost:3001", true),
            ("https://192.168.1.7", true),
            ("https://10.0.0.1", true),
            ("https://[fd00::1]", true),
            ("https://almasar", true),
            ("https://calls.local", true),
            ("https://calls.example.com", false),
            ("https://8.8.8.8", false),
        ] {
            assert_eq!(
                is_private(&Url::parse(url).expect("a URL")),
                private,
                "{url}"
            );
        }
    }
}
