//! What a value looks like, which may be said without showing it. Pure.

use super::Fault;
use crate::{
    domain::{
        phone::PhoneNumber,
        sid::{AccountSid, ApiKeySid, AppSid},
    },
    i18n::*,
};

/// A SID is two letters and so many hexadecimal digits; a secret of Twilio's has so many characters.
const DIGITS: usize = 32;

/// A variable's text. Not `Debug`: it may be a secret.
pub(super) struct Value {
    pub name: &'static str,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    AccountSid,
    ApiKeySid,
    AppSid,
    /// Another two letters and 32 hexadecimal digits: `PN…`, `CA…`.
    OtherSid,
    PhoneNumber,
    /// 32 lower-case hexadecimal digits.
    AuthToken,
    /// 32 letters and digits that are no Auth Token.
    ApiSecret,
}

impl Shape {
    pub(super) fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::AccountSid => td_string!(locale, doctor.shape.account_sid),
            Self::ApiKeySid => td_string!(locale, doctor.shape.api_key_sid),
            Self::AppSid => td_string!(locale, doctor.shape.app_sid),
            Self::OtherSid => td_string!(locale, doctor.shape.other_sid),
            Self::PhoneNumber => td_string!(locale, doctor.shape.phone_number),
            Self::AuthToken => td_string!(locale, doctor.shape.auth_token),
            Self::ApiSecret => td_string!(locale, doctor.shape.api_secret),
        }
    }

    fn of(text: &str) -> Option<Self> {
        let sid = |text: &str| {
            text.len() == 2 + DIGITS
                && text.bytes().take(2).all(|b| b.is_ascii_uppercase())
                && text.bytes().skip(2).all(|b| b.is_ascii_hexdigit())
        };
        Some(match text {
            _ if AccountSid::parse(text).is_ok() => Self::AccountSid,
            _ if ApiKeySid::parse(text).is_ok() => Self::ApiKeySid,
            _ if AppSid::parse(text).is_ok() => Self::AppSid,
            _ if sid(text) => Self::OtherSid,
            _ if text.starts_with('+') && PhoneNumber::parse_e164(text).is_ok() => {
                Self::PhoneNumber
            }
            _ if text.len() == DIGITS
                && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) =>
            {
                Self::AuthToken
            }
            _ if text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Self::ApiSecret
            }
            _ => return None,
        })
    }

    /// What a variable has to hold.
    fn wanted(name: &str) -> Option<Self> {
        Some(match name {
            "TWILIO_ACCOUNT_SID" => Self::AccountSid,
            "TWILIO_AUTH_TOKEN" => Self::AuthToken,
            "TWILIO_API_KEY" => Self::ApiKeySid,
            "TWILIO_API_SECRET" => Self::ApiSecret,
            "TWILIO_TWIML_APP_SID" => Self::AppSid,
            "TWILIO_CALLER_ID" => Self::PhoneNumber,
            _ => return None,
        })
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::AuthToken | Self::ApiSecret)
    }
}

/// What is wrong with these values. Only Twilio itself makes secrets of a known form: `strict` is for its own API.
pub(super) fn faults(values: &[Value], strict: bool) -> Vec<Fault> {
    let judged: Vec<(&Value, Shape, Option<Shape>)> = values
        .iter()
        .filter_map(|value| {
            Some((
                value,
                Shape::wanted(value.name)?,
                Shape::of(bare(&value.text)),
            ))
        })
        .collect();
    let mut faults = Vec::new();
    let mut swapped = Vec::new();
    for (index, (one, one_wants, one_holds)) in judged.iter().enumerate() {
        for (other, other_wants, other_holds) in &judged[index + 1..] {
            let crossed = *one_holds == Some(*other_wants) && *other_holds == Some(*one_wants);
            let telling = strict || !(one_wants.is_secret() && other_wants.is_secret());
            if crossed && telling {
                faults.push(Fault::Swapped(one.name, other.name));
                swapped.extend([one.name, other.name]);
            }
        }
    }
    let rest = judged
        .iter()
        .filter(|(value, ..)| !swapped.contains(&value.name))
        .filter_map(|(value, wants, holds)| fault(value, *wants, *holds, strict));
    faults.extend(rest);
    faults
}

fn fault(value: &Value, wants: Shape, holds: Option<Shape>, strict: bool) -> Option<Fault> {
    let (name, text) = (value.name, value.text.trim());
    let fixed_form = wants != Shape::PhoneNumber && (strict || !wants.is_secret());
    if fixed_form && text.contains(char::is_whitespace) {
        return Some(Fault::Blanks(name));
    }
    if bare(text) != text {
        return Some(Fault::Quotes(name));
    }
    match holds {
        Some(shape) if shape == wants => None,
        // A stand-in's secrets have whatever form it likes, but not that of a SID.
        Some(shape)
            if strict
                || !(wants.is_secret() && (shape.is_secret() || shape == Shape::PhoneNumber)) =>
        {
            Some(Fault::LooksLike { name, shape })
        }
        _ if wants.is_secret() && !strict => None,
        _ if wants.is_secret() && text.chars().count() != DIGITS => Some(Fault::Length {
            name,
            chars: text.chars().count(),
            wanted: DIGITS,
        }),
        _ if wants.is_secret() || wants == Shape::PhoneNumber => None,
        _ if text.chars().count() != DIGITS + 2 => Some(Fault::Length {
            name,
            chars: text.chars().count(),
            wanted: DIGITS + 2,
        }),
        _ => None,
    }
}

/// Without quotation marks around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&'static str, &str)], strict: bool) -> Vec<Fault> {
        let values: Vec<Value> = pairs
            .iter()
            .map(|(name, text)| Value {
                name,
                text: (*text).to_owned(),
            })
            .collect();
        faults(&values, strict)
    }

    fn sid(prefix: &str) -> String {
        format!("{prefix}{}", "0123456789abcdef".repeat(2))
    }

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const SECRET: &str = "Zx0123456789abcdefZx0123456789ab";

    #[test]
    fn what_is_as_it_should_be_has_no_fault() {
        let (account, key, app) = (sid("AC"), sid("SK"), sid("AP"));
        let all = [
            ("TWILIO_ACCOUNT_SID", account.as_str()),
            ("TWILIO_AUTH_TOKEN", TOKEN),
            ("TWILIO_API_KEY", &key),
            ("TWILIO_API_SECRET", SECRET),
            ("TWILIO_TWIML_APP_SID", &app),
            ("TWILIO_CALLER_ID", "+15005550006"),
        ];
        assert_eq!(found(&all, true), []);
    }

    #[test]
    fn values_in_each_others_places_are_one_fault() {
        let (account, key) = (sid("AC"), sid("SK"));
        assert_eq!(
            found(
                &[
                    ("TWILIO_ACCOUNT_SID", key.as_str()),
                    ("TWILIO_API_KEY", &account)
                ],
                false
            ),
            [Fault::Swapped("TWILIO_ACCOUNT_SID", "TWILIO_API_KEY")]
        );
        let crossed = [("TWILIO_AUTH_TOKEN", SECRET), ("TWILIO_API_SECRET", TOKEN)];
        assert_eq!(
            found(&crossed, true),
            [Fault::Swapped("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET")]
        );
        assert_eq!(found(&crossed, false), [], "a stand-in's may be like that");
    }

    #[test]
    fn a_sid_where_another_or_a_secret_belongs_is_named_by_its_kind() {
        let key = sid("SK");
        for (name, text, shape) in [
            ("TWILIO_ACCOUNT_SID", key.as_str(), Shape::ApiKeySid),
            ("TWILIO_AUTH_TOKEN", &key, Shape::ApiKeySid),
            ("TWILIO_TWIML_APP_SID", &sid("PN"), Shape::OtherSid),
            ("TWILIO_CALLER_ID", &sid("PN"), Shape::OtherSid),
            ("TWILIO_API_KEY", TOKEN, Shape::AuthToken),
        ] {
            assert_eq!(
                found(&[(name, text)], false),
                [Fault::LooksLike { name, shape }]
            );
        }
    }

    #[test]
    fn lengths_blanks_and_quotes_are_told_without_the_value() {
        let quoted = format!("\"{}\"", sid("AC"));
        for (name, text, fault) in [
            (
                "TWILIO_ACCOUNT_SID",
                "AC0123",
                Fault::Length {
                    name: "TWILIO_ACCOUNT_SID",
                    chars: 6,
                    wanted: 34,
                },
            ),
            (
                "TWILIO_AUTH_TOKEN",
                &TOKEN[1..],
                Fault::Length {
                    name: "TWILIO_AUTH_TOKEN",
                    chars: 31,
                    wanted: 32,
                },
            ),
            (
                "TWILIO_API_SECRET",
                "Zx01 2345",
                Fault::Blanks("TWILIO_API_SECRET"),
            ),
            (
                "TWILIO_ACCOUNT_SID",
                &quoted,
                Fault::Quotes("TWILIO_ACCOUNT_SID"),
            ),
        ] {
            assert_eq!(found(&[(name, text)], true), [fault]);
        }
        assert_eq!(found(&[("TWILIO_AUTH_TOKEN", "short")], false), []);
    }
}
