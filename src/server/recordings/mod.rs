//! Recordings: fetched from Twilio in the background (`fetch` says when, `download` how), kept in an archive (`archive`), played (`serve`),
//! looked for when a callback was lost (`sync`), deleted when their time is over (`retention`), and moved from one archive to another (`moving`).

pub mod archive;
pub mod download;
pub mod fetch;
pub mod heard;
pub mod moving;
pub mod range;
pub mod retention;
pub mod serve;
pub mod sync;
mod wav;

use crate::server::config::Config;
use archive::Archive;
use std::sync::{Arc, atomic::AtomicBool};
use tokio::sync::{Mutex, Notify};

/// The archive, and the means to wake who fills it; cheap to clone.
#[derive(Clone)]
pub struct Recordings {
    archive: Archive,
    news: Arc<Notify>,
    /// The archive took nothing when last tried.
    blocked: Arc<AtomicBool>,
    /// One Fetch Recordings at a time: two would ask Twilio for the same.
    syncing: Arc<Mutex<()>>,
}

impl Recordings {
    /// Opens the archive; its folder is made when absent.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            archive: Archive::open(&config.recordings)?,
            news: Arc::new(Notify::new()),
            blocked: Arc::default(),
            syncing: Arc::new(Mutex::new(())),
        })
    }

    /// There may be something to fetch: call this after a recording's `completed` was committed.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// Puts a small object into the archive, reads it back and takes it away again. `name` is one that no other has.
    pub async fn try_writing(&self, name: &str) -> archive::Result<()> {
        self.archive.try_writing(name).await
    }

    /// Can the archive be reached?
    pub async fn ping(&self) -> archive::Result<()> {
        self.archive.ping().await
    }
}
