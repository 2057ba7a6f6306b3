//! A PostgreSQL server that may be killed: a cluster in a folder of its own, which nobody else uses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub struct Cluster {
    folder: TempDir,
    /// Where PostgreSQL's programs are.
    programs: PathBuf,
    server: Option<Child>,
}

impl Cluster {
    pub async fn start_new() -> Self {
        // The path of a socket is at most 107 bytes long.
        let folder = tempfile::Builder::new()
            .prefix("almasar-cluster")
            .tempdir_in("/tmp");
        let folder = folder.unwrap();
        let mut cluster = Self {
            folder,
            programs: programs(),
            server: None,
        };
        if is_root() {
            let given = Command::new("chown")
                .arg("postgres:")
                .arg(cluster.path())
                .status();
            assert!(given.unwrap().success());
        }
        let mut initdb = cluster.command("initdb");
        initdb.args([
            "--pgdata=data",
            "--username=almasar",
            "--auth=trust",
            "--encoding=UTF8",
        ]);
        initdb.args(["--no-locale", "--no-sync", "--no-instructions"]);
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success());
        cluster.start().await;
        cluster
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://almasar@localhost/postgres?host={}",
            self.path().display()
        )
    }

    /// Starts the server and waits until it answers. What a killed one has left may be in the way for a moment.
    pub async fn start(&mut self) {
        let began = Instant::now();
        loop {
            let mut server = match self.server.take() {
                Some(server) => server,
                None => self.launched(),
            };
            if server.try_wait().unwrap().is_none() {
                self.server = Some(server);
                if self.answers() {
                    return;
                }
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "PostgreSQL does not start"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn launched(&self) -> Child {
        let mut server = self.command("postgres");
        server.args(["-D", "data", "-c", "listen_addresses="]);
        server
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.path().display()));
        // Only the server dies, and not the machine: what it wrote without a flush is there when it comes again.
        server.args(["-c", "fsync=off", "-c", "log_min_messages=panic"]);
        server.stderr(Stdio::null()).spawn().unwrap()
    }

    fn answers(&self) -> bool {
        let mut asked = Command::new(self.programs.join("pg_isready"));
        asked.arg("--quiet").arg("--host").arg(self.path());
        asked.args(["--username=almasar", "--dbname=postgres"]);
        asked.status().unwrap().success()
    }

    /// SIGKILL for the server's first process: the others end as soon as they notice.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Immediate shutdown: all of them end at once, and nothing is put in order.
    pub fn shut_down_at_once(&mut self) {
        if let Some(mut server) = self.server.take() {
            let mut kill = Command::new("kill");
            let _ = kill.args(["-QUIT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }

    /// One of PostgreSQL's programs, in the folder. It refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut become_postgres = Command::new("setpriv");
            become_postgres.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
            become_postgres.arg(program);
            become_postgres
        } else {
            Command::new(program)
        };
        command.current_dir(self.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.shut_down_at_once();
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Debian keeps them out of PATH, a folder for each version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let folders = versions.map(|version| version.path().join("bin"));
    let installed = folders
        .filter(|folder| folder.join("initdb").is_file())
        .max();
    installed.unwrap_or_else(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = std::env::split_paths(&path);
        let found = folders.find(|folder| folder.join("initdb").is_file());
        found.expect("PostgreSQL is missing: script/bootstrap --tests installs it")
    })
}
