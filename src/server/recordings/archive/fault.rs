//! Why the archive did not do what it was asked.

use object_store::{Error, client::HttpError, client::HttpErrorKind};
use std::{error::Error as _, time::Duration};

/// What the store said, in its own code and words where it answered at all. Holds nothing secret: of a request that it refuses a store
/// quotes all that was signed, and none of that is kept here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    #[error("the store refused ({code}): {message}")]
    Refused { code: String, message: String },
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("it holds {found} of {expected} bytes")]
    Short { found: u64, expected: u64 },
    #[error("it holds other bytes than were written")]
    Altered,
    #[error("what was written is not there")]
    Gone,
    #[error("{0}")]
    Other(String),
}

pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// A store may quote at length.
const LONGEST: usize = 300;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if let Some(http) = http(&error) {
            let words = innermost(http);
            match http.kind() {
                HttpErrorKind::Connect => return Self::Unreachable(words),
                HttpErrorKind::Timeout => {
                    return Self::Unreachable("no answer in time".to_owned());
                }
                _ => return Self::Unreachable(format!("the connection broke: {words}")),
            }
        }
        let text = error.to_string();
        if let Some(code) = element(&text, "Code") {
            return Self::Refused {
                code: short(code),
                message: short(element(&text, "Message").unwrap_or_default()),
            };
        }
        if text.contains("without LOCATION") {
            return Self::Refused {
                code: "PermanentRedirect".to_owned(),
                message: "the bucket is in another region".to_owned(),
            };
        }
        // An answer to HEAD has no body, and a proxy's is no store's.
        let status = text
            .split_once("non-2xx status code: ")
            .and_then(|(_, rest)| rest.get(..3))
            .filter(|status| status.bytes().all(|b| b.is_ascii_digit()));
        if let Some(status) = status {
            return Self::Refused {
                code: status.to_owned(),
                message: "it did not say why".to_owned(),
            };
        }
        Self::Other(short(text.split('<').next().unwrap_or_default()))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// What an archive refuses with, put to those who have to mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It does not know our access key.
    Key,
    /// It knows the key; the secret is not that key's.
    Secret,
    /// The session token is over, or is none.
    Token,
    /// Who we are may not do this.
    Denied,
    NoBucket,
    Region,
    /// Our clock and its own are too far apart.
    Clock,
    Unreachable,
    Other,
}

impl Fault {
    pub fn why(&self) -> Why {
        let code = match self {
            Self::Refused { code, .. } => code.as_str(),
            Self::Unreachable(_) | Self::Silent(_) => return Why::Unreachable,
            _ => return Why::Other,
        };
        match code {
            "InvalidAccessKeyId" | "InvalidClientTokenId" => Why::Key,
            "SignatureDoesNotMatch" => Why::Secret,
            "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => Why::Token,
            "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "401" | "403" => Why::Denied,
            "NoSuchBucket" => Why::NoBucket,
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "301" => Why::Region,
            "RequestTimeTooSkewed" | "RequestExpired" => Why::Clock,
            _ => Why::Other,
        }
    }
}

fn http(error: &Error) -> Option<&HttpError> {
    let mut at = error.source();
    while let Some(error) = at {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return Some(http);
        }
        at = error.source();
    }
    None
}

/// The words of the last in the chain: those before it repeat the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    short(&at.to_string())
}

/// What stands between the tags of that name, on one line and with its entities read.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

fn short(text: &str) -> String {
    let text = quick_xml::escape::unescape(text).unwrap_or(text.into());
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(xml: &str) -> Fault {
        let said = format!(
            "Error performing PUT http://127.0.0.1/b/k in 1ms - Server returned non-2xx status code: 403 Forbidden: {xml}"
        );
        Error::Generic {
            store: "S3",
            source: said.into(),
        }
        .into()
    }

    #[test]
    fn a_refusal_keeps_its_code_and_message_and_nothing_that_was_signed() {
        let fault = refused(
            "<Error><Code>SignatureDoesNotMatch</Code><Message>It doesn&apos;t\n match</Message>\
             <CanonicalRequest>x-amz-security-token:do-not-print</CanonicalRequest></Error>",
        );
        assert_eq!(
            fault.to_string(),
            "the store refused (SignatureDoesNotMatch): It doesn't match"
        );
        assert_eq!(fault.why(), Why::Secret);
    }

    #[test]
    fn a_refusal_without_words_is_told_by_its_status() {
        let fault = refused("");
        assert_eq!(
            fault.to_string(),
            "the store refused (403): it did not say why"
        );
        assert_eq!(fault.why(), Why::Denied);
    }

    #[test]
    fn each_code_is_put_to_who_has_to_mend_it() {
        for (code, why) in [
            ("InvalidAccessKeyId", Why::Key),
            ("ExpiredToken", Why::Token),
            ("AccessDenied", Why::Denied),
            ("NoSuchBucket", Why::NoBucket),
            ("AuthorizationHeaderMalformed", Why::Region),
            ("RequestTimeTooSkewed", Why::Clock),
            ("KMS.NotFoundException", Why::Other),
        ] {
            let xml = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
            assert_eq!(refused(&xml).why(), why, "{code}");
        }
    }
}
