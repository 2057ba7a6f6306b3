//! What the doctor asks: one variant per question, in the order in which a person would go through them.

use crate::i18n::*;
use serde::Serialize;
use std::fmt;

/// A question. Its [`id`](Check::id) is stable: `data-check` on the page, `check` in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    Configuration,
    Twilio,
    Account,
    AuthToken,
    ApiKey,
    Clock,
    PublicUrl,
    FrontendUrl,
    TwimlApp,
    CallerId,
    Countries,
    Database,
    Disk,
    Archive,
    Alerts,
}

/// What belongs together on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Configuration,
    Twilio,
    Address,
    Calls,
    Storage,
}

/// How a check stands; on the page `data-status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Something does not work until it is mended.
    Problem,
    /// Calls work, but somebody should know.
    Warning,
    /// Not asked, for a reason that is given.
    Skipped,
    /// Not answered yet.
    Running,
    Ok,
}

impl Check {
    pub const ALL: [Self; 15] = [
        Self::Configuration,
        Self::Twilio,
        Self::Account,
        Self::AuthToken,
        Self::ApiKey,
        Self::Clock,
        Self::PublicUrl,
        Self::FrontendUrl,
        Self::TwimlApp,
        Self::CallerId,
        Self::Countries,
        Self::Database,
        Self::Disk,
        Self::Archive,
        Self::Alerts,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Twilio => "twilio",
            Self::Account => "account",
            Self::AuthToken => "auth-token",
            Self::ApiKey => "api-key",
            Self::Clock => "clock",
            Self::TwimlApp => "twiml-app",
            Self::CallerId => "caller-id",
            Self::Countries => "countries",
            Self::PublicUrl => "public-url",
            Self::FrontendUrl => "frontend-url",
            Self::Database => "database",
            Self::Disk => "disk",
            Self::Archive => "archive",
            Self::Alerts => "alerts",
        }
    }

    pub fn group(self) -> Group {
        match self {
            Self::Configuration => Group::Configuration,
            Self::Twilio | Self::Account | Self::AuthToken | Self::ApiKey | Self::Clock => {
                Group::Twilio
            }
            Self::TwimlApp | Self::CallerId | Self::Countries | Self::Alerts => Group::Calls,
            Self::PublicUrl | Self::FrontendUrl => Group::Address,
            Self::Database | Self::Disk | Self::Archive => Group::Storage,
        }
    }

    /// The row's heading.
    pub fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Configuration => td_string!(locale, doctor.check.configuration.name),
            Self::Twilio => td_string!(locale, doctor.check.twilio.name),
            Self::Account => td_string!(locale, doctor.check.account.name),
            Self::AuthToken => td_string!(locale, doctor.check.auth_token.name),
            Self::ApiKey => td_string!(locale, doctor.check.api_key.name),
            Self::Clock => td_string!(locale, doctor.check.clock.name),
            Self::TwimlApp => td_string!(locale, doctor.check.twiml_app.name),
            Self::CallerId => td_string!(locale, doctor.check.caller_id.name),
            Self::Countries => td_string!(locale, doctor.check.countries.name),
            Self::PublicUrl => td_string!(locale, doctor.check.public_url.name),
            Self::FrontendUrl => td_string!(locale, doctor.check.frontend_url.name),
            Self::Database => td_string!(locale, doctor.check.database.name),
            Self::Disk => td_string!(locale, doctor.check.disk.name),
            Self::Archive => td_string!(locale, doctor.check.archive.name),
            Self::Alerts => td_string!(locale, doctor.check.alerts.name),
        }
    }

    /// The question, as a sentence.
    pub fn asks(self, locale: Locale) -> &'static str {
        match self {
            Self::Configuration => td_string!(locale, doctor.check.configuration.asks),
            Self::Twilio => td_string!(locale, doctor.check.twilio.asks),
            Self::Account => td_string!(locale, doctor.check.account.asks),
            Self::AuthToken => td_string!(locale, doctor.check.auth_token.asks),
            Self::ApiKey => td_string!(locale, doctor.check.api_key.asks),
            Self::Clock => td_string!(locale, doctor.check.clock.asks),
            Self::TwimlApp => td_string!(locale, doctor.check.twiml_app.asks),
            Self::CallerId => td_string!(locale, doctor.check.caller_id.asks),
            Self::Countries => td_string!(locale, doctor.check.countries.asks),
            Self::PublicUrl => td_string!(locale, doctor.check.public_url.asks),
            Self::FrontendUrl => td_string!(locale, doctor.check.frontend_url.asks),
            Self::Database => td_string!(locale, doctor.check.database.asks),
            Self::Disk => td_string!(locale, doctor.check.disk.asks),
            Self::Archive => td_string!(locale, doctor.check.archive.asks),
            Self::Alerts => td_string!(locale, doctor.check.alerts.asks),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Group {
    pub const ALL: [Self; 5] = [
        Self::Configuration,
        Self::Twilio,
        Self::Address,
        Self::Calls,
        Self::Storage,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Twilio => "twilio",
            Self::Calls => "calls",
            Self::Address => "address",
            Self::Storage => "storage",
        }
    }

    pub fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Configuration => td_string!(locale, doctor.group.configuration),
            Self::Twilio => td_string!(locale, doctor.group.twilio),
            Self::Calls => td_string!(locale, doctor.group.calls),
            Self::Address => td_string!(locale, doctor.group.address),
            Self::Storage => td_string!(locale, doctor.group.storage),
        }
    }

    pub fn checks(self) -> impl Iterator<Item = Check> {
        Check::ALL
            .into_iter()
            .filter(move |check| check.group() == self)
    }
}

impl Status {
    /// `ok`, `warning`, `problem`, `skipped`, `running`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Skipped => "skipped",
            Self::Running => "running",
            Self::Ok => "ok",
        }
    }

    pub fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Problem => td_string!(locale, doctor.status.problem),
            Self::Warning => td_string!(locale, doctor.status.warning),
            Self::Skipped => td_string!(locale, doctor.status.skipped),
            Self::Running => td_string!(locale, doctor.status.running),
            Self::Ok => td_string!(locale, doctor.status.ok),
        }
    }
}
