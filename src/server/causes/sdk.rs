//! The errors that the Voice SDK raises, by code: `errors/generated.js` of @twilio/voice-sdk 2.18. A test holds this list against the
//! SDK's own. What each means for an agent: <https://www.twilio.com/docs/api/errors>.

/// What went wrong, as far as an agent or an administrator can tell the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SdkFault {
    TokenInvalid,
    SecretWrong,
    AccountInvalid,
    TokenExpired,
    TokenTooLong,
    IdentityInvalid,
    TooMany,
    Malformed,
    ResumeFailed,
    AppNotFound,
    Declined,
    NotFound,
    TimedOut,
    ConnectionLost,
    TakenElsewhere,
    Unavailable,
    Busy,
    Rejected,
    MicrophoneDenied,
    MicrophoneFailed,
    SoundSetUp,
    SoundLost,
    Unknown,
}

use SdkFault::*;

/// Every code of the SDK's `errorsByCode`, and 31208, which its call raises when the browser's own error is a refused microphone.
pub const TABLE: [(u32, SdkFault); 40] = [
    (20101, TokenInvalid),
    (20104, TokenExpired),
    (20151, TokenInvalid),
    (31000, Unknown),
    (31001, AppNotFound),
    (31002, Declined),
    (31003, TimedOut),
    (31005, ConnectionLost),
    (31008, TakenElsewhere),
    (31009, ConnectionLost),
    (31100, Malformed),
    (31101, Malformed),
    (31102, TokenInvalid),
    (31103, Malformed),
    (31104, ResumeFailed),
    (31105, IdentityInvalid),
    (31107, ResumeFailed),
    (31201, TokenInvalid),
    (31202, SecretWrong),
    (31203, AccountInvalid),
    (31204, TokenInvalid),
    (31205, TokenExpired),
    (31206, TooMany),
    (31207, TokenTooLong),
    (31208, MicrophoneDenied),
    (31209, ResumeFailed),
    (31210, Malformed),
    (31212, Malformed),
    (31400, Malformed),
    (31401, MicrophoneDenied),
    (31402, MicrophoneFailed),
    (31404, NotFound),
    (31480, Unavailable),
    (31486, Busy),
    (31603, Rejected),
    (53000, ConnectionLost),
    (53001, ConnectionLost),
    (53400, SoundSetUp),
    (53402, SoundSetUp),
    (53405, SoundLost),
];

/// A code that the SDK's list lacks is an error all the same.
pub fn fault(code: u32) -> SdkFault {
    let known = TABLE.iter().find(|(known, _)| *known == code);
    known.map_or(Unknown, |(_, fault)| *fault)
}

impl SdkFault {
    /// Raised before Twilio would have asked for TwiML: that it did not ask then says nothing of the TwiML App.
    pub fn precedes_twiml(self) -> bool {
        matches!(
            self,
            TokenInvalid
                | SecretWrong
                | AccountInvalid
                | TokenExpired
                | TokenTooLong
                | IdentityInvalid
                | TooMany
                | Malformed
                | MicrophoneDenied
                | MicrophoneFailed
                | SoundSetUp
        )
    }

    /// Ends a talk that was going well, whatever Twilio then calls the legs.
    pub fn cuts_off(self) -> bool {
        matches!(
            self,
            ConnectionLost
                | ResumeFailed
                | TimedOut
                | SoundSetUp
                | SoundLost
                | MicrophoneDenied
                | MicrophoneFailed
                | TokenExpired
        )
    }

    /// An agent alone cannot mend it.
    pub fn needs_administrator(self) -> bool {
        matches!(
            self,
            TokenInvalid
                | SecretWrong
                | AccountInvalid
                | TokenTooLong
                | IdentityInvalid
                | AppNotFound
                | Declined
                | NotFound
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// The codes that `errorsByCode` of the installed SDK lists.
    fn codes_of_the_sdk() -> BTreeSet<u32> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = root.join("node_modules/@twilio/voice-sdk/es5/twilio/errors/generated.js");
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: run npm ci", file.display()));
        let (_, list) = text
            .split_once("var errorsByCode = new Map([")
            .expect("the SDK lists its errors by code");
        let (list, _) = list.split_once("]);").expect("the list ends");
        list.split('[')
            .filter_map(|entry| entry.trim().split(',').next()?.parse().ok())
            .collect()
    }

    #[test]
    fn every_error_of_the_sdk_is_in_the_table_and_none_twice() {
        let theirs = codes_of_the_sdk();
        assert!(theirs.len() >= 39, "{theirs:?}");
        let ours: BTreeSet<u32> = TABLE.iter().map(|(code, _)| *code).collect();
        assert_eq!(ours.len(), TABLE.len());
        let missing: Vec<_> = theirs.difference(&ours).collect();
        assert!(missing.is_empty(), "not explained: {missing:?}");
        let extra: Vec<_> = ours.difference(&theirs).collect();
        assert_eq!(extra, [&31208], "explained, and nowhere raised");
    }

    #[test]
    fn the_sdk_still_raises_the_one_code_that_its_list_lacks() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let call = root.join("node_modules/@twilio/voice-sdk/es5/twilio/call.js");
        let text = fs::read_to_string(call).expect("the SDK is installed");
        assert!(text.contains("error.code === 31208"));
    }

    #[test]
    fn a_code_of_nobodys_is_an_unknown_error() {
        assert_eq!(fault(99_999), SdkFault::Unknown);
        assert_eq!(fault(31404), SdkFault::NotFound);
    }
}
