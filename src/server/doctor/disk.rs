//! Is there room where the database and the archive lie? `df` says, in the form that POSIX lays down.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/df.html>

use super::{Examination, Finding, Status};
use crate::{
    i18n::*,
    server::config::{Config, DatabaseUrl, RecordingsUrl},
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Some days of recordings.
const COMFORTABLE: u64 = 1024 * MIB;
/// The database cannot be sure to commit.
const NEARLY_NONE: u64 = 64 * MIB;
const MIB: u64 = 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The least room of all places, in bytes, and which place that is.
    Free {
        bytes: u64,
        place: PathBuf,
    },
    /// Everything is kept elsewhere: PostgreSQL, S3.
    Elsewhere,
    Unknown,
}

pub(super) async fn look(examination: &Examination) -> Found {
    let places = places(&examination.installation.config);
    if places.is_empty() {
        return Found::Elsewhere;
    }
    let asked = tokio::task::spawn_blocking(move || {
        places
            .into_iter()
            .filter_map(|place| Some((free(&place)?, place)))
            .min()
    });
    match asked.await.ok().flatten() {
        Some((bytes, place)) => Found::Free { bytes, place },
        None => Found::Unknown,
    }
}

/// Folders of this machine that grow.
fn places(config: &Config) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let DatabaseUrl::Sqlite(path) = &config.database {
        places.push(path.parent().unwrap_or(Path::new("")).to_owned());
    }
    if let RecordingsUrl::File(folder) = &config.recordings {
        places.push(folder.clone());
    }
    places
        .into_iter()
        .map(|place| match place.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => place,
        })
        .collect()
}

fn free(place: &Path) -> Option<u64> {
    let asked = Command::new("df")
        .args(["-P", "-k", "--"])
        .arg(place)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    available(&String::from_utf8_lossy(&asked.ok()?.stdout))
}

/// The fourth field of the second line, in units of 1024 bytes; the fields before it hold no blanks but in a file system's name, which comes
/// first.
fn available(output: &str) -> Option<u64> {
    let line = output.lines().nth(1)?;
    let fields: Vec<&str> = line.split_whitespace().collect();
    let capacity = fields.iter().position(|field| {
        field
            .strip_suffix('%')
            .is_some_and(|percent| percent.parse::<u8>().is_ok())
    })?;
    let kib: u64 = fields.get(capacity.checked_sub(1)?)?.parse().ok()?;
    kib.checked_mul(1024)
}

impl Finding for Found {
    fn status(&self) -> Status {
        match self {
            Self::Free { bytes, .. } if *bytes < NEARLY_NONE => Status::Problem,
            Self::Free { bytes, .. } if *bytes < COMFORTABLE => Status::Warning,
            Self::Free { .. } | Self::Elsewhere => Status::Ok,
            Self::Unknown => Status::Skipped,
        }
    }

    fn code(&self) -> &'static str {
        match (self, self.status()) {
            (Self::Elsewhere, _) => "elsewhere",
            (Self::Unknown, _) => "unknown",
            (_, Status::Ok) => "room",
            _ => "nearly-full",
        }
    }

    fn words(&self, locale: Locale) -> String {
        match self {
            Self::Free { bytes, place } => {
                let free = size(*bytes);
                let place = place.display().to_string();
                match self.status() {
                    Status::Ok => td_string!(locale, doctor.disk.room, free = free, place = place),
                    _ => td_string!(locale, doctor.disk.nearly_full, free = free, place = place),
                }
            }
            Self::Elsewhere => td_string!(locale, doctor.disk.elsewhere).to_owned(),
            Self::Unknown => td_string!(locale, doctor.disk.unknown).to_owned(),
        }
    }

    fn remedy(&self, locale: Locale) -> Option<String> {
        (self.code() == "nearly-full").then(|| td_string!(locale, doctor.disk.make_room).to_owned())
    }
}

/// `512 MB`, `3.4 GB`
fn size(bytes: u64) -> String {
    match bytes {
        ..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_df_says_is_read_by_its_columns() {
        let linux = "Filesystem     1024-blocks      Used Available Capacity Mounted on\noverlay          263174212 120000000 143174212      46% /\n";
        assert_eq!(available(linux), Some(143_174_212 * 1024));
        let macos = "Filesystem 1024-blocks Used Available Capacity Mounted on\nmap auto_home 100 100 0 100% /System/Volumes/Data/home\n";
        assert_eq!(available(macos), Some(0));
        assert_eq!(available("df: no such place"), None);
    }

    #[test]
    fn a_disk_is_nearly_full_before_nothing_fits() {
        let status = |bytes| {
            Found::Free {
                bytes,
                place: "data".into(),
            }
            .status()
        };
        assert_eq!(
            [0, NEARLY_NONE, COMFORTABLE].map(status),
            [Status::Problem, Status::Warning, Status::Ok]
        );
    }

    #[test]
    fn this_machine_says_how_much_room_there_is() {
        assert!(free(Path::new(".")).is_some());
        assert_eq!(free(Path::new("/no/such/place")), None);
    }
}
