//! What Twilio's API may answer instead of what was asked for.

use serde::Deserialize;

/// Why a request to Twilio's API came to nothing. Holds no secret and no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TwilioError {
    /// `TWILIO_ACCOUNT_SID`, or both an API key and an auth token, are not set.
    #[error("Twilio is not set up: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed")]
    NotConfigured,
    /// Twilio answered, with an error. `code` is one of <https://www.twilio.com/docs/api/errors>.
    #[error("Twilio answered {status}{}: {message}", .code.map(|code| format!(" (error {code})")).unwrap_or_default())]
    Refused {
        status: u16,
        code: Option<i64>,
        message: String,
    },
    /// No answer: the network, a timeout.
    #[error("Twilio could not be reached: {0}")]
    Unreachable(String),
    /// An answer that is not what Twilio documents.
    #[error("Twilio's answer makes no sense: {0}")]
    Unreadable(String),
}

impl TwilioError {
    /// What is asked for is not there, or not there yet.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 404 | 410,
                ..
            }
        )
    }

    /// May the same request succeed later?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Unreachable(_) | Self::Unreadable(_) => true,
            Self::NotConfigured => false,
        }
    }

    /// From an answer's status and body, which is Twilio's JSON of an error, or anything.
    pub(super) fn refused(status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            code: Option<i64>,
            message: Option<String>,
        }
        let body = serde_json::from_slice::<Body>(body).ok();
        let code = body.as_ref().and_then(|body| body.code);
        let message = body
            .and_then(|body| body.message)
            .unwrap_or_else(|| "no reason given".to_owned());
        Self::Refused {
            status,
            code,
            message: message.chars().take(300).collect(),
        }
    }
}

impl From<reqwest::Error> for TwilioError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_decode() {
            return Self::Unreadable(error.to_string());
        }
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Unreachable(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twilios_own_words_are_kept() {
        let body = br#"{"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}"#;
        let error = TwilioError::refused(400, body);
        assert_eq!(
            error.to_string(),
            "Twilio answered 400 (error 21211): Invalid 'To' Phone Number"
        );
        assert!(!error.is_transient());
    }

    #[test]
    fn a_body_that_is_no_error_of_twilios_is_left_out() {
        assert_eq!(
            TwilioError::refused(502, b"<html>").to_string(),
            "Twilio answered 502: no reason given"
        );
        assert!(TwilioError::refused(429, b"").is_transient());
        assert!(TwilioError::refused(404, b"").is_not_found());
    }
}
