//! A disk that has only what was flushed to it, and of the rest what it pleases.

use super::trace::Op;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What the power leaves of that which was not flushed: a part of its sectors, in any order, from none (0) to all (1).
pub type Luck = f64;

#[derive(Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    /// Removed, which the folder does not know for good yet.
    removed: BTreeMap<String, File>,
    /// Made, which the folder does not know for good yet.
    unnamed: BTreeSet<String>,
}

#[derive(Default, Clone)]
struct File {
    flushed: Vec<u8>,
    waiting: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Disk {
    /// With the files of that folder, all of them flushed.
    pub fn holding(folder: &Path) -> Self {
        let mut disk = Self::default();
        for entry in fs::read_dir(folder).unwrap() {
            let (path, name) = entry
                .map(|entry| (entry.path(), entry.file_name()))
                .unwrap();
            let flushed = fs::read(path).unwrap();
            let waiting = Vec::new();
            let name = name.into_string().unwrap();
            disk.files.insert(name, File { flushed, waiting });
        }
        disk
    }

    pub fn does(&mut self, op: &Op) {
        let waits = |file: &mut File, change| file.waiting.push(change);
        match op {
            Op::Create(name) => {
                if !self.files.contains_key(name) {
                    self.files.insert(name.clone(), File::default());
                    self.unnamed.insert(name.clone());
                }
            }
            Op::Write { file, at, bytes } => {
                let (at, bytes) = (*at, bytes.clone());
                waits(self.file(file), Change::Write { at, bytes });
            }
            Op::Truncate(file, length) => waits(self.file(file), Change::Truncate(*length)),
            Op::Flush(file) => self.file(file).flush(),
            Op::FlushFolder => {
                self.removed.clear();
                self.unnamed.clear();
            }
            Op::Remove(name) => {
                let file = self.files.remove(name).unwrap();
                if !self.unnamed.remove(name) {
                    self.removed.insert(name.clone(), file);
                }
            }
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = self.files.get_mut(name);
        file.unwrap_or_else(|| panic!("{name} was never made"))
    }

    /// The power fails at this moment: what is found afterwards is written to that folder.
    pub fn cut(&self, luck: Luck, folder: &Path) {
        let known = self.files.iter().filter(|(name, _)| {
            // Without its name it is not found, however well it was flushed.
            !self.unnamed.contains(*name) || happens(luck)
        });
        let mut found: BTreeMap<&String, &File> = known.collect();
        for (name, file) in &self.removed {
            if !happens(luck) {
                found.entry(name).or_insert(file);
            }
        }
        for (name, file) in found {
            fs::write(folder.join(name), file.after_cut(luck)).unwrap();
        }
    }
}

impl File {
    fn flush(&mut self) {
        for change in std::mem::take(&mut self.waiting) {
            change.done_to(&mut self.flushed, 1.0);
        }
    }

    fn after_cut(&self, luck: Luck) -> Vec<u8> {
        let mut bytes = self.flushed.clone();
        for change in &self.waiting {
            change.done_to(&mut bytes, luck);
        }
        bytes
    }
}

impl Change {
    fn done_to(&self, file: &mut Vec<u8>, luck: Luck) {
        match self {
            Self::Truncate(length) => {
                if happens(luck) {
                    file.resize(*length, 0);
                }
            }
            Self::Write { at, bytes } => {
                let mut from = 0;
                while from < bytes.len() {
                    let at = at + from;
                    let length = (SECTOR - at % SECTOR).min(bytes.len() - from);
                    if happens(luck) {
                        file.resize(file.len().max(at + length), 0);
                        file[at..at + length].copy_from_slice(&bytes[from..from + length]);
                    }
                    from += length;
                }
            }
        }
    }
}

fn happens(luck: Luck) -> bool {
    rand::random_bool(luck)
}
