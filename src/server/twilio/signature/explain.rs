//! Why a signature is not the one for our address: which other address it would have been right for. For explaining alone: nothing is
//! ever accepted by this, and what is found is proven by our own token, so a sender cannot make us say what it likes.

use super::{LONGEST_HEADER, RETRIES, Verifier, mac, signed_parameters};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;
use std::ops::RangeInclusive;
use url::Url;

/// A form larger than this is not examined: Twilio's are about 1 kB, and every guess costs a hash of it.
const LARGEST_FORM: usize = 4 * 1024;
/// A difference in more places than this explains nothing to anybody.
const MOST_DIFFERENCES: usize = 3;
const LEGAL_HOST: RangeInclusive<usize> = 1..=255;

/// What is said of the way that the request came: by its `Host`, and by proxies. Never believed, only tried.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// `Host` and `X-Forwarded-Host`.
    pub hosts: Vec<String>,
    /// `X-Forwarded-Port`, and the port that we listen on.
    pub ports: Vec<u16>,
    /// `X-Forwarded-Prefix`
    pub prefix: Option<String>,
    /// `X-Original-URI` or `X-Forwarded-URI`: the path and query as the proxy got them.
    pub original: Option<String>,
}

/// An address that the signature is right for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Without its query.
    pub url: String,
    /// Where it differs from ours.
    pub differs: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    Scheme,
    Host,
    Port,
    /// A path prefix that a proxy takes away or adds.
    Path,
    /// At the end of the path.
    Slash,
}

impl Verifier {
    /// The address nearest to ours that this signature is right for. `None` when there is none among those worth trying: then the
    /// token is another's, the body was changed, or the sender is not Twilio.
    pub fn explain(
        &self,
        path_and_query: &str,
        params: &[(String, String)],
        header: &str,
        heard: &Heard,
    ) -> Option<Variant> {
        let size: usize = params.iter().map(|(n, v)| n.len() + v.len()).sum();
        if size > LARGEST_FORM || header.len() > LONGEST_HEADER {
            return None;
        }
        let signature = STANDARD.decode(header.trim()).ok()?;
        let body = signed_parameters(params);
        let mut guesses = guesses(
            &Url::parse(self.bases.first()?).ok()?,
            path_and_query,
            heard,
        );
        // The simplest explanation first.
        guesses.sort_by_key(|guess| guess.differs.len());
        guesses.into_iter().find_map(|Guess { url, differs }| {
            let signed = ["", RETRIES].iter().any(|fragment| {
                let whole = format!("{url}{fragment}");
                self.tokens
                    .iter()
                    .any(|token| mac(token, &whole, &body).verify_slice(&signature).is_ok())
            });
            let url = || url.split('?').next().unwrap_or_default().to_owned();
            signed.then(|| Variant {
                url: url(),
                differs,
            })
        })
    }
}

struct Guess {
    url: String,
    differs: Vec<Difference>,
}

/// Each part of the address as it is and as it may be, in every combination; our own address apart.
fn guesses(ours: &Url, path_and_query: &str, heard: &Heard) -> Vec<Guess> {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path_and_query, String::new()),
    };
    let our_host = ours.host_str().unwrap_or_default();
    let slashed = match path.strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{path}/"),
    };
    let mut guesses = Vec::new();
    for scheme in ["http", "https"] {
        for host in hosts(our_host, heard) {
            for port in ports(ours, heard) {
                for prefix in prefixes(ours, path, heard) {
                    for path in [path, slashed.as_str()] {
                        let differs = [
                            (scheme != ours.scheme(), Difference::Scheme),
                            (host != our_host, Difference::Host),
                            (is_other_port(ours, scheme, port), Difference::Port),
                            (
                                prefix != ours.path().trim_end_matches('/'),
                                Difference::Path,
                            ),
                            (path == slashed, Difference::Slash),
                        ];
                        let differs: Vec<_> = differs
                            .into_iter()
                            .filter_map(|(differs, what)| differs.then_some(what))
                            .collect();
                        if !(1..=MOST_DIFFERENCES).contains(&differs.len()) {
                            continue;
                        }
                        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                        let url = format!("{scheme}://{host}{port}{prefix}{path}{query}");
                        guesses.push(Guess { url, differs });
                    }
                }
            }
        }
    }
    guesses
}

fn hosts(ours: &str, heard: &Heard) -> Vec<String> {
    let mut hosts = vec![ours.to_owned()];
    for text in heard.hosts.iter().take(3) {
        let name = host_and_port(text).0;
        if is_host(name) && !hosts.iter().any(|known| known == name) {
            hosts.push(name.to_owned());
        }
    }
    hosts
}

fn ports(ours: &Url, heard: &Heard) -> Vec<Option<u16>> {
    let mut ports = vec![ours.port(), None];
    let named = heard
        .hosts
        .iter()
        .take(3)
        .filter_map(|text| host_and_port(text).1);
    for port in named.chain(heard.ports.iter().copied()).take(6) {
        ports.push(Some(port));
    }
    ports.extend([Some(80), Some(443)]);
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// A default port may be written or left out: that alone is no difference, and the verifier takes both.
fn is_other_port(ours: &Url, scheme: &str, port: Option<u16>) -> bool {
    let default = if scheme == "https" { 443 } else { 80 };
    let effective = port.unwrap_or(default);
    // With the other scheme, its own default goes with it.
    match ours.port() {
        Some(our_port) => effective != our_port && port.is_some(),
        None => effective != default,
    }
}

fn prefixes(ours: &Url, path: &str, heard: &Heard) -> Vec<String> {
    let of_proxy = heard.original.as_deref().and_then(|original| {
        let original = original.split('?').next()?;
        original
            .trim_end_matches('/')
            .strip_suffix(path.trim_end_matches('/'))
    });
    let mut prefixes = vec![ours.path().trim_end_matches('/').to_owned(), String::new()];
    for prefix in [heard.prefix.as_deref(), of_proxy].into_iter().flatten() {
        let prefix = prefix.trim_end_matches('/');
        let legal = prefix.starts_with('/')
            && prefix.len() <= 200
            && prefix
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#'));
        if legal {
            prefixes.push(prefix.to_owned());
        }
    }
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

/// `example.com:8443`, and `[::1]:8443`; the first of a proxy's list.
fn host_and_port(text: &str) -> (&str, Option<u16>) {
    let text = text.split(',').next().unwrap_or_default().trim();
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

fn is_host(text: &str) -> bool {
    LEGAL_HOST.contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{config::Secret, twilio::signature::sign};
    use Difference::*;

    const PATH: &str = "/api/calls/twiml/outbound";

    fn form() -> Vec<(String, String)> {
        vec![
            ("CallSid".into(), "CA1".into()),
            ("To".into(), "+966".into()),
        ]
    }

    fn explained(public_url: &str, signed_for: &str, heard: &Heard) -> Option<Variant> {
        let token = Secret::new("a token of the tests");
        let verifier = Verifier::new(vec![token.clone()], &Url::parse(public_url).expect("a URL"));
        let header = sign(&token, signed_for, &form());
        verifier.explain(PATH, &form(), &header, heard)
    }

    #[test]
    fn the_address_that_was_signed_is_found_and_its_difference_named() {
        let heard = Heard {
            hosts: vec!["other.example.com".into(), "inner:9000".into()],
            ports: vec![3001],
            prefix: Some("/voice/".into()),
            original: None,
        };
        for (public_url, signed, differs) in [
            (
                "https://a.example",
                "http://a.example/api/calls/twiml/outbound",
                vec![Scheme],
            ),
            (
                "http://a.example",
                "https://a.example/api/calls/twiml/outbound",
                vec![Scheme],
            ),
            (
                "https://a.example",
                "https://other.example.com/api/calls/twiml/outbound",
                vec![Host],
            ),
            (
                "https://a.example",
                "https://a.example:3001/api/calls/twiml/outbound",
                vec![Port],
            ),
            (
                "https://a.example",
                "https://a.example:9000/api/calls/twiml/outbound",
                vec![Port],
            ),
            (
                "https://a.example:8443",
                "https://a.example:443/api/calls/twiml/outbound",
                vec![Port],
            ),
            (
                "https://a.example",
                "https://a.example/voice/api/calls/twiml/outbound",
                vec![Path],
            ),
            (
                "https://a.example/pbx",
                "https://a.example/api/calls/twiml/outbound",
                vec![Path],
            ),
            (
                "https://a.example",
                "https://a.example/api/calls/twiml/outbound/",
                vec![Slash],
            ),
            (
                "https://a.example",
                "http://other.example.com/api/calls/twiml/outbound",
                vec![Scheme, Host],
            ),
        ] {
            let found = explained(public_url, signed, &heard).expect(signed);
            assert_eq!(
                (found.url.as_str(), found.differs),
                (signed, differs),
                "{public_url}"
            );
        }
    }

    #[test]
    fn a_proxys_original_path_is_tried_too_and_a_retry_fragment() {
        let heard = Heard {
            original: Some("/deep/er/api/calls/twiml/outbound?x=1".into()),
            ..Heard::default()
        };
        let signed = "https://a.example/deep/er/api/calls/twiml/outbound";
        assert_eq!(
            explained("https://a.example", &format!("{signed}{RETRIES}"), &heard),
            Some(Variant {
                url: signed.to_owned(),
                differs: vec![Path]
            })
        );
    }

    #[test]
    fn another_token_or_an_address_that_nobody_named_is_not_explained() {
        let heard = Heard {
            hosts: vec!["evil.example/\"><script>".into()],
            ..Heard::default()
        };
        assert_eq!(
            explained(
                "https://a.example",
                "https://b.example/api/calls/twiml/outbound",
                &heard
            ),
            None
        );
        let verifier = Verifier::new(
            vec![Secret::new("ours")],
            &Url::parse("https://a.example").expect("a URL"),
        );
        let theirs = sign(
            &Secret::new("theirs"),
            "http://a.example/api/calls/twiml/outbound",
            &form(),
        );
        assert_eq!(verifier.explain(PATH, &form(), &theirs, &heard), None);
        assert_eq!(verifier.explain(PATH, &form(), "not base64!", &heard), None);
    }

    #[test]
    fn a_large_form_is_not_examined() {
        let token = Secret::new("ours");
        let verifier = Verifier::new(
            vec![token.clone()],
            &Url::parse("https://a.example").expect("a URL"),
        );
        let form = vec![("a".to_owned(), "x".repeat(LARGEST_FORM))];
        let header = sign(&token, &format!("http://a.example{PATH}"), &form);
        assert_eq!(
            verifier.explain(PATH, &form, &header, &Heard::default()),
            None
        );
    }

    #[test]
    fn the_guesses_are_few() {
        let heard = Heard {
            hosts: vec!["a:1".into(), "b:2".into(), "c:3".into(), "d:4".into()],
            ports: vec![5, 6, 7, 8, 9],
            prefix: Some("/x".into()),
            original: Some(format!("/y{PATH}")),
        };
        let ours = Url::parse("https://z.example/p").expect("a URL");
        assert!(guesses(&ours, PATH, &heard).len() <= 450);
    }
}
