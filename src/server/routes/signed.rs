//! The door for Twilio's requests: size, time, form and signature are checked before a handler sees a parameter.

use crate::{
    domain::sid::{CallSid, RecordingSid},
    server::{
        clock,
        error::{Error, Result},
        overload::is_limit,
        refusals::Reason,
        state::AppState,
        twilio::signature::{self, Heard, Refusal},
    },
};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Method, header, request::Parts},
};
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

/// Twilio's forms are about 1 kB.
const LARGEST_BODY: usize = 64 * 1024;
/// Twilio sends some forty.
const MOST_PARAMETERS: usize = 1000;
/// Twilio itself gives up after 15 s.
const LONGEST_READ: Duration = Duration::from_secs(10);

/// A form that Twilio signed, for this address and our account.
///
/// Refuses with 413 (too large), 408 (too slow), 400 (no form) and 403 (not signed by our token, or of another account).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedForm(pub Params);

/// When the request came, its body apart. To be asked for before the [`SignedForm`].
#[derive(Debug, Clone, Copy)]
pub struct Arrived(pub Instant);

impl Arrived {
    /// Milliseconds since then.
    pub fn ms_ago(self) -> u128 {
        self.0.elapsed().as_millis()
    }
}

impl<S: Sync> FromRequestParts<S> for Arrived {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Instant::now()))
    }
}

/// The decoded parameters in the order received: the form's, or the query's of a GET.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of that name; empty values are values.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// As [`Params::get`], where an empty value counts as none.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// `CallSid`; a missing or malformed one is the request's own fault.
    pub fn call_sid(&self) -> Result<CallSid> {
        CallSid::parse(self.get("CallSid").unwrap_or_default())
            .map_err(|_| Error::bad_request("CallSid is missing or is no call's SID"))
    }

    /// A call's SID under another name, `ParentCallSid` say; `None` where there is none.
    pub fn other_call_sid(&self, name: &str) -> Result<Option<CallSid>> {
        self.filled(name)
            .map(|text| {
                CallSid::parse(text)
                    .map_err(|_| Error::bad_request(format!("{name} is no call's SID")))
            })
            .transpose()
    }

    /// `RecordingSid`; `None` where there is none.
    pub fn recording_sid(&self) -> Result<Option<RecordingSid>> {
        self.filled("RecordingSid")
            .map(|text| {
                RecordingSid::parse(text)
                    .map_err(|_| Error::bad_request("RecordingSid is no recording's SID"))
            })
            .transpose()
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// What the log keeps of a request: all of it. There is no NUL in it, which PostgreSQL would not store.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

impl FromRequest<AppState> for SignedForm {
    type Rejection = Error;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let path_and_query = parts
            .uri
            .path_and_query()
            .map_or("/", |whole| whole.as_str());
        let body = read(&parts.headers, body).await?;
        let signature = signature_header(&parts.headers);
        let form = form(&body)?;

        let verified = if signature::body_sha256(path_and_query).is_some() {
            state.verifier.verify_body(path_and_query, &body, signature)
        } else {
            state.verifier.verify(path_and_query, &form, signature)
        };
        verified.map_err(|refusal| refused(state, &parts, path_and_query, &form, refusal))?;

        let params = match parts.method {
            Method::GET | Method::HEAD => Params(parse(parts.uri.query().unwrap_or_default())?),
            _ => Params(form),
        };
        let account = state
            .config
            .twilio
            .account_sid
            .as_ref()
            .map(|sid| sid.as_str());
        if params
            .get("AccountSid")
            .is_some_and(|theirs| account != Some(theirs))
        {
            let path = parts.uri.path();
            state
                .refusals
                .note(Reason::OtherAccount, path, None, clock::now());
            tracing::warn!(path, "a signed request of another account was refused");
            return Err(Error::forbidden("This request is not for our account"));
        }
        Ok(Self(params))
    }
}

/// One header only: two would leave open which one was checked.
fn signature_header(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(signature::HEADER).iter();
    let first = values.next()?;
    if values.next().is_some() {
        None
    } else {
        first.to_str().ok()
    }
}

/// Says in the log, and keeps for `/setup`, which address the signature would have been right for; the sender learns nothing of it.
fn refused(
    state: &AppState,
    parts: &Parts,
    path_and_query: &str,
    form: &[(String, String)],
    refusal: Refusal,
) -> Error {
    let (path, now) = (parts.uri.path(), clock::now());
    let signature = signature_header(&parts.headers).filter(|_| refusal == Refusal::Wrong);
    let signed = signature
        .filter(|_| state.refusals.may_examine(now))
        .and_then(|signature| {
            let heard = heard(&parts.headers, state.config.listen_addr.port());
            state
                .verifier
                .explain(path_and_query, form, signature, &heard)
        });
    match &signed {
        Some(variant) => tracing::warn!(
            path,
            signed = variant.url,
            ours = state.config.url(path),
            "a request of Twilio's was refused: it is signed for another address than PUBLIC_URL makes of it ({:?})",
            variant.differs
        ),
        None => {
            tracing::warn!(path, %refusal, "a request that claims to be Twilio's was refused")
        }
    }
    let from = form.iter().find(|(name, _)| name == "From");
    if let Some((_, from)) = from.filter(|(_, from)| from.starts_with("client:")) {
        state.refusals.note_call(from, signed.as_ref(), now);
    }
    state.refusals.note(refusal.into(), path, signed, now);
    Error::forbidden(
        "The request is not signed by Twilio for this address: check TWILIO_AUTH_TOKEN and PUBLIC_URL",
    )
}

/// What the headers say of the address that was asked: for explaining a refusal, never for lifting it.
fn heard(headers: &HeaderMap, listening: u16) -> Heard {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let owned = |name: &str| text(name).map(str::to_owned);
    let hosts = ["host", "x-forwarded-host"]
        .iter()
        .filter_map(|name| owned(name));
    let port = text("x-forwarded-port").and_then(|port| port.trim().parse().ok());
    Heard {
        hosts: hosts.collect(),
        ports: port.into_iter().chain([listening]).collect(),
        prefix: owned("x-forwarded-prefix"),
        original: owned("x-original-uri").or_else(|| owned("x-forwarded-uri")),
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>> {
    let too_large = || Error::too_large("A request of Twilio's is smaller than 64 kB");
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_BODY) {
        return Err(too_large());
    }
    match tokio::time::timeout(LONGEST_READ, to_bytes(body, LARGEST_BODY)).await {
        Err(_) => Err(Error::timed_out(
            "The request was not sent within 10 seconds",
        )),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(_)) => Err(Error::bad_request("The request ended before its body did")),
        Ok(Ok(bytes)) => Ok(bytes.into()),
    }
}

/// `application/x-www-form-urlencoded`, strictly: what does not decode to text is refused rather than mended, since a mended text is not the one
/// that was signed.
fn form(body: &[u8]) -> Result<Vec<(String, String)>> {
    let text = std::str::from_utf8(body).map_err(|_| not_a_form())?;
    // A JSON body is bound by its hash in the query; it has no form parameters.
    if text.starts_with('{') {
        Ok(Vec::new())
    } else {
        parse(text)
    }
}

fn parse(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MOST_PARAMETERS {
            return Err(Error::too_large(
                "A request of Twilio's has fewer than 1000 parameters",
            ));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                    return Err(not_a_form());
                };
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or_else(not_a_form)
}

fn not_a_form() -> Error {
    Error::bad_request("The body is not a form in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_in_order_with_its_empty_values() {
        let pairs =
            parse("To=%2B966569705616&From=client%3Auser_1&Digits=&a=b+c&flag").expect("a form");
        let expected = [
            ("To", "+966569705616"),
            ("From", "client:user_1"),
            ("Digits", ""),
            ("a", "b c"),
            ("flag", ""),
        ];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn what_does_not_decode_to_text_is_refused() {
        for text in ["a=%zz", "a=%4", "a=%", "a=%ff", "a=%00", "a=\0"] {
            assert!(
                parse(text).is_err_and(|error| error.status() == 400),
                "{text:?}"
            );
        }
        assert!(form(b"a=\xff").is_err());
    }

    #[test]
    fn too_many_parameters_are_too_large() {
        assert!(parse(&"a&".repeat(1001)).is_err_and(|error| error.status() == 413));
    }

    #[test]
    fn a_malformed_sid_is_the_requests_fault() {
        let params =
            Params(parse("CallSid=CA../../x&ParentCallSid=&RecordingSid=../").expect("a form"));
        assert!(params.call_sid().is_err_and(|error| error.status() == 400));
        assert!(
            params
                .other_call_sid("ParentCallSid")
                .is_ok_and(|sid| sid.is_none())
        );
        assert!(params.recording_sid().is_err());
    }
}
