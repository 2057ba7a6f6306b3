//! Where audio is kept: a folder or an S3 bucket. <https://docs.rs/object_store>

use crate::server::config::RecordingsUrl;
use anyhow::Context;
use axum::body::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder,
    buffered::BufWriter, local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use std::{fs, io, ops::Range, path::PathBuf, sync::Arc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CHUNK: usize = 1024 * 1024;

#[derive(Clone)]
pub(super) struct Archive {
    store: Arc<dyn ObjectStore>,
    /// Where a download lies until it has been checked; on the archive's own disk where that is one.
    incoming: PathBuf,
}

impl Archive {
    pub fn open(url: &RecordingsUrl) -> anyhow::Result<Self> {
        Ok(match url {
            RecordingsUrl::File(folder) => {
                make_private(folder)
                    .with_context(|| format!("RECORDINGS_URL: cannot make {}", folder.display()))?;
                // Beside the objects and not among them: the archive names its objects by year.
                let incoming = folder.join("incoming");
                let store = LocalFileSystem::new_with_prefix(folder)
                    .with_context(|| format!("RECORDINGS_URL: cannot use {}", folder.display()))?
                    .with_fsync(true);
                Self {
                    store: Arc::new(store),
                    incoming,
                }
            }
            RecordingsUrl::S3 { bucket, prefix } => {
                let plain = std::env::var("AWS_ENDPOINT_URL")
                    .is_ok_and(|endpoint| endpoint.starts_with("http://"));
                let store = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_allow_http(plain)
                    .build()
                    .with_context(|| format!("RECORDINGS_URL: cannot use s3://{bucket}"))?;
                let incoming =
                    std::env::temp_dir().join(format!("almasar-incoming-{}", std::process::id()));
                Self {
                    store: Arc::new(PrefixStore::new(store, prefix.as_str())),
                    incoming,
                }
            }
        })
    }

    /// A path for a download, in a folder that nobody else may read.
    pub fn incoming(&self, name: &str) -> io::Result<PathBuf> {
        make_private(&self.incoming)?;
        Ok(self.incoming.join(name))
    }

    /// Can a download be kept where it lies first? Costs less to ask than a download that then cannot.
    pub async fn try_incoming(&self) -> io::Result<()> {
        let path = self.incoming("room.part")?;
        let written = tokio::fs::write(&path, vec![0; CHUNK]).await;
        let removed = tokio::fs::remove_file(&path).await;
        written.and(removed)
    }

    /// Copies a file into the archive. The object appears whole or not at all.
    pub async fn put(&self, key: &str, file: &std::path::Path) -> anyhow::Result<()> {
        let mut file = tokio::fs::File::open(file).await?;
        let mut writer = BufWriter::new(self.store.clone(), Path::from(key));
        match copy(&mut file, &mut writer).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // What was written so far is not an object yet; that it cannot be taken away is no second failure.
                let _ = writer.abort().await;
                Err(error)
            }
        }
    }

    /// How long the object is; `None` where there is none.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, Error> {
        match self.store.head(&Path::from(key)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Those bytes of the object; `None` where there is no object.
    pub async fn read(
        &self,
        key: &str,
        bytes: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, Error>>>, Error> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(bytes)),
            ..GetOptions::default()
        };
        match self.store.get_opts(&Path::from(key), options).await {
            Ok(object) => Ok(Some(object.into_stream().boxed())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// That it was not there is as good.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.store.delete(&Path::from(key)).await {
            Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub async fn ping(&self) -> anyhow::Result<()> {
        match self.store.list(Some(&Path::from("ready"))).next().await {
            Some(Err(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn copy(file: &mut tokio::fs::File, writer: &mut BufWriter) -> anyhow::Result<()> {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        if file.take(CHUNK as u64).read_to_end(&mut chunk).await? == 0 {
            break;
        }
        writer.put(Bytes::from(chunk)).await?;
    }
    Ok(writer.shutdown().await?)
}

/// Makes a folder, and those above it, that only we may enter.
fn make_private(folder: &std::path::Path) -> io::Result<()> {
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
    use futures::TryStreamExt;

    #[tokio::test]
    async fn what_is_put_is_read_back_by_ranges_and_deleted_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = Archive::open(&RecordingsUrl::File(folder.path().join("deep/recordings")))
            .expect("an archive");
        let file = archive.incoming("x.part").expect("a path");
        fs::write(&file, b"0123456789").expect("written");
        archive.put("2026/11/x.wav", &file).await.expect("put");
        assert_eq!(archive.size("2026/11/x.wav").await.expect("head"), Some(10));
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
        assert_eq!(archive.size("2026/11/x.wav").await.expect("head"), None);
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
