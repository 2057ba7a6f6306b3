//! A recording's audio, streamed. The URL is built from the SID; Twilio may send us on to where the audio lies, and our credentials stay behind.

use super::{
    client::{Client, Inner, Result, accept, is_loopback},
    error::TwilioError,
    patience::repeated,
};
use crate::domain::sid::RecordingSid;
use reqwest::{Response, header};
use url::{Host, Url};

const MOST_REDIRECTS: usize = 3;

impl Client {
    /// The audio on its two channels, as WAV. `range` is passed on as the player sent it; Twilio then answers 206 or 416, and both
    /// are returned.
    pub async fn media(&self, sid: &RecordingSid, range: Option<&str>) -> Result<Response> {
        let inner = self.inner();
        let path = format!(
            "{}?RequestedChannels=2",
            self.resource(&format!("/Recordings/{sid}.wav"))?
        );
        let mut url = Url::parse(&inner.url(&path))
            .map_err(|error| TwilioError::Unreadable(error.to_string()))?;
        for _ in 0..=MOST_REDIRECTS {
            let response = repeated(true, || request(inner, &url, range)).await?;
            if !response.status().is_redirection() {
                return match response.status().as_u16() {
                    416 => Ok(response),
                    _ => accept(response).await,
                };
            }
            let location = response
                .headers()
                .get(header::LOCATION)
                .and_then(|location| location.to_str().ok());
            url = location
                .and_then(|location| url.join(location).ok())
                .filter(|next| may_follow(&inner.base, next))
                .ok_or_else(|| {
                    TwilioError::Unreadable("the audio is said to be where we do not go".to_owned())
                })?;
        }
        Err(TwilioError::Unreadable(
            "the audio is said to be elsewhere, again and again".to_owned(),
        ))
    }
}

async fn request(inner: &Inner, url: &Url, range: Option<&str>) -> Result<Response> {
    let request = || {
        let request = inner.media.get(url.clone());
        match range {
            Some(range) => request.header(header::RANGE, range),
            None => request,
        }
    };
    if url.origin() == inner.base.origin() {
        inner.authorised(request).await
    } else {
        Ok(request().send().await?)
    }
}

/// The API's own origin; otherwise https to a named host, or, when the API itself is plain http on loopback, loopback.
fn may_follow(base: &Url, next: &Url) -> bool {
    if next.origin() == base.origin() {
        return true;
    }
    if base.scheme() == "http" && is_loopback(base) {
        return is_loopback(next);
    }
    next.scheme() == "https" && matches!(next.host(), Some(Host::Domain(_))) && !is_loopback(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_a_named_host_over_https_only() {
        let may = |base: &str, next: &str| {
            may_follow(
                &Url::parse(base).expect("a URL"),
                &Url::parse(next).expect("a URL"),
            )
        };
        let twilio = "https://api.twilio.com";
        assert!(may(twilio, "https://media.twiliocdn.com/x.wav"));
        assert!(may(twilio, "https://api.twilio.com/other"));
        for next in [
            "http://media.twiliocdn.com/x",
            "https://169.254.169.254/x",
            "https://localhost/x",
            "file:///etc/passwd",
            "https://[::1]/x",
        ] {
            assert!(!may(twilio, next), "{next}");
        }
        assert!(may("http://127.0.0.1:4000", "http://127.0.0.1:4001/x"));
        assert!(!may("http://127.0.0.1:4000", "http://169.254.169.254/x"));
    }
}
