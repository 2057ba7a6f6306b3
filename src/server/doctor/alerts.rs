//! What Twilio itself has noted of our calls in the last day, explained.

mod codes;

use super::{Examination, Finding, Status, Unasked, trouble::Trouble};
use crate::{
    domain::sid::CallSid,
    i18n::*,
    server::{clock, config::Config, store::Store, twilio::alerts::Alert},
};
pub use codes::Explained;
use jiff::Timestamp;
use std::collections::BTreeMap;

const LOOKED_BACK_MS: i64 = 24 * 60 * 60 * 1000;
/// Of each kind one sentence; more kinds than this are counted only.
const MOST_KINDS: usize = 5;

/// One kind of alert, and how often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    pub code: i64,
    pub count: usize,
    /// Milliseconds since 1970.
    pub last_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    None,
    /// The most frequent first.
    Some(Vec<Kind>),
    Trouble(Trouble),
}

pub(super) async fn look(examination: &Examination) -> Result<Found, Unasked> {
    examination.opened().await?;
    let installation = &examination.installation;
    let store = installation.store.as_ref().ok();
    let since = since(store, examination.now).await;
    let from = Timestamp::from_millisecond(since).unwrap_or_default();
    let alerts = match installation.twilio.alerts_since(from).await {
        Ok(Some(alerts)) => alerts,
        Ok(None) => return Ok(Found::Trouble(Trouble::NoSuchResource)),
        Err(error) => return Ok(Found::Trouble(error.into())),
    };
    let mut ours = Vec::new();
    for alert in alerts {
        if is_ours(&alert, &installation.config, store).await {
            ours.push(alert);
        }
    }
    Ok(match kinds(&ours, since) {
        kinds if kinds.is_empty() => Found::None,
        kinds => Found::Some(kinds),
    })
}

/// A day ago, or since the last mend: what it has mended is no news.
async fn since(store: Option<&Store>, now: i64) -> i64 {
    let mended = match store {
        Some(store) => store.mends(1).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let mended = mended.first().map_or(i64::MIN, |mend| mend.at);
    mended.max(now - LOOKED_BACK_MS)
}

/// An account may serve other systems too. Ours is what asked one of our addresses (of whichever host: the App may point at an old one),
/// names our App or number, or befell a call that we know.
async fn is_ours(alert: &Alert, config: &Config, store: Option<&Store>) -> bool {
    names_us(alert, config)
        || match (
            store,
            alert
                .resource_sid
                .as_deref()
                .and_then(|sid| CallSid::parse(sid).ok()),
        ) {
            (Some(store), Some(call)) => store.knows_leg(&call).await.unwrap_or(false),
            _ => false,
        }
}

fn names_us(alert: &Alert, config: &Config) -> bool {
    let url = alert.request_url.as_deref().unwrap_or_default();
    if url.starts_with(config.url("").as_str()) || url.contains("/api/calls/") {
        return true;
    }
    let twilio = &config.twilio;
    let names = [
        twilio.twiml_app_sid.as_ref().map(|sid| sid.as_str()),
        twilio.api_key.as_ref().map(|sid| sid.as_str()),
        twilio.caller_id.as_ref().map(|number| number.as_str()),
    ];
    let text = alert.alert_text.as_deref().unwrap_or_default();
    let resource = alert.resource_sid.as_deref();
    names.into_iter().flatten().any(|name| {
        // In a form, the + of a number is escaped.
        resource == Some(name) || text.contains(name.trim_start_matches('+'))
    })
}

fn kinds(alerts: &[Alert], since: i64) -> Vec<Kind> {
    let mut kinds: BTreeMap<i64, Kind> = BTreeMap::new();
    for alert in alerts {
        let at = alert.date_created.map_or(since, |at| at.as_millisecond());
        if at < since {
            continue;
        }
        let kind = kinds.entry(alert.error_code).or_insert(Kind {
            code: alert.error_code,
            count: 0,
            last_at: at,
        });
        kind.count += 1;
        kind.last_at = kind.last_at.max(at);
    }
    let mut kinds: Vec<Kind> = kinds.into_values().collect();
    kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.count), kind.code));
    kinds
}

impl Kind {
    /// What it means and what to do, if this is one that calls run into.
    pub fn explained(&self, locale: Locale) -> Option<Explained> {
        codes::explained(locale, self.code)
    }

    fn words(&self, locale: Locale) -> String {
        let meaning = match self.explained(locale) {
            Some(explained) => explained.meaning.to_owned(),
            None => td_string!(locale, doctor.alerts.unknown, code = self.code),
        };
        td_string!(
            locale,
            doctor.alerts.kind,
            code = self.code,
            count = self.count,
            last = clock::rfc3339(self.last_at),
            meaning = meaning
        )
    }
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::None => Status::Ok,
            // What went wrong in the past may have been mended since.
            Self::Some(_) => Status::Warning,
            Self::Trouble(Trouble::NoSuchResource) => Status::Skipped,
            // Calls do not depend on it.
            Self::Trouble(_) => Status::Warning,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some(_) => "alerts",
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::None => td_string!(locale, doctor.alerts.none).to_owned(),
            Self::Some(kinds) => kinds
                .iter()
                .take(MOST_KINDS)
                .map(|kind| kind.words(locale))
                .collect::<Vec<_>>()
                .join(" "),
            Self::Trouble(trouble) => trouble.words(locale),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        match self {
            Self::None => None,
            Self::Some(kinds) => {
                let mut remedies: Vec<&str> = Vec::new();
                for kind in kinds.iter().take(MOST_KINDS) {
                    let remedy = kind
                        .explained(locale)
                        .map_or(td_string!(locale, doctor.alerts.look_up), |explained| {
                            explained.remedy
                        });
                    if !remedies.contains(&remedy) {
                        remedies.push(remedy);
                    }
                }
                Some(remedies.join(" "))
            }
            Self::Trouble(trouble) => trouble.remedy(locale),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Trouble(trouble) => trouble.detail(),
            Self::Some(kinds) => kinds
                .first()
                .map(|kind| format!("https://www.twilio.com/docs/api/errors/{}", kind.code)),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(code: i64, at: i64) -> Alert {
        Alert {
            error_code: code,
            resource_sid: None,
            request_url: None,
            alert_text: None,
            date_created: Timestamp::from_millisecond(at).ok(),
        }
    }

    #[test]
    fn alerts_are_counted_by_code_the_most_frequent_first() {
        let alerts = [
            alert(13_227, 5_000),
            alert(11_200, 1_000),
            alert(11_200, 9_000),
            alert(11_200, 10),
        ];
        assert_eq!(
            kinds(&alerts, 1_000),
            [
                Kind {
                    code: 11_200,
                    count: 2,
                    last_at: 9_000
                },
                Kind {
                    code: 13_227,
                    count: 1,
                    last_at: 5_000
                },
            ]
        );
    }
}
