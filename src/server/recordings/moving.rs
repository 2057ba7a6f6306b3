//! From one archive to another: every archived recording copied and verified against the database, and the source emptied when asked to.

use super::archive::Archive;
use crate::{
    domain::sid::RecordingSid,
    server::{
        config::{ConfigError, RecordingsUrl},
        store::{Store, StoredRecording},
        twilio::signature::hex,
    },
};
use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, path::Path, time::Duration};
use tokio::{fs, io::AsyncWriteExt, time::sleep};

const AT_ONCE: usize = 3;
const BATCH: i64 = 500;
/// How often a recording is tried before the whole is given up: to be run again, when it goes on where it stopped.
const TRIES: u32 = 3;

/// What is asked for.
pub struct Plan {
    pub from: RecordingsUrl,
    pub to: RecordingsUrl,
    /// Empty the source, once everything has been verified.
    pub delete: bool,
}

/// How far it is, and in the end what came of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Archived recordings that the database knows.
    pub total: u64,
    pub copied: u64,
    /// Already there, with the right bytes.
    pub there: u64,
    /// Of the two.
    pub bytes: u64,
    /// Deleted from the source.
    pub deleted: u64,
    /// What could not be moved, and why: the SID and a sentence.
    pub problems: Vec<(String, String)>,
}

impl Progress {
    pub fn verified(&self) -> u64 {
        self.copied + self.there
    }
}

/// Why one recording cannot be moved, however often it is tried.
#[derive(Debug, thiserror::Error)]
enum Loss {
    #[error("neither archive has it")]
    Missing,
    #[error("the source holds other bytes than were archived, so they were not copied")]
    Damaged,
}

enum Outcome {
    Copied,
    There,
    /// Its time was over meanwhile.
    Gone,
    Lost(Loss),
}

/// Moves everything. `RECORDINGS_URL` is `current`: a source that servers still use is not emptied. Fails when an archive or the database does;
/// what is wrong with single recordings is in the [`Progress`].
pub async fn run(
    store: &Store,
    plan: &Plan,
    current: &RecordingsUrl,
    mut report: impl FnMut(&Progress),
) -> Result<Progress> {
    if plan.delete && *current != plan.to {
        return Err(ConfigError::new(
            "--delete",
            format!(
                "RECORDINGS_URL is {current}, and servers read from there: set it to {}, restart them, and run this again",
                plan.to
            ),
        )
        .into());
    }
    if let RecordingsUrl::File(folder) = &plan.from
        && !folder.is_dir()
    {
        let problem = format!("there is no folder {}", folder.display());
        return Err(ConfigError::new("--from", problem).into());
    }
    let from = Archive::open(&plan.from)?;
    let to = Archive::open(&plan.to)?;
    two(&from, &to).await?;

    let mut progress = Progress {
        total: store.archived_count().await?.unsigned_abs(),
        ..Progress::default()
    };
    let (mut verified, mut after) = (HashSet::new(), String::new());
    loop {
        let batch = store.archived_recordings(&after, BATCH).await?;
        let Some(last) = batch.last() else {
            break;
        };
        after = last.sid.clone();
        let mut moved = futures::stream::iter(&batch)
            .map(async |recording| (recording, insist(store, &from, &to, recording).await))
            .buffer_unordered(AT_ONCE);
        while let Some((recording, outcome)) = moved.next().await {
            match outcome? {
                Outcome::Copied => progress.copied += 1,
                Outcome::There => progress.there += 1,
                Outcome::Gone => continue,
                Outcome::Lost(loss) => {
                    let problem = (recording.sid.clone(), loss.to_string());
                    progress.problems.push(problem);
                    continue;
                }
            }
            progress.bytes += recording.size.unwrap_or_default().unsigned_abs();
            verified.extend(recording.object_key.clone());
            report(&progress);
        }
    }
    if plan.delete && progress.problems.is_empty() {
        empty(store, &from, &to, &verified, &mut progress, &mut report).await?;
    }
    Ok(progress)
}

/// One place may have two names: a link, an address by name and by number. What is written into one and found in the other tells.
async fn two(from: &Archive, to: &Archive) -> Result<()> {
    let name = format!("move-{:032x}", rand::random::<u128>());
    let (key, file) = (format!("doctor/{name}"), to.incoming(&name)?);
    let hash = hex(&Sha256::digest(&name));
    fs::write(&file, &name).await?;
    let kept = to.keep(&key, &file, name.len() as u64, &hash).await;
    fs::remove_file(&file).await?;
    kept.context("--to: the target cannot be written")?;
    let found = from.digest(&key).await;
    to.delete(&key).await.context("--to")?;
    match found.context("--from: the source cannot be read")? {
        None => Ok(()),
        Some(_) => Err(ConfigError::new("--to", "the same place as --from").into()),
    }
}

/// Tries more than once before an archive that fails is the end of it.
async fn insist(
    store: &Store,
    from: &Archive,
    to: &Archive,
    recording: &StoredRecording,
) -> Result<Outcome> {
    for tried in 1.. {
        match one(from, to, recording).await {
            // The server may have deleted it since the database was read.
            Ok(Outcome::Lost(_)) if !store.is_archived(&recording.sid).await? => {
                return Ok(Outcome::Gone);
            }
            Ok(outcome) => return Ok(outcome),
            Err(_) if tried < TRIES => sleep(Duration::from_secs(tried.into())).await,
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("stopped at {}; run it again to go on", recording.sid)
                });
            }
        }
    }
    Ok(Outcome::Lost(Loss::Missing))
}

async fn one(from: &Archive, to: &Archive, recording: &StoredRecording) -> Result<Outcome> {
    let (Some(key), Some(size), Some(sha256)) =
        (&recording.object_key, recording.size, &recording.sha256)
    else {
        return Ok(Outcome::Lost(Loss::Missing));
    };
    let size = size.unsigned_abs();
    let right = |(found, hash): &(u64, String)| *found == size && hash == sha256;
    if to
        .digest(key)
        .await
        .context("--to")?
        .as_ref()
        .is_some_and(right)
    {
        return Ok(Outcome::There);
    }
    let file = to.incoming(&format!("{}.move", recording.sid))?;
    let outcome = async {
        let Some(read) = download(from, key, &file).await? else {
            return Ok(Outcome::Lost(Loss::Missing));
        };
        if !right(&read) {
            return Ok(Outcome::Lost(Loss::Damaged));
        }
        let kept = to.keep(key, &file, size, sha256).await;
        kept.context("--to")?;
        Ok(Outcome::Copied)
    }
    .await;
    // It was never made where the source has nothing.
    let _ = fs::remove_file(&file).await;
    outcome
}

/// The length and the SHA-256 of what was read; `None` where there is nothing.
async fn download(from: &Archive, key: &str, file: &Path) -> Result<Option<(u64, String)>> {
    let Some(mut chunks) = from.read_all(key).await.context("--from")? else {
        return Ok(None);
    };
    let mut file = fs::File::create(file).await?;
    let (mut size, mut hash) = (0, Sha256::new());
    while let Some(chunk) = chunks.try_next().await.context("--from")? {
        size += chunk.len() as u64;
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(Some((size, hex(&hash.finalize()))))
}

/// Deletes from the source what was verified at the target, and from both what the server has deleted while copies lay in two places.
async fn empty(
    store: &Store,
    from: &Archive,
    to: &Archive,
    verified: &HashSet<String>,
    progress: &mut Progress,
    report: &mut impl FnMut(&Progress),
) -> Result<()> {
    let mut deleting = futures::stream::iter(verified)
        .map(|key| from.delete(key))
        .buffer_unordered(AT_ONCE);
    while let Some(deleted) = deleting.next().await {
        deleted.context("--from: not everything could be deleted; run it again")?;
        progress.deleted += 1;
        report(progress);
    }
    for archive in [from, to] {
        let mut keys = archive.keys();
        while let Some(key) = keys.try_next().await? {
            let sid = key
                .rsplit('/')
                .next()
                .and_then(|name| name.strip_suffix(".wav"));
            let sid = sid.and_then(|sid| RecordingSid::parse(sid).ok());
            if let Some(sid) = sid.filter(|_| !verified.contains(&key))
                && store.is_deleted(&sid).await?
            {
                archive.delete(&key).await?;
            }
        }
    }
    Ok(())
}
