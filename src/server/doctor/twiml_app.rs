//! The TwiML App: where Twilio asks what to do with a call. When it points elsewhere, every call is cut at once.

use super::{Change, Examination, Finding, Status, Unasked, trouble::Trouble};
use crate::{
    domain::sid::AppSid,
    i18n::*,
    server::{config::Config, twilio::applications::Application},
};
use url::Url;

/// A field of an App: its name in JSON, its parameter in a form, and what it has to be here.
pub(super) struct Field {
    pub name: &'static str,
    pub parameter: &'static str,
    pub wanted: String,
    read: fn(&Application) -> &str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Right,
    /// Its voice URL is empty.
    Empty(Vec<Change>),
    /// Its voice URL is another server's, which is named.
    Elsewhere {
        there: String,
        changes: Vec<Change>,
    },
    /// This server is asked, but not as it expects to be.
    Differs(Vec<Change>),
    NotInAccount(AppSid),
    Trouble(Trouble),
}

/// What the App has to be. A fallback would be asked when we fail: it must not be another system's.
pub(super) fn fields(config: &Config) -> [Field; 5] {
    let post = || "POST".to_owned();
    [
        Field {
            name: "voice_url",
            parameter: "VoiceUrl",
            wanted: config.url("/api/calls/twiml/outbound"),
            read: |application| &application.voice_url,
        },
        Field {
            name: "voice_method",
            parameter: "VoiceMethod",
            wanted: post(),
            read: |application| &application.voice_method,
        },
        Field {
            name: "voice_fallback_url",
            parameter: "VoiceFallbackUrl",
            wanted: String::new(),
            read: |application| &application.voice_fallback_url,
        },
        Field {
            name: "status_callback",
            parameter: "StatusCallback",
            wanted: config.url("/api/calls/webhook/status"),
            read: |application| &application.status_callback,
        },
        Field {
            name: "status_callback_method",
            parameter: "StatusCallbackMethod",
            wanted: post(),
            read: |application| &application.status_callback_method,
        },
    ]
}

/// Field by field, what is not as it has to be.
pub(super) fn differences(config: &Config, application: &Application) -> Vec<Change> {
    let differs = |field: &Field| (field.read)(application) != field.wanted;
    let change = |field: Field| Change {
        field: field.name.to_owned(),
        before: without_password((field.read)(application)),
        after: field.wanted,
    };
    fields(config)
        .into_iter()
        .filter(differs)
        .map(change)
        .collect()
}

pub(super) async fn look(examination: &Examination) -> Result<Found, Unasked> {
    let config = &examination.installation.config;
    let Some(sid) = &config.twilio.twiml_app_sid else {
        return Err(Unasked::After(super::Check::Configuration));
    };
    examination.opened().await?;
    let found = match examination.installation.twilio.fetch_application(sid).await {
        Ok(application) => judge(config, &application),
        Err(error) if error.is_not_found() => Found::NotInAccount(sid.clone()),
        Err(error) => Found::Trouble(error.into()),
    };
    // Two addresses, of which ours is wrong: the App's may be right.
    if found.differs_in_base_only(config)
        && examination.public_url().await.finding().status() == Status::Problem
    {
        return Err(Unasked::After(super::Check::PublicUrl));
    }
    Ok(found)
}

fn judge(config: &Config, application: &Application) -> Found {
    let changes = differences(config, application);
    if changes.is_empty() {
        return Found::Right;
    }
    if application.voice_url.trim().is_empty() {
        return Found::Empty(changes);
    }
    match Url::parse(application.voice_url.trim()) {
        Ok(url) if url.origin() == config.public_url.origin() => Found::Differs(changes),
        Ok(url) => Found::Elsewhere {
            there: url.origin().ascii_serialization(),
            changes,
        },
        Err(_) => Found::Differs(changes),
    }
}

impl Found {
    /// Are the App's URLs ours, but for what `PUBLIC_URL` gives them?
    fn differs_in_base_only(&self, config: &Config) -> bool {
        let ours = config.url("");
        let is_ours = |change: &Change| {
            let path = change.after.strip_prefix(&ours).unwrap_or_default();
            !path.is_empty() && change.before.ends_with(path)
        };
        !self.changes().is_empty() && self.changes().iter().all(is_ours)
    }
}

/// A URL may carry a user and a password; who looks at a report need not see them.
fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            let _ = url.set_username("***");
            let _ = url.set_password(None);
            url.to_string()
        }
        _ => text.to_owned(),
    }
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Right => Status::Ok,
            Self::Trouble(trouble) => trouble.status(),
            _ => Status::Problem,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Empty(_) => "no-voice-url",
            Self::Elsewhere { .. } => "points-elsewhere",
            Self::Differs(_) => "differs",
            Self::NotInAccount(_) => "not-in-account",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Right => td_string!(locale, doctor.twiml_app.right).to_owned(),
            Self::Empty(_) => td_string!(locale, doctor.twiml_app.empty).to_owned(),
            Self::Elsewhere { there, .. } => {
                td_string!(locale, doctor.twiml_app.elsewhere, there = there)
            }
            Self::Differs(changes) => {
                let fields: Vec<&str> = changes.iter().map(|c| c.field.as_str()).collect();
                td_string!(locale, doctor.twiml_app.differs, fields = fields.join(", "))
            }
            Self::NotInAccount(sid) => {
                td_string!(locale, doctor.twiml_app.not_in_account, sid = sid)
            }
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        let remedy = match self {
            Self::Right => return None,
            Self::Empty(_) | Self::Elsewhere { .. } | Self::Differs(_) => {
                td_string!(locale, doctor.twiml_app.mend)
            }
            Self::NotInAccount(_) => td_string!(locale, doctor.twiml_app.create),
            Self::Trouble(trouble) => return trouble.remedy(locale),
        };
        Some(remedy.to_owned())
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Trouble(trouble) => trouble.detail(),
            _ => None,
        }
    }

    fn changes(&self) -> &[Change] {
        match self {
            Self::Empty(changes) | Self::Elsewhere { changes, .. } | Self::Differs(changes) => {
                changes
            }
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(
            without_password("https://user:secret@old.example/voice?a=1"),
            "https://***@old.example/voice?a=1"
        );
        for plain in ["", "no url", "https://old.example/voice"] {
            assert_eq!(without_password(plain), plain);
        }
    }
}
