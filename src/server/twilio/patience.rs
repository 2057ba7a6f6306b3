//! How often, and after which pauses, Twilio is asked again.

use super::{client::Result, error::TwilioError};
use reqwest::{Response, StatusCode, header};
use std::time::Duration;
use tokio::time::Instant;

pub(super) const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// However long `Retry-After` asks for: somebody may be waiting.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How far one goes on asking.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub attempts: u32,
    /// No attempt begins after this.
    pub until: Option<Instant>,
}

pub(super) async fn repeated<F>(repeatable: bool, ask: impl Fn() -> F) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let patience = Patience {
        attempts: ATTEMPTS,
        until: None,
    };
    repeated_within(patience, repeatable, ask).await
}

/// Asks again, with growing pauses or as `Retry-After` says, while Twilio answers 429, and 5xx or nothing where asking twice is harmless.
pub(super) async fn repeated_within<F>(
    patience: Patience,
    repeatable: bool,
    ask: impl Fn() -> F,
) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let mut attempt = 1;
    loop {
        let outcome = ask().await;
        let pause = match &outcome {
            Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                retry_after(response)
            }
            Ok(response) if response.status().is_server_error() && repeatable => {
                retry_after(response)
            }
            Err(TwilioError::Unreachable(_)) if repeatable => None,
            _ => return outcome,
        };
        let growing = || jittered(FIRST_PAUSE * 2u32.pow(attempt - 1));
        let again = Instant::now() + pause.unwrap_or_else(growing);
        if attempt >= patience.attempts || patience.until.is_some_and(|until| until <= again) {
            return outcome;
        }
        tokio::time::sleep_until(again).await;
        attempt += 1;
    }
}

/// `Retry-After`, as far as one waits for it who has somebody waiting.
fn retry_after(response: &Response) -> Option<Duration> {
    announced(response).map(|rest| rest.min(LONGEST_PAUSE))
}

/// `Retry-After` in seconds; the form with a date is not one that Twilio uses.
pub(super) fn announced(response: &Response) -> Option<Duration> {
    let secs = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(secs))
}

/// Between half of it and all of it, so that those who failed together do not come back together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}
