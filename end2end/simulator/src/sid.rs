//! Twilio's string identifiers: two letters that say what it names, and 32 hexadecimal digits.

use std::fmt;

use rand::RngExt;
use serde::Serialize;

/// A Twilio SID such as `CA0123…`: cheap to clone, compared as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Sid(String);

impl Sid {
    /// A fresh SID with the given two-letter prefix (`CA` a call, `RE` a recording, `NO` an alert …).
    pub fn new(prefix: &str) -> Self {
        let mut bytes = [0u8; 16];
        rand::rng().fill(&mut bytes[..]);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{prefix}{hex}"))
    }

    /// The SID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Sid {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Sid {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_a_prefix_and_32_hexadecimal_digits() {
        let sid = Sid::new("CA");
        assert_eq!(sid.as_str().len(), 34);
        assert!(sid.as_str().starts_with("CA"));
        assert!(sid.as_str()[2..].chars().all(|c| c.is_ascii_hexdigit()));
        assert_ne!(sid, Sid::new("CA"));
    }
}
