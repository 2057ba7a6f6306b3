//! Connection overrides: the fragment of a webhook's URL.

use std::time::Duration;

use super::{NoReply, Reply};

/// How long Twilio tries to connect.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// How long to try, and how often: the URL's fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overrides {
    pub(super) connect: Duration,
    pub(super) read: Duration,
    pub(super) total: Duration,
    pub(super) retries: u32,
    /// What is retried: `ct` (connection), `rt` (no answer in time), `4xx`, `5xx`, `all`.
    policy: Vec<String>,
}

impl Overrides {
    /// Reads the fragment; what it leaves open has Twilio's defaults.
    pub(super) fn parse(url: &str) -> Self {
        let mut overrides = Self {
            connect: CONNECT,
            read: Duration::from_secs(15),
            total: Duration::from_secs(15),
            retries: 1,
            policy: vec!["ct".to_owned()],
        };
        let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
        for (key, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            let millis = |low, high| {
                value
                    .parse()
                    .ok()
                    .map(|ms: u64| Duration::from_millis(ms.clamp(low, high)))
            };
            match key {
                "ct" => overrides.connect = millis(100, 10_000).unwrap_or(overrides.connect),
                "rt" => overrides.read = millis(100, 15_000).unwrap_or(overrides.read),
                "tt" => overrides.total = millis(100, 15_000).unwrap_or(overrides.total),
                "rc" => {
                    overrides.retries = value
                        .parse()
                        .map_or(overrides.retries, |count: u32| count.min(5))
                }
                "rp" => overrides.policy = value.split(',').map(str::to_owned).collect(),
                _ => {}
            }
        }
        overrides
    }

    /// Is this outcome worth another attempt?
    pub(super) fn retries(&self, outcome: &Result<Reply, NoReply>) -> bool {
        let reason = match outcome {
            Ok(reply) if reply.status >= 500 => "5xx",
            Ok(reply) if reply.status >= 400 => "4xx",
            Ok(_) | Err(NoReply::BadUrl) => return false,
            Err(NoReply::Timeout) => "rt",
            Err(_) => "ct",
        };
        self.policy
            .iter()
            .any(|policy| policy == reason || policy == "all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_overrides_the_defaults() {
        let plain = Overrides::parse("https://a.example/status");
        assert_eq!(
            (plain.retries, plain.policy.as_slice()),
            (1, &["ct".to_owned()][..])
        );
        let overridden =
            Overrides::parse("https://a.example/status?x=1#ct=2000&rc=9&rp=ct,rt,5xx&bogus=1");
        assert_eq!(overridden.connect, Duration::from_secs(2));
        assert_eq!(overridden.retries, 5);
        assert!(overridden.retries(&Ok(Reply {
            status: 503,
            content_type: String::new(),
            body: String::new()
        })));
        assert!(!overridden.retries(&Ok(Reply {
            status: 403,
            content_type: String::new(),
            body: String::new()
        })));
        assert!(overridden.retries(&Err(NoReply::Timeout)));
        assert!(!plain.retries(&Err(NoReply::Timeout)));
    }
}
