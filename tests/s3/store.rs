//! A server of the S3 protocol, in a process of its own: <https://github.com/apocas/nanio>. It checks every signature.

use crate::support::{TestApp, client, spawn_app_with_env};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const KEY: &str = "the-key-of-the-tests";
pub const SECRET: &str = "the-secret-of-the-tests";
pub const BUCKET: &str = "calls";

pub struct Store {
    pub port: u16,
    folder: TempDir,
    server: Option<Child>,
}

impl Store {
    /// Running, with one empty bucket.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data").join(BUCKET)).unwrap();
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let mut store = Self {
            port,
            folder,
            server: None,
        };
        store.begin().await;
        store
    }

    /// Starts it, where it was.
    pub async fn begin(&mut self) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/s3/bin/nanio");
        assert!(
            program.exists(),
            "no S3 server is installed: run script/bootstrap --tests"
        );
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let server = Command::new(program)
            .args(["serve", "--host", "127.0.0.1", "--no-access-log"])
            .args(["--port", &self.port.to_string()])
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .env("NANIO_ACCESS_KEY", KEY)
            .env("NANIO_SECRET_KEY", SECRET)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.server = Some(server);
        let (http, begun) = (client(), Instant::now());
        let patience = Duration::from_secs(5);
        while http.get(self.url()).timeout(patience).send().await.is_err() {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(60),
                "the S3 server did not start: {}",
                fs::read_to_string(self.folder.path().join("log")).unwrap()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it at once; what it has stored stays.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The objects of the bucket, by key.
    pub fn objects(&self) -> Vec<String> {
        let bucket = self.folder.path().join("data").join(BUCKET);
        let mut found = Vec::new();
        list(&bucket, &bucket, &mut found);
        found.sort_unstable();
        found
    }

    /// Where an object lies.
    pub fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("data").join(BUCKET).join(key)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.kill();
    }
}

fn list(bucket: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        // The server's own are hidden.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true => list(bucket, &path, found),
            false => found.push(path.strip_prefix(bucket).unwrap().display().to_string()),
        }
    }
}

/// The variables of somebody who comes to that address with the right key.
pub fn access(endpoint: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL", endpoint),
    ]
}

pub const RECORDINGS: [&str; 2] = ["--recordings-url", "s3://calls/recordings"];

/// A server whose archive is there.
pub async fn app_with(endpoint: &str) -> TestApp {
    spawn_app_with_env(&RECORDINGS, &access(endpoint)).await
}
