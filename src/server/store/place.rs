//! The name of the SQLite file, and which file bore it when we opened it. SQLite goes on writing to a file that somebody has moved away or
//! removed, and notices nothing.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub(super) struct Place {
    path: PathBuf,
    file: (u64, u64),
}

impl Place {
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: identity(path)?,
        })
    }

    /// Does the name still lead to that file?
    pub fn is_kept(&self) -> bool {
        identity(&self.path).is_ok_and(|file| file == self.file)
    }
}

/// Device and inode.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_or_replaced_is_missed_until_it_is_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, away] = ["a.db", "away.db"].map(|name| folder.path().join(name));
        fs::write(&path, "ours").expect("written");
        let place = Place::of(&path).expect("a file");
        assert!(place.is_kept());
        fs::rename(&path, &away).expect("moved");
        assert!(!place.is_kept());
        fs::write(&path, "another").expect("written");
        assert!(!place.is_kept());
        fs::rename(&away, &path).expect("moved back");
        assert!(place.is_kept());
    }
}
