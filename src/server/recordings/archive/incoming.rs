//! Where a download lies until it has been checked.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const NAME: &str = "almasar-incoming-";
/// No download takes so long: what is older was left by a process that was killed.
const STALE: Duration = Duration::from_secs(60 * 60);

/// A folder that nobody else may enter.
#[derive(Debug)]
pub struct Incoming {
    folder: PathBuf,
    /// Ours alone, and to be removed with us.
    temporary: bool,
}

impl Incoming {
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            temporary: false,
        }
    }

    /// Among the system's temporary files (`TMPDIR`), under a name that nobody can have taken before.
    pub fn temporary() -> Self {
        let temporary = std::env::temp_dir();
        remove_stale(&temporary);
        Self {
            folder: temporary.join(format!("{NAME}{:016x}", rand::random::<u64>())),
            temporary: true,
        }
    }

    /// A path in it; the folder is made when absent.
    pub fn path(&self, name: &str) -> io::Result<PathBuf> {
        make_private(&self.folder)?;
        Ok(self.folder.join(name))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.temporary {
            // It may never have been made.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// What cannot be removed is another user's, or in use.
fn remove_stale(temporary: &Path) {
    let old = |path: &Path| {
        let modified = fs::symlink_metadata(path).and_then(|found| found.modified());
        let age = modified.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        age.is_ok_and(|age| age > STALE)
    };
    let folders = fs::read_dir(temporary).into_iter().flatten().flatten();
    for folder in folders.filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME)) {
        let folder = folder.path();
        let real = fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir());
        if !real || !old(&folder) {
            continue;
        }
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if old(&file.path()) {
                let _ = fs::remove_file(file.path());
            }
        }
        let _ = fs::remove_dir(&folder);
    }
}

/// Makes a folder, and those above it, that only we may enter.
pub fn make_private(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_temporary_folder_is_ours_alone_and_goes_with_us() {
        use std::os::unix::fs::PermissionsExt;
        let (one, other) = (Incoming::temporary(), Incoming::temporary());
        let path = one.path("x.part").expect("a path");
        fs::write(&path, "x").expect("written");
        let folder = path.parent().expect("a folder").to_owned();
        let mode = fs::metadata(&folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_ne!(other.path("x.part").expect("a path"), path);
        drop(one);
        assert!(!folder.exists());
    }
}
