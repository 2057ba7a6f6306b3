//! An installation whose server is the real program, in a process of its own that may be killed at any moment.

use crate::{
    support::{
        ACCOUNT, APP, AUTH_TOKEN, KEY, PUBLIC_URL, Rows, TestDatabase, client, config, signed_in,
    },
    webhook::Webhook,
};
use almasar::{
    domain::user::{Role, User},
    server::serve,
};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const RELEASE: &str = "ALMASAR";
/// Where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A database on the engine that the tests run on, an archive, a port, and an agent who is signed in. Outlives its servers.
pub struct Installation {
    pub agent: User,
    pub cookie: String,
    pub port: u16,
    database: TestDatabase,
    /// Where its servers look for Twilio's REST API.
    twilio: String,
    folder: TempDir,
    http: reqwest::Client,
}

/// The program, running. Killed when dropped, if not before.
pub struct Server {
    child: Child,
    port: u16,
    /// From its start to the first good answer of `/readyz`.
    pub ready_after: Duration,
}

impl Installation {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::new(folder.path()).await;
        Self::make(folder, database).await
    }

    /// On SQLite in that folder, on a disk of its own for instance, whatever the other tests run on.
    pub async fn with_database_in(data: &Path) -> Self {
        let database = TestDatabase::sqlite(&data.join("almasar.db"));
        Self::make(tempfile::tempdir().unwrap(), database).await
    }

    /// With that database.
    pub async fn on(database: TestDatabase) -> Self {
        Self::make(tempfile::tempdir().unwrap(), database).await
    }

    /// Whose servers find Twilio's REST API at that address.
    pub fn with_twilio_at(self, url: &str) -> Self {
        Self {
            twilio: url.to_owned(),
            ..self
        }
    }

    async fn make(folder: TempDir, database: TestDatabase) -> Self {
        let config = config(folder.path(), database.url(), PUBLIC_URL, NOWHERE, &[]);
        let state = serve::prepare(config).await.unwrap();
        let (agent, cookie) = signed_in(&state, "agent", Role::Agent).await;
        state.store.close().await;
        Self {
            agent,
            cookie,
            port: free_port(),
            database,
            twilio: NOWHERE.to_owned(),
            folder,
            http: client(),
        }
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self) -> Server {
        let server = self.launch();
        self.ready(server).await
    }

    /// Starts one server of several, at a port of its own.
    pub async fn start_at(&self, port: u16) -> Server {
        let server = self.launch_by(Command::new(program()), port);
        self.ready(server).await
    }

    /// Starts the server, ready or not.
    pub fn launch(&self) -> Server {
        self.launch_by(Command::new(program()), self.port)
    }

    /// Starts the server so that a file that may not grow is an error to it, as a full disk is, and not its end.
    pub async fn start_ignoring_file_limits(&self) -> Server {
        let mut command = Command::new("bash");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        command.arg(program());
        self.ready(self.launch_by(command, self.port)).await
    }

    /// Starts the server, which logs as it does where nobody says otherwise, to a pipe.
    pub async fn start_logging_to_pipe(&self) -> (Server, ChildStderr) {
        let mut command = Command::new(program());
        command.arg("serve");
        self.configure(&mut command, self.port);
        command.env_remove("RUST_LOG").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = child.stderr.take().unwrap();
        let server = Server {
            child,
            port: self.port,
            ready_after: Duration::ZERO,
        };
        (self.ready(server).await, log)
    }

    /// Starts the server, and has `strace` note these calls of it in that file.
    pub async fn start_traced(&self, calls: &str, notes: &Path) -> Server {
        let mut command = Command::new("strace");
        // -D: the program is our own child, and the tracer goes with it. -xx, -s: every byte. -y: the path of each descriptor.
        command.args([
            "-D",
            "-f",
            "--seccomp-bpf",
            "-y",
            "-ttt",
            "-xx",
            "-s",
            "100000",
        ]);
        command.args(["-e", calls, "-o"]).arg(notes).arg(program());
        self.ready(self.launch_by(command, self.port)).await
    }

    fn launch_by(&self, mut command: Command, port: u16) -> Server {
        command.arg("serve");
        self.configure(&mut command, port);
        Server {
            child: command.spawn().unwrap(),
            port,
            ready_after: Duration::ZERO,
        }
    }

    /// `almasar backup` to that file.
    pub fn back_up(&self, file: &Path) {
        let mut command = Command::new(program());
        command.arg("backup").arg(file);
        self.configure(&mut command, self.port);
        assert!(command.status().unwrap().success(), "{}", self.said());
    }

    /// Where it archives recordings.
    pub fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    fn configure(&self, command: &mut Command, port: u16) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let path = |path: &Path| path.display().to_string();
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("LISTEN_ADDR", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", PUBLIC_URL)
            .env("DATABASE_URL", self.database.url())
            .env(
                "RECORDINGS_URL",
                format!("file://{}", path(&self.recordings())),
            )
            .env("TWILIO_ACCOUNT_SID", ACCOUNT)
            .env("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
            .env("TWILIO_API_KEY", KEY)
            .env("TWILIO_API_SECRET", "the API secret")
            .env("TWILIO_TWIML_APP_SID", APP)
            .env("TWILIO_CALLER_ID", "+15005550006")
            .env("TWILIO_API_BASE_URL", &self.twilio)
            .env("RUST_LOG", "warn")
            .stderr(log);
    }

    async fn ready(&self, mut server: Server) -> Server {
        let began = Instant::now();
        while !self.is_ready_at(server.port).await {
            assert!(server.is_running(), "it ended: {}", self.said());
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it never became ready: {}",
                self.said()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.ready_after = began.elapsed();
        server
    }

    pub async fn is_ready(&self) -> bool {
        self.is_ready_at(self.port).await
    }

    async fn is_ready_at(&self, port: u16) -> bool {
        let asked = self.http.get(format!("http://127.0.0.1:{port}/readyz"));
        matches!(asked.send().await, Ok(response) if response.status() == 200)
    }

    /// Opens the agent's stream of changes, from where it ended.
    pub async fn listen(&self, last_event_id: Option<&str>) -> reqwest::Result<Response> {
        let mut request = self.http.get(self.url("/api/calls/events"));
        request = request.header("Cookie", &self.cookie);
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        request.send().await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// One attempt of Twilio's, which waits for 15 s as Twilio does.
    pub async fn send(&self, webhook: &Webhook) -> reqwest::Result<Response> {
        self.http
            .post(self.url(webhook.path))
            .header("X-Twilio-Signature", webhook.signature())
            .form(&webhook.form)
            .timeout(Duration::from_secs(15))
            .send()
            .await
    }

    /// Was it taken? For TwiML this means that the call is to be dialled, which is said only once the call is stored.
    pub async fn takes(&self, webhook: &Webhook) -> bool {
        match self.send(webhook).await {
            Ok(response) if response.status() == StatusCode::NO_CONTENT => true,
            Ok(response) if response.status() == StatusCode::OK => {
                matches!(response.text().await, Ok(twiml) if twiml.contains("<Dial"))
            }
            _ => false,
        }
    }

    /// What the agent's browser gets.
    pub async fn get(&self, path: &str) -> Response {
        let asked = self.http.get(self.url(path)).header("Cookie", &self.cookie);
        asked.send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    /// Somebody else's connection to the database.
    pub async fn database(&self) -> Rows {
        self.database.connect().await
    }

    /// The keys of every event in the log.
    pub async fn events(&self) -> Vec<(String, String, String)> {
        let mut database = self.database().await;
        database.all("select leg_sid, kind, key from events").await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.database().await.count(sql).await
    }

    /// SQLite's own opinion of its file, and whether the change numbers can still be resumed from.
    pub async fn assert_sound(&self) {
        let mut database = self.database().await;
        if matches!(database, Rows::Sqlite(_)) {
            let verdict: Vec<(String,)> = database.all("pragma integrity_check").await;
            assert_eq!(verdict, [("ok".to_owned(),)]);
        }
        let ahead = "select count(*) from counters where name = 'change' and value < (select coalesce(max(change), 0) from calls)";
        assert_eq!(self.count(ahead).await, 0, "a change number is given twice");
        assert!(!self.said().contains("panicked"), "{}", self.said());
    }

    /// What its servers wrote to their logs.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGTERM, as a service manager sends it; waits for the end, and returns how it ended and after how long.
    pub async fn terminate(&mut self) -> (ExitStatus, Duration) {
        self.ask_to_stop();
        self.ended().await
    }

    /// Waits for its end; returns how it ended and after how long.
    pub async fn ended(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it never ends");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGTERM.
    pub fn ask_to_stop(&self) {
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &self.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// SIGKILL: it has no chance to put anything in order.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The most memory that it has held, in MB; `None` where there is no `/proc`.
    pub fn peak_memory_mb(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kb: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kb / 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The release build that `ALMASAR` names, or the one that cargo has built for these tests.
fn program() -> OsString {
    std::env::var_os(RELEASE).unwrap_or_else(|| env!("CARGO_BIN_EXE_almasar").into())
}

/// How soon after its start a server is to be ready. An unoptimised one needs a second of processor time to read the dial plans of the
/// world, on a machine that has other tests to run.
pub fn soon() -> Duration {
    Duration::from_secs(if is_release() { 1 } else { 10 })
}

/// What a release build has to keep to; an unoptimised one may take three times as long.
pub fn slower(figure: Duration) -> Duration {
    if is_release() { figure } else { 3 * figure }
}

pub fn is_release() -> bool {
    std::env::var_os(RELEASE).is_some()
}

/// Below the ports that a system gives to outgoing connections: nobody takes it while the server is down.
pub fn free_port() -> u16 {
    loop {
        let port = 20_000 + rand::random::<u16>() % 10_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
