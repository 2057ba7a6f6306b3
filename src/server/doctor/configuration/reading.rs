//! Reads a configuration that the server would refuse: what is refused is put aside, with the reason, and the rest is read.

use super::{Fault, shape::Value};
use crate::server::config::{Config, ConfigError, Settings, s3};
use std::collections::BTreeSet;

/// A variable whose value was not accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    pub name: &'static str,
    /// In the words of who read it.
    pub problem: String,
    /// What it holds; never shown.
    written: Option<String>,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Refused({}: {})", self.name, self.problem)
    }
}

/// More than there are variables.
const MOST: usize = 64;

/// What can be read, and what cannot. Fails only when nothing that is put aside helps.
pub fn read(
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(Config, Vec<Refused>), ConfigError> {
    let mut settings = settings.clone();
    let mut refused: Vec<Refused> = Vec::new();
    let mut aside: BTreeSet<&'static str> = BTreeSet::new();
    for _ in 0..MOST {
        let shown = |name: &str| {
            let name = name.strip_suffix("_FILE").unwrap_or(name);
            !aside.contains(name)
        };
        let remaining = |name: &str| env(name).filter(|_| shown(name));
        match Config::build(&settings, &remaining) {
            Ok(config) => return Ok((config, refused)),
            Err(error) if aside.contains(error.name()) => return Err(error),
            Err(error) => {
                let name = error.name();
                let written = settings
                    .put_back(name)
                    .or_else(|| env(name))
                    .filter(|text| !text.trim().is_empty());
                refused.push(Refused {
                    name,
                    problem: error.problem().to_owned(),
                    written,
                });
                aside.insert(name);
                // One fault of the bucket's is enough to say that the archive cannot be used: the next one may come of this one.
                if s3::VARIABLES.contains(&name) {
                    settings.put_back("RECORDINGS_URL");
                }
                // Neither of these is accepted without the other.
                if name.starts_with("ADMIN_") {
                    aside.extend(["ADMIN_EMAIL", "ADMIN_PASSWORD"]);
                    settings.put_back("ADMIN_EMAIL");
                }
            }
        }
    }
    Config::build(&settings, &|_| None).map(|config| (config, refused))
}

impl Refused {
    pub(super) fn value(&self) -> Option<Value> {
        Some(Value {
            name: self.name,
            text: self.written.clone()?,
        })
    }

    pub(super) fn fault(&self) -> Fault {
        Fault::NotAccepted {
            name: self.name,
            problem: self.problem.clone(),
        }
    }
}
