//! Twilio's identifiers: two letters that say what is named, then 32 hexadecimal digits.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt};

/// A text that is not a SID of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a SID of this kind is {prefix} and 32 hexadecimal digits")]
pub struct InvalidSid {
    prefix: &'static str,
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// Accepts exactly what Twilio writes: the prefix and 32 lower-case hexadecimal digits.
            pub fn parse(text: &str) -> Result<Self, InvalidSid> {
                let hex = text.strip_prefix($prefix).ok_or(InvalidSid { prefix: $prefix })?;
                let legal = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if legal { Ok(Self(text.to_owned())) } else { Err(InvalidSid { prefix: $prefix }) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// A map that is keyed by SIDs may be asked by their text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSid;
            fn try_from(text: String) -> Result<Self, InvalidSid> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(sid: $name) -> String {
                sid.0
            }
        }
    };
}

sid!(
    /// One leg of a call. A call is known by its parent leg's.
    CallSid, "CA"
);
sid!(
    /// One recording.
    RecordingSid, "RE"
);
sid!(
    /// An account.
    AccountSid, "AC"
);
sid!(
    /// An API key.
    ApiKeySid, "SK"
);
sid!(
    /// A TwiML App.
    AppSid, "AP"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sid_is_ca_and_32_hexadecimal_digits() {
        let sid = format!("CA{}", "0123456789abcdef".repeat(2));
        assert_eq!(CallSid::parse(&sid).map(|s| s.to_string()), Ok(sid));
    }

    #[test]
    fn anything_else_is_refused() {
        let hex = "0".repeat(32);
        for text in [
            "",
            "CA",
            "CA../../x",
            &format!("RE{hex}"),
            &format!("CA{hex}0"),
            &format!("CA{}", "G".repeat(32)),
        ] {
            assert!(CallSid::parse(text).is_err(), "{text}");
        }
    }
}
