//! The mend: makes the TwiML App what it has to be, changing only what differs, and keeps a record of who did it.

use super::Change;
use crate::domain::{sid::AppSid, user::User};

/// Who asks for a mend.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    User(&'a User),
    CommandLine,
}

/// What would be changed at Twilio. Nothing else is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// These fields of the configured App.
    Change {
        application: AppSid,
        changes: Vec<Change>,
    },
    /// There is no App that could be changed: a new one, with these fields.
    Create { changes: Vec<Change> },
    /// There is one already that is as it should be; only `TWILIO_TWIML_APP_SID` does not name it.
    Adopt { application: AppSid },
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    pub application: AppSid,
    pub changes: Vec<Change>,
    /// `TWILIO_TWIML_APP_SID` has to be set to `application` by whoever may: configuration is read from the environment.
    pub to_be_set: bool,
}

impl By<'_> {
    /// As the record has it.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.email,
            Self::CommandLine => "command line",
        }
    }
}
