//! How long this disk takes to make four kilobytes durable: what no program that keeps its word can be faster than.

use std::{
    fmt,
    fs::File,
    io::{Result, Write},
    path::Path,
    time::{Duration, Instant},
};

const FLUSHES: usize = 200;

pub struct Flush {
    median: Duration,
    p99: Duration,
}

/// Appends to a file in that folder, which must be on the disk of the databases.
pub fn probe(folder: &Path) -> Result<Flush> {
    let mut file = File::create(folder.join("flush"))?;
    let mut took = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let began = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok(Flush {
        median: took[FLUSHES / 2],
        p99: took[FLUSHES * 99 / 100],
    })
}

impl fmt::Display for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "median {:.2?}, p99 {:.2?}", self.median, self.p99)
    }
}
