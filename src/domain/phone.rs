//! Phone numbers: what people type, and the E.164 that Twilio dials.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a country's local numbers become international ones. The server takes it from phone metadata for `DEFAULT_COUNTRY` and
/// hands it to the page, so that the browser needs no metadata of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialPlan {
    /// `966`
    pub calling_code: String,
    /// What a local number begins with and an international one lacks: `0`. Empty where there is none.
    pub trunk_prefix: String,
}

impl DialPlan {
    pub fn saudi_arabia() -> Self {
        Self {
            calling_code: "966".into(),
            trunk_prefix: "0".into(),
        }
    }
}

/// A number in E.164: `+` and 8 to 15 digits. That it exists, and may be called, is for the server to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    #[error("no number was given")]
    Empty,
    #[error("a phone number has only digits, spaces, dashes, dots, brackets and a leading +")]
    Character,
    #[error("too short for a phone number")]
    TooShort,
    #[error("longer than the 15 digits of E.164")]
    TooLong,
}

impl PhoneNumber {
    /// Reads a number as people write it: local (`0569705616`), international (`+966…`, `00966…`), with spaces, dashes, dots and
    /// brackets, in Latin, Arabic-Indic, Persian or full-width digits, with or without the invisible direction marks that come with pasted text.
    pub fn parse(typed: &str, plan: &DialPlan) -> Result<Self, InvalidNumber> {
        let digits = dialled(typed)?;
        let international = if let Some(rest) = digits.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else if digits.starts_with(&plan.calling_code)
            && digits.len() >= plan.calling_code.len() + 8
        {
            digits
        } else {
            if digits.is_empty() {
                return Err(InvalidNumber::Empty);
            }
            let local = match digits.strip_prefix(&plan.trunk_prefix) {
                Some(rest) if !plan.trunk_prefix.is_empty() => rest,
                _ => &digits,
            };
            if local.len() < 7 {
                return Err(InvalidNumber::TooShort);
            }
            format!("{}{local}", plan.calling_code)
        };
        Self::from_digits(&international)
    }

    /// Accepts E.164 alone: what Twilio sends, what we store.
    pub fn parse_e164(text: &str) -> Result<Self, InvalidNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidNumber::Character)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidNumber::Character);
        }
        Self::from_digits(digits)
    }

    fn from_digits(digits: &str) -> Result<Self, InvalidNumber> {
        match digits.len() {
            0 => Err(InvalidNumber::Empty),
            1..=7 => Err(InvalidNumber::TooShort),
            8..=15 if digits.starts_with('0') => Err(InvalidNumber::Character),
            8..=15 => Ok(Self(format!("+{digits}"))),
            _ => Err(InvalidNumber::TooLong),
        }
    }

    /// `+966569705616`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The digits of what was typed, in Latin, after a `+` if there was one.
pub fn dialled(typed: &str) -> Result<String, InvalidNumber> {
    let mut digits = String::with_capacity(typed.len());
    for c in typed.chars() {
        match c {
            '+' | '\u{ff0b}' if digits.is_empty() => digits.push('+'),
            c if latin_digit(c).is_some() => digits.extend(latin_digit(c)),
            ' '
            | '-'
            | '.'
            | '('
            | ')'
            | '/'
            | '\t'
            | '\u{a0}'
            | '\u{2009}'
            | '\u{2010}'..='\u{2015}'
            | '\u{202f}' => {}
            // Direction marks and isolates, which come along when a number is copied from Arabic text.
            '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {}
            _ => return Err(InvalidNumber::Character),
        }
    }
    Ok(digits)
}

/// The Latin digit that a decimal digit of another script stands for.
pub fn latin_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        '\u{06f0}'..='\u{06f9}' => '\u{06f0}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    char::from_digit(c as u32 - zero as u32, 10)
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidNumber;
    fn try_from(text: String) -> Result<Self, InvalidNumber> {
        Self::parse_e164(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(typed: &str) -> Result<String, InvalidNumber> {
        PhoneNumber::parse(typed, &DialPlan::saudi_arabia()).map(String::from)
    }

    #[test]
    fn every_written_form_of_one_number_dials_the_same() {
        for typed in [
            "0569705616",
            "٠٥٦٩٧٠٥٦١٦",
            "۰۵۶۹۷۰۵۶۱۶",
            "０５６９７０５６１６",
            "056 970 5616",
            "056-970-5616",
            "(056) 970.5616",
            "+966569705616",
            "00966569705616",
            "966569705616",
            "+966 56 970 5616",
            "\u{200f}0569705616\u{200e}",
            "569705616",
        ] {
            assert_eq!(parse(typed).as_deref(), Ok("+966569705616"), "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_says_why() {
        assert_eq!(parse(""), Err(InvalidNumber::Empty));
        assert_eq!(parse("  "), Err(InvalidNumber::Empty));
        assert_eq!(parse("911"), Err(InvalidNumber::TooShort));
        assert_eq!(parse("+1234567890123456"), Err(InvalidNumber::TooLong));
        for typed in [
            "sip:a@b",
            "client:other",
            "</Number><Dial>+1900",
            "0569705616,,1234#",
            "05a",
            "1+2",
        ] {
            assert_eq!(parse(typed), Err(InvalidNumber::Character), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_accepts_is_e164(typed in "\\PC{0,40}") {
            if let Ok(number) = parse(&typed) {
                prop_assert!(PhoneNumber::parse_e164(&number).is_ok());
            }
        }

        #[test]
        fn what_was_parsed_parses_to_itself(typed in "[+]?[0-9 -]{7,18}") {
            if let Ok(number) = parse(&typed) {
                prop_assert_eq!(parse(&number), Ok(number));
            }
        }
    }
}
