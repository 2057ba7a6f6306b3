//! Who answered at `PUBLIC_URL`, by what it answered. Pure.

use crate::i18n::*;
use url::Url;

/// An answer, as far as it tells whose it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub status: u16,
    pub location: Option<String>,
    pub server: Option<String>,
    /// <https://ngrok.com/docs/errors>
    pub ngrok_error: Option<String>,
    pub by_cloudflare: bool,
    /// `cf-mitigated: challenge`
    /// <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    pub challenged: bool,
    /// It carries the headers that every answer of ours carries.
    pub ours: bool,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tunnel {
    Ngrok,
    Cloudflare,
    Localtunnel,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 204, as our own answer is.
    Accepted,
    /// A page that asks visitors to go on.
    Interstitial(Tunnel),
    /// The tunnel's provider answers: no tunnel of that name is open.
    TunnelClosed(Tunnel),
    /// A tunnel or a proxy answers: what it leads to does not.
    NothingBehind(u16),
    /// To another place, given without its query. Twilio follows no redirect with its signature.
    Redirects(String),
    /// It wants somebody to sign in first.
    Guarded(u16),
    /// Ours, but the path of `PUBLIC_URL` is not taken away before it.
    PathPrefix(String),
    /// Ours, with another Auth Token, account or `PUBLIC_URL`.
    SignatureRefused,
    /// Ours, and it fails.
    ServerFails(u16),
    /// Another program, by its `Server` header where it has one.
    OtherProgram { server: Option<String>, status: u16 },
}

pub(super) fn classify(seen: &Seen, public_url: &Url) -> Verdict {
    if seen.status == 204 {
        return Verdict::Accepted;
    }
    if let Some(verdict) = tunnel(seen) {
        return verdict;
    }
    match seen.status {
        301..=308 => Verdict::Redirects(seen.location.as_deref().map_or_else(String::new, |to| {
            to.split(['?', '#']).next().unwrap_or_default().to_owned()
        })),
        403 if seen.ours => Verdict::SignatureRefused,
        404 if seen.ours && public_url.path() != "/" => {
            Verdict::PathPrefix(public_url.path().to_owned())
        }
        500.. if seen.ours => Verdict::ServerFails(seen.status),
        401 | 403 | 407 | 511 => Verdict::Guarded(seen.status),
        502..=504 | 520..=530 => Verdict::NothingBehind(seen.status),
        status => Verdict::OtherProgram {
            server: seen.server.clone(),
            status,
        },
    }
}

fn tunnel(seen: &Seen) -> Option<Verdict> {
    let body = |text: &str| seen.body.contains(text);
    let ngrok = |code: &str| {
        seen.ngrok_error.as_deref() == Some(code) || (seen.ngrok_error.is_none() && body(code))
    };
    if ngrok("ERR_NGROK_6024") {
        return Some(Verdict::Interstitial(Tunnel::Ngrok));
    }
    if ngrok("ERR_NGROK_3200") || ngrok("ERR_NGROK_3004") {
        return Some(Verdict::TunnelClosed(Tunnel::Ngrok));
    }
    if ngrok("ERR_NGROK_8012") {
        return Some(Verdict::NothingBehind(seen.status));
    }
    // 1033: "Cloudflare is currently unable to resolve" the tunnel; 530 is the status that it comes with.
    if seen.status == 530 && (seen.by_cloudflare || body("1033") || body("1016")) {
        return Some(Verdict::TunnelClosed(Tunnel::Cloudflare));
    }
    if seen.challenged {
        return Some(Verdict::Interstitial(Tunnel::Cloudflare));
    }
    if body("bypass-tunnel-reminder") || (seen.status == 511 && body("loca.lt")) {
        return Some(Verdict::Interstitial(Tunnel::Localtunnel));
    }
    if seen.status == 503 && body("Tunnel Unavailable") {
        return Some(Verdict::TunnelClosed(Tunnel::Localtunnel));
    }
    None
}

impl Tunnel {
    fn name(self) -> &'static str {
        match self {
            Self::Ngrok => "ngrok",
            Self::Cloudflare => "Cloudflare",
            Self::Localtunnel => "localtunnel",
        }
    }
}

impl Verdict {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Accepted => "reaches",
            Self::Interstitial(_) => "interstitial",
            Self::TunnelClosed(_) => "tunnel-closed",
            Self::NothingBehind(_) => "nothing-behind",
            Self::Redirects(_) => "redirects",
            Self::Guarded(_) => "guarded",
            Self::PathPrefix(_) => "path-prefix",
            Self::SignatureRefused => "signature-refused",
            Self::ServerFails(_) => "server-fails",
            Self::OtherProgram { .. } => "other-program",
        }
    }

    pub(super) fn words(&self, locale: Locale) -> String {
        match self {
            Self::Accepted => td_string!(locale, doctor.public_url.accepted).to_owned(),
            Self::Interstitial(tunnel) => td_string!(
                locale,
                doctor.public_url.interstitial,
                tunnel = tunnel.name()
            ),
            Self::TunnelClosed(tunnel) => td_string!(
                locale,
                doctor.public_url.tunnel_closed,
                tunnel = tunnel.name()
            ),
            Self::NothingBehind(status) => {
                td_string!(locale, doctor.public_url.nothing_behind, status = status)
            }
            Self::Redirects(to) => td_string!(locale, doctor.public_url.redirects, to = to),
            Self::Guarded(status) => td_string!(locale, doctor.public_url.guarded, status = status),
            Self::PathPrefix(path) => {
                td_string!(locale, doctor.public_url.path_prefix, path = path)
            }
            Self::SignatureRefused => {
                td_string!(locale, doctor.public_url.signature_refused).to_owned()
            }
            Self::ServerFails(status) => {
                td_string!(locale, doctor.public_url.server_fails, status = status)
            }
            Self::OtherProgram { server, status } => match server {
                Some(server) => td_string!(
                    locale,
                    doctor.public_url.other_program_named,
                    server = server,
                    status = status
                ),
                None => td_string!(locale, doctor.public_url.other_program, status = status),
            },
        }
    }

    pub(super) fn remedy(&self, locale: Locale) -> &'static str {
        match self {
            Self::Accepted => td_string!(locale, doctor.public_url.one_database),
            Self::Interstitial(_) => td_string!(locale, doctor.public_url.skip_interstitial),
            Self::TunnelClosed(_) => td_string!(locale, doctor.public_url.open_tunnel),
            Self::NothingBehind(_) => td_string!(locale, doctor.public_url.start_behind),
            Self::Redirects(_) => td_string!(locale, doctor.public_url.set_final),
            Self::Guarded(_) => td_string!(locale, doctor.public_url.let_through),
            Self::PathPrefix(_) => td_string!(locale, doctor.public_url.strip_path),
            Self::SignatureRefused => td_string!(locale, doctor.public_url.same_settings),
            Self::ServerFails(_) => td_string!(locale, doctor.public_url.read_log),
            Self::OtherProgram { .. } => td_string!(locale, doctor.public_url.point_here),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(seen: Seen) -> Verdict {
        classify(
            &seen,
            &Url::parse("https://calls.example.com/phone").expect("a URL"),
        )
    }

    fn page(status: u16, body: &str) -> Seen {
        Seen {
            status,
            body: body.to_owned(),
            ..Seen::default()
        }
    }

    #[test]
    fn tunnels_are_known_by_their_pages() {
        let ngrok = |status, code: &str| Seen {
            ngrok_error: Some(code.to_owned()),
            ..page(status, "<html>")
        };
        for (seen, expected) in [
            (
                ngrok(200, "ERR_NGROK_6024"),
                Verdict::Interstitial(Tunnel::Ngrok),
            ),
            (
                ngrok(404, "ERR_NGROK_3200"),
                Verdict::TunnelClosed(Tunnel::Ngrok),
            ),
            (ngrok(502, "ERR_NGROK_8012"), Verdict::NothingBehind(502)),
            (
                page(
                    404,
                    "The endpoint x.ngrok-free.app is offline. ERR_NGROK_3200",
                ),
                Verdict::TunnelClosed(Tunnel::Ngrok),
            ),
            (
                page(530, "error code: 1033"),
                Verdict::TunnelClosed(Tunnel::Cloudflare),
            ),
            (page(502, "Bad gateway"), Verdict::NothingBehind(502)),
            (page(522, "error code: 522"), Verdict::NothingBehind(522)),
            (
                page(511, "<title>loca.lt</title> To access the website"),
                Verdict::Interstitial(Tunnel::Localtunnel),
            ),
            (
                page(503, "503 - Tunnel Unavailable"),
                Verdict::TunnelClosed(Tunnel::Localtunnel),
            ),
        ] {
            assert_eq!(verdict(seen.clone()), expected, "{seen:?}");
        }
    }

    #[test]
    fn our_own_refusals_are_told_from_other_peoples() {
        let ours = |status| Seen {
            ours: true,
            ..page(status, "{}")
        };
        assert_eq!(verdict(ours(403)), Verdict::SignatureRefused);
        assert_eq!(verdict(page(403, "{}")), Verdict::Guarded(403));
        assert_eq!(verdict(ours(404)), Verdict::PathPrefix("/phone".into()));
        assert_eq!(verdict(ours(503)), Verdict::ServerFails(503));
        let other = verdict(page(404, "not found"));
        assert!(
            matches!(other, Verdict::OtherProgram { status: 404, .. }),
            "{other:?}"
        );
    }

    #[test]
    fn a_redirect_is_shown_without_its_query() {
        let seen = Seen {
            location: Some("https://login.example.com/a?token=secret#b".into()),
            ..page(302, "")
        };
        assert_eq!(
            verdict(seen),
            Verdict::Redirects("https://login.example.com/a".into())
        );
    }
}
