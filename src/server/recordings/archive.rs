//! Where audio is kept: a folder or an S3 bucket. <https://docs.rs/object_store>

mod fault;
mod incoming;
mod s3;

pub use fault::{Fault, Result, Why};

use crate::server::{config::RecordingsUrl, twilio::signature::hex};
use anyhow::Context;
use axum::body::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use incoming::{Incoming, make_private};
use object_store::{
    Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt,
    local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};
use std::{
    io,
    ops::Range,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{io::AsyncReadExt, time::timeout};

const CHUNK: usize = 1024 * 1024;
/// What is larger goes up in parts of this size, one at a time: the least that S3 takes.
const PART: usize = 5 * 1024 * 1024;
/// For a first answer. Somebody may be waiting who can have the recording from Twilio as well.
const ANSWER: Duration = Duration::from_secs(5);
/// For the next bytes of what is being read.
const NEXT: Duration = Duration::from_secs(20);

/// Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    /// On the archive's own disk where that is one.
    incoming: Arc<Incoming>,
}

impl Archive {
    /// Opens an archive; its folder is made when absent. Nobody is asked yet.
    pub fn open(url: &RecordingsUrl) -> anyhow::Result<Self> {
        match url {
            RecordingsUrl::File(folder) => {
                make_private(folder)
                    .with_context(|| format!("RECORDINGS_URL: cannot make {}", folder.display()))?;
                let store = LocalFileSystem::new_with_prefix(folder)
                    .with_context(|| format!("RECORDINGS_URL: cannot use {}", folder.display()))?
                    .with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    // Beside the objects and not among them: the archive names its objects by year.
                    incoming: Arc::new(Incoming::at(folder.join("incoming"))),
                })
            }
            RecordingsUrl::S3(s3) => Ok(Self {
                store: s3::connect(s3).map_err(|error| {
                    anyhow::anyhow!("RECORDINGS_URL: cannot use {s3}: {}", Fault::from(error))
                })?,
                incoming: Arc::new(Incoming::temporary()),
            }),
        }
    }

    /// A path for a download, in a folder that nobody else may read.
    pub fn incoming(&self, name: &str) -> io::Result<PathBuf> {
        self.incoming.path(name)
    }

    /// Can a download be kept where it lies first, and would the archive answer? Costs less to ask than a download that then cannot.
    pub async fn try_room(&self) -> Result<()> {
        let path = self.incoming("room.part")?;
        let written = tokio::fs::write(&path, vec![0; CHUNK]).await;
        let removed = tokio::fs::remove_file(&path).await;
        written.and(removed)?;
        self.ping().await
    }

    /// Copies a file into the archive, and reads it back: what returns is there, whole, with that SHA-256. The object appears whole or not at
    /// all, and in place of one that was there.
    pub async fn keep(&self, key: &str, file: &FilePath, size: u64, sha256: &str) -> Result<()> {
        let mut file = tokio::fs::File::open(file).await?;
        self.send(&Path::from(key), &mut file).await?;
        match self.digest(key).await? {
            None => Err(Fault::Gone),
            Some((found, _)) if found != size => Err(Fault::Short {
                found,
                expected: size,
            }),
            Some((_, hash)) if hash != sha256 => Err(Fault::Altered),
            Some(_) => Ok(()),
        }
    }

    async fn send(&self, key: &Path, file: &mut tokio::fs::File) -> Result<()> {
        let first = next_part(file).await?;
        if first.len() < PART {
            self.store.put(key, first.into()).await?;
            return Ok(());
        }
        let mut upload = self.store.put_multipart(key).await?;
        let sent = send_parts(&mut *upload, file, first).await;
        if sent.is_err() {
            // What was sent so far is not an object yet; that it cannot be taken away is no second failure.
            let _ = timeout(ANSWER, upload.abort()).await;
        }
        sent
    }

    /// Puts a small object under `doctor/`, reads it back and takes it away again. `name` is one that no other has.
    pub async fn try_writing(&self, name: &str) -> Result<()> {
        const WRITTEN: &[u8] = b"almasar";
        let (file, key) = (self.incoming(name)?, format!("doctor/{name}"));
        tokio::fs::write(&file, WRITTEN).await?;
        let (size, sha256) = (WRITTEN.len() as u64, hex(&Sha256::digest(WRITTEN)));
        let kept = self.keep(&key, &file, size, &sha256).await;
        tokio::fs::remove_file(&file).await?;
        kept?;
        self.delete(&key).await
    }

    /// The length and the SHA-256 of all that an object holds; `None` where there is none.
    pub async fn digest(&self, key: &str) -> Result<Option<(u64, String)>> {
        let Some(mut stream) = self.get(key, None).await? else {
            return Ok(None);
        };
        let (mut size, mut hash) = (0, Sha256::new());
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            size += chunk.len() as u64;
            hash.update(&chunk);
        }
        Ok(Some((size, hex(&hash.finalize()))))
    }

    /// Those bytes of the object; `None` where there is no object.
    pub async fn read(
        &self,
        key: &str,
        bytes: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        self.get(key, Some(GetRange::Bounded(bytes))).await
    }

    /// All of the object; `None` where there is none.
    pub async fn read_all(&self, key: &str) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        self.get(key, None).await
    }

    async fn get(
        &self,
        key: &str,
        range: Option<GetRange>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        let options = GetOptions {
            range,
            ..GetOptions::default()
        };
        match answer(self.store.get_opts(&Path::from(key), options)).await {
            Ok(object) => Ok(Some(patient(object.into_stream()).boxed())),
            Err(Refusal::NotFound) => Ok(None),
            Err(Refusal::Fault(fault)) => Err(fault),
        }
    }

    /// Every key, in no order.
    pub fn keys(&self) -> BoxStream<'static, Result<String>> {
        let keys = self.store.list(None);
        keys.map(|found| Ok(found?.location.to_string())).boxed()
    }

    /// That it was not there is as good.
    pub async fn delete(&self, key: &str) -> Result<()> {
        match answer(self.store.delete(&Path::from(key))).await {
            Ok(()) => Ok(()),
            // A bucket that is not there has no such object either, and that is not as good: then the list below is refused.
            Err(Refusal::NotFound) => self.ping().await,
            Err(Refusal::Fault(fault)) => Err(fault),
        }
    }

    pub async fn ping(&self) -> Result<()> {
        let mut list = self.store.list(Some(&Path::from("ready")));
        match timeout(ANSWER, list.next()).await {
            Err(_) => Err(Fault::Silent(ANSWER)),
            Ok(Some(Err(error))) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }
}

enum Refusal {
    NotFound,
    Fault(Fault),
}

async fn answer<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Refusal> {
    match timeout(ANSWER, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Error::NotFound { .. })) => Err(Refusal::NotFound),
        Ok(Err(error)) => Err(Refusal::Fault(error.into())),
        Err(_) => Err(Refusal::Fault(Fault::Silent(ANSWER))),
    }
}

/// Ends with a fault when nothing comes for a while.
fn patient(
    stream: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send {
    async_stream::stream! {
        let mut stream = std::pin::pin!(stream);
        loop {
            match timeout(NEXT, stream.next()).await {
                Ok(None) => break,
                Ok(Some(chunk)) => yield chunk.map_err(Fault::from),
                Err(_) => {
                    yield Err(Fault::Silent(NEXT));
                    break;
                }
            }
        }
    }
}

/// Sends the first part and all that follows it, one at a time.
async fn send_parts(
    upload: &mut dyn MultipartUpload,
    file: &mut tokio::fs::File,
    mut part: Vec<u8>,
) -> Result<()> {
    while !part.is_empty() {
        upload.put_part(part.into()).await?;
        part = next_part(file).await?;
    }
    upload.complete().await?;
    Ok(())
}

/// The next [`PART`] bytes; fewer at the end of the file.
async fn next_part(file: &mut tokio::fs::File) -> Result<Vec<u8>> {
    let mut part = Vec::new();
    file.take(PART as u64).read_to_end(&mut part).await?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use std::fs;

    #[tokio::test]
    async fn what_is_put_is_read_back_by_ranges_and_deleted_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = Archive::open(&RecordingsUrl::File(folder.path().join("deep/recordings")))
            .expect("an archive");
        let file = archive.incoming("x.part").expect("a path");
        fs::write(&file, b"0123456789").expect("written");
        let sha256 = hex(&Sha256::digest(b"0123456789"));
        let keep = |size, sha256| archive.keep("2026/11/x.wav", &file, size, sha256);
        assert_eq!(keep(10, &sha256).await, Ok(()));
        let short = Fault::Short {
            found: 10,
            expected: 11,
        };
        assert_eq!(keep(11, &sha256).await, Err(short));
        assert_eq!(keep(10, "another").await, Err(Fault::Altered));
        let bytes: Vec<Bytes> = archive
            .read("2026/11/x.wav", 2..5)
            .await
            .expect("get")
            .expect("there")
            .try_collect()
            .await
            .expect("read");
        assert_eq!(bytes.concat(), b"234");
        archive.delete("2026/11/x.wav").await.expect("deleted");
        archive
            .delete("2026/11/x.wav")
            .await
            .expect("deleted again");
        assert_eq!(archive.digest("2026/11/x.wav").await, Ok(None));
        assert!(
            archive
                .read("2026/11/x.wav", 0..1)
                .await
                .expect("get")
                .is_none()
        );
        archive.ping().await.expect("reachable");
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_ours_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/recordings");
        Archive::open(&RecordingsUrl::File(path.clone())).expect("an archive");
        assert_eq!(
            fs::metadata(path).expect("there").permissions().mode() & 0o777,
            0o700
        );
    }
}
