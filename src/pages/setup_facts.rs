//! What `/setup` shows of the configuration. Secrets are shown as set or not set, never as they are.

mod bucket;

use crate::{
    components::plural,
    i18n::*,
    server::config::{Config, DatabaseUrl},
};

/// How one setting stands.
#[derive(Clone)]
pub enum Shown {
    /// As it was read, or as it stands by default.
    Value(String),
    /// In the reader's words.
    Words(String),
    /// A secret that is set.
    Set,
    /// Not set, and nothing works without it.
    Missing,
    /// Not set, which is well.
    NotSet,
    /// Made by the server itself.
    MadeHere,
}

/// A setting by its variable's name.
pub struct Fact {
    pub name: &'static str,
    pub shown: Shown,
}

pub struct Group {
    pub title: &'static str,
    pub facts: Vec<Fact>,
}

fn needed(value: Option<String>) -> Shown {
    value.map_or(Shown::Missing, Shown::Value)
}

fn optional(value: Option<String>) -> Shown {
    value
        .filter(|value| !value.is_empty())
        .map_or(Shown::NotSet, Shown::Value)
}

fn secret(is_set: bool) -> Shown {
    if is_set { Shown::Set } else { Shown::Missing }
}

/// Whether it is set, where it need not be.
fn set_or_not(is_set: bool) -> Shown {
    if is_set { Shown::Set } else { Shown::NotSet }
}

/// Everything that was read, in the order of the README's table.
pub fn groups(locale: Locale, config: &Config) -> Vec<Group> {
    let facts = |facts: Vec<(&'static str, Shown)>| {
        facts
            .into_iter()
            .map(|(name, shown)| Fact { name, shown })
            .collect()
    };
    let twilio = &config.twilio;
    let database = match &config.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        // The whole URL may hold a password.
        DatabaseUrl::Postgres(_) => "postgres://…".to_owned(),
    };
    let recordings = config.recordings.to_string();
    let signalling = twilio.signaling_host.as_ref().map(|host| {
        format!(
            "{}{}",
            if host.plain { "ws://" } else { "" },
            host.authority
        )
    });
    let yes_no = |yes| {
        Shown::Words(
            if yes {
                td_string!(locale, setup.yes)
            } else {
                td_string!(locale, setup.no)
            }
            .to_owned(),
        )
    };
    vec![
        Group {
            title: td_string!(locale, setup.group.address),
            facts: facts(vec![
                ("PUBLIC_URL", Shown::Value(config.public_url.to_string())),
                ("LISTEN_ADDR", Shown::Value(config.listen_addr.to_string())),
                (
                    "FRONTEND_URL",
                    optional(Some(config.frontend_origins.join(", "))),
                ),
                (
                    "SITE_ROOT",
                    Shown::Value(config.site_root.display().to_string()),
                ),
            ]),
        },
        Group {
            title: td_string!(locale, setup.group.twilio),
            facts: facts(vec![
                (
                    "TWILIO_ACCOUNT_SID",
                    needed(twilio.account_sid.as_ref().map(ToString::to_string)),
                ),
                ("TWILIO_AUTH_TOKEN", secret(twilio.auth_token.is_some())),
                (
                    "TWILIO_AUTH_TOKEN_PREVIOUS",
                    set_or_not(twilio.auth_token_previous.is_some()),
                ),
                (
                    "TWILIO_API_KEY",
                    needed(twilio.api_key.as_ref().map(ToString::to_string)),
                ),
                ("TWILIO_API_SECRET", secret(twilio.api_secret.is_some())),
                (
                    "TWILIO_TWIML_APP_SID",
                    needed(twilio.twiml_app_sid.as_ref().map(ToString::to_string)),
                ),
                (
                    "TWILIO_CALLER_ID",
                    needed(twilio.caller_id.as_ref().map(ToString::to_string)),
                ),
                ("TWILIO_EDGE", optional(twilio.edge.clone())),
                (
                    "TWILIO_API_BASE_URL",
                    Shown::Value(twilio.api_base_url.to_string()),
                ),
                ("TWILIO_SIGNALING_HOST", optional(signalling)),
            ]),
        },
        Group {
            title: td_string!(locale, setup.group.calls),
            facts: facts(vec![
                (
                    "DEFAULT_COUNTRY",
                    Shown::Value(config.default_country.clone()),
                ),
                (
                    "ALLOWED_COUNTRIES",
                    match &config.allowed_countries {
                        Some(countries) => Shown::Value(countries.join(", ")),
                        None => Shown::Words(td_string!(locale, setup.everywhere).to_owned()),
                    },
                ),
                (
                    "RING_TIMEOUT_SECS",
                    Shown::Words(plural::seconds(locale, config.ring_timeout_secs.into())),
                ),
                ("RECORD_CALLS", yes_no(config.record_calls)),
                (
                    "TIME_ZONE",
                    optional(config.time_zone.iana_name().map(str::to_owned)),
                ),
            ]),
        },
        Group {
            title: td_string!(locale, setup.group.storage),
            facts: facts(
                [
                    vec![
                        ("DATABASE_URL", Shown::Value(database)),
                        ("RECORDINGS_URL", Shown::Value(recordings)),
                    ],
                    bucket::facts(&config.recordings),
                    vec![
                        (
                            "RECORDING_RETENTION_DAYS",
                            Shown::Words(match config.retention_days {
                                Some(days) => plural::days(locale, days.into()),
                                None => td_string!(locale, setup.keep_forever).to_owned(),
                            }),
                        ),
                        (
                            "SESSION_SECRET",
                            if config.session_secret.is_some() {
                                Shown::Set
                            } else {
                                Shown::MadeHere
                            },
                        ),
                        ("ADMIN_EMAIL", set_or_not(config.admin_email.is_some())),
                        (
                            "ADMIN_PASSWORD",
                            set_or_not(config.admin_password.is_some()),
                        ),
                    ],
                ]
                .concat(),
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::Settings;
    use clap::{Args, Command, FromArgMatches};
    use std::{cell::RefCell, collections::BTreeSet};

    /// The configuration that is read when nothing is set, and the names of all that was asked for.
    fn read(secrets: &[(&str, &str)], flags: &[&str]) -> (Config, BTreeSet<String>) {
        let command = Settings::augment_args(Command::new("almasar"));
        let mut asked: BTreeSet<String> = command
            .get_arguments()
            .filter_map(|flag| Some(flag.get_env()?.to_str()?.to_owned()))
            .collect();
        let line = ["almasar"].iter().chain(flags);
        let settings = Settings::from_arg_matches(&command.get_matches_from(line)).expect("flags");
        let secret_names = RefCell::new(BTreeSet::new());
        let env = |name: &str| {
            secret_names.borrow_mut().insert(name.to_owned());
            let found = secrets.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        };
        let config = Config::build(&settings, &env).expect("a configuration");
        asked.extend(secret_names.into_inner());
        asked.retain(|name| !name.ends_with("_FILE"));
        (config, asked)
    }

    #[test]
    fn every_setting_is_shown_and_no_secret_is() {
        let secrets = [
            ("ADMIN_PASSWORD", "the password"),
            ("TWILIO_AUTH_TOKEN", "the token"),
        ];
        let (config, asked) = read(&secrets, &["--admin-email", "a@example.com"]);
        assert!(asked.len() > 20, "{asked:?}");
        let groups = groups(Locale::en, &config);
        let facts: Vec<&Fact> = groups.iter().flat_map(|group| &group.facts).collect();
        let shown: BTreeSet<String> = facts.iter().map(|fact| fact.name.to_owned()).collect();
        assert_eq!(shown, asked);
        for fact in facts {
            if let Shown::Value(value) | Shown::Words(value) = &fact.shown {
                assert!(!value.contains("the password") && !value.contains("the token"));
            }
            if fact.name.starts_with("ADMIN_") {
                assert!(matches!(fact.shown, Shown::Set), "{}", fact.name);
            }
        }
    }

    #[test]
    fn an_administrator_who_is_not_configured_is_no_fault() {
        let (config, _) = read(&[], &[]);
        let groups = groups(Locale::en, &config);
        let mut facts = groups.iter().flat_map(|group| &group.facts);
        let email = facts
            .find(|fact| fact.name == "ADMIN_EMAIL")
            .expect("shown");
        assert!(matches!(email.shown, Shown::NotSet));
    }
}
