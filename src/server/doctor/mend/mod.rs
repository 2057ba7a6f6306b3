//! The mend: makes the TwiML App what it has to be, changing only what differs, and keeps a record of who did it. Nothing else at Twilio is
//! touched.

mod words;

use super::{
    Change, Check, Found, Installation, Report, Status, configuration,
    trouble::Trouble,
    twiml_app::{self, differences},
};
use crate::{
    domain::{sid::AppSid, user::User},
    server::{
        auth,
        store::{Store, StoredMend},
        twilio::{TwilioError, applications::Application},
    },
};
use serde_json::{Map, Value};

/// What a new App is called.
const NAME: &str = "Almasar Calls";

/// Who asks for a mend.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    User(&'a User),
    CommandLine,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Change these fields of the configured App.
    Change {
        application: AppSid,
        changes: Vec<Change>,
    },
    /// There is no App that could be changed: make one with these fields.
    Create { changes: Vec<Change> },
    /// There is one already that is as it should be; only `TWILIO_TWIML_APP_SID` does not name it. Nothing at Twilio has to be changed.
    Adopt { application: AppSid },
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    pub application: AppSid,
    pub changes: Vec<Change>,
    /// `TWILIO_TWIML_APP_SID` has to be set to `application` by whoever may: configuration is read from the environment.
    pub to_be_set: bool,
}

/// Why nothing was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Twilio did not answer, or refused.
    Trouble(Trouble),
    /// Without the database there would be no record of it.
    NoRecord(String),
    /// Twilio took the change, and the App is not as it should be all the same.
    NotTaken,
}

/// Whether a mend is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    Needed,
    NotNeeded,
    /// The App would be pointed at an address that is certainly wrong.
    AddressFirst,
}

/// From what an examination found.
pub fn outlook(reports: &[Report]) -> Outlook {
    let found = |check| reports.iter().find(|report| report.check == check);
    let is_missing = |report: &Report| {
        let missing = configuration::Fault::Missing("TWILIO_TWIML_APP_SID");
        matches!(&report.found, Found::Configuration(found) if found.0.contains(&missing))
    };
    let opens = |report: &Report| matches!(report.status(), Status::Ok | Status::Warning);
    let needed = match found(Check::TwimlApp) {
        Some(app) if app.can_be_mended() => true,
        // It differs, and the address was not yet seen to be right.
        Some(app) if app.waits_for() == Some(Check::PublicUrl) => true,
        // There is none that could be asked for.
        _ => {
            found(Check::Configuration).is_some_and(is_missing)
                && found(Check::Account).is_some_and(opens)
        }
    };
    match found(Check::PublicUrl).map(|report| &report.found) {
        _ if !needed => Outlook::NotNeeded,
        Some(Found::PublicUrl(found)) if found.disproves() => Outlook::AddressFirst,
        Some(Found::Refused(_)) => Outlook::AddressFirst,
        _ => Outlook::Needed,
    }
}

/// What has to be done at Twilio; `None` when the App is right. Reads only.
pub async fn plan(installation: &Installation) -> Result<Option<Plan>, Failed> {
    let (config, twilio) = (&installation.config, &installation.twilio);
    if let Some(sid) = &config.twilio.twiml_app_sid {
        match twilio.fetch_application(sid).await {
            Ok(application) => {
                let changes = differences(config, &application);
                return Ok((!changes.is_empty()).then_some(Plan::Change {
                    application: application.sid,
                    changes,
                }));
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let is_right = |application: &Application| differences(config, application).is_empty();
    let right = twilio.applications().await?.into_iter().find(is_right);
    Ok(Some(match right {
        Some(application) => Plan::Adopt {
            application: application.sid,
        },
        None => Plan::Create {
            changes: new_fields(installation),
        },
    }))
}

/// Does what was planned, and records it. `now` is in milliseconds since 1970.
pub async fn apply(
    installation: &Installation,
    plan: &Plan,
    by: By<'_>,
    now: i64,
) -> Result<Mended, Failed> {
    let store = match &installation.store {
        Ok(store) => store,
        Err(error) => return Err(Failed::NoRecord(error.clone())),
    };
    store
        .ping()
        .await
        .map_err(|error| Failed::NoRecord(error.to_string()))?;
    let (application, changes) = match plan {
        Plan::Adopt { application } => {
            return Ok(Mended {
                application: application.clone(),
                changes: Vec::new(),
                to_be_set: true,
            });
        }
        Plan::Change {
            application,
            changes,
        } => {
            let form = form(installation, changes);
            let changed = installation
                .twilio
                .update_application(application, &form)
                .await?;
            (changed, changes)
        }
        Plan::Create { changes } => {
            let mut form = form(installation, changes);
            form.push(("FriendlyName", NAME.to_owned()));
            let made = installation.twilio.create_application(&form).await?;
            (made, changes)
        }
    };
    record(store, &application.sid, changes, by, now).await?;
    if !differences(&installation.config, &application).is_empty() {
        return Err(Failed::NotTaken);
    }
    Ok(Mended {
        to_be_set: matches!(plan, Plan::Create { .. }),
        application: application.sid,
        changes: changes.clone(),
    })
}

/// Twilio's parameters for the fields that change, and no others.
fn form(installation: &Installation, changes: &[Change]) -> Vec<(&'static str, String)> {
    twiml_app::fields(&installation.config)
        .into_iter()
        .filter(|field| changes.iter().any(|change| change.field == field.name))
        .map(|field| (field.parameter, field.wanted))
        .collect()
}

fn new_fields(installation: &Installation) -> Vec<Change> {
    twiml_app::fields(&installation.config)
        .into_iter()
        .filter(|field| !field.wanted.is_empty())
        .map(|field| Change {
            field: field.name.to_owned(),
            before: String::new(),
            after: field.wanted,
        })
        .collect()
}

async fn record(
    store: &Store,
    application: &AppSid,
    changes: &[Change],
    by: By<'_>,
    now: i64,
) -> Result<(), Failed> {
    let json = |value: fn(&Change) -> &String| {
        let fields = changes
            .iter()
            .map(|change| (change.field.clone(), Value::from(value(change).as_str())));
        Value::Object(fields.collect::<Map<_, _>>()).to_string()
    };
    let mend = StoredMend {
        id: auth::session::random_hex(16),
        at: now,
        who: by.name().to_owned(),
        application_sid: application.to_string(),
        before: json(|change| &change.before),
        after: json(|change| &change.after),
    };
    tracing::info!(
        who = mend.who,
        app.sid = mend.application_sid,
        before = mend.before,
        after = mend.after,
        "the TwiML App was changed"
    );
    store
        .insert_mend(&mend)
        .await
        .map_err(|error| Failed::NoRecord(error.to_string()))
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

impl Plan {
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Change { changes, .. } | Self::Create { changes } => changes,
            Self::Adopt { .. } => &[],
        }
    }
}

impl From<TwilioError> for Failed {
    fn from(error: TwilioError) -> Self {
        Self::Trouble(error.into())
    }
}
