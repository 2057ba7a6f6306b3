//! The two programs that are measured, each in a process of its own with a database of its own on the same disk.

use crate::requests::{ACCOUNT, PUBLIC_URL, TOKEN};
use anyhow::{Context, Result, ensure};
use sqlx::{Connection, SqliteConnection};
use std::{
    env,
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// Killed when dropped.
pub struct Program {
    child: Child,
    address: SocketAddr,
    database: PathBuf,
    identity: String,
}

impl Program {
    /// As it is shipped, its log going to a file.
    pub async fn almasar(server: &Path, folder: &Path) -> Result<Self> {
        let database = folder.join("almasar.db");
        let url = format!("sqlite://{}", database.display());
        let recordings = folder.join("recordings");
        let address = free_address()?;
        let command = |arguments: &[&str]| {
            let mut command = Command::new(server);
            command
                .args(arguments)
                .env("DATABASE_URL", &url)
                .env("RECORDINGS_URL", format!("file://{}", recordings.display()))
                .env("LISTEN_ADDR", address.to_string())
                .env("PUBLIC_URL", PUBLIC_URL)
                .env("TWILIO_ACCOUNT_SID", ACCOUNT)
                .env("TWILIO_AUTH_TOKEN", TOKEN)
                .env("TWILIO_API_KEY", "SK00000000000000000000000000000001")
                .env("TWILIO_API_SECRET", TOKEN)
                .env("TWILIO_TWIML_APP_SID", "AP00000000000000000000000000000001")
                .env("TWILIO_CALLER_ID", "+15005550006")
                .env("TWILIO_API_BASE_URL", "http://127.0.0.1:9");
            command
        };
        let added = command(&["user", "add", "agent@example.com"])
            .output()
            .with_context(|| format!("running {}", server.display()))?;
        ensure!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        let identity = sqlx::query_scalar("select identity from users")
            .fetch_one(&mut open(&database).await?)
            .await?;
        let log = File::create(folder.join("log"))?;
        let child = command(&["serve"]).stderr(log).spawn()?;
        Self {
            child,
            address,
            database,
            identity,
        }
        .answering()
        .await
    }

    /// This very program, as the yardstick.
    pub async fn bare(folder: &Path, name: &str, batch: usize) -> Result<Self> {
        let database = folder.join(format!("{name}.db"));
        let address = free_address()?;
        let child = Command::new(env::current_exe()?)
            .arg("bare")
            .arg(&database)
            .arg(address.port().to_string())
            .arg(batch.to_string())
            .spawn()?;
        Self {
            child,
            address,
            database,
            identity: String::new(),
        }
        .answering()
        .await
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Every request is one event in the log: nothing was answered that was not done.
    pub async fn assert_kept(&self, events: i64) -> Result<()> {
        let kept: i64 = sqlx::query_scalar("select count(*) from events")
            .fetch_one(&mut open(&self.database).await?)
            .await?;
        ensure!(kept == events, "{kept} events were kept of {events}");
        Ok(())
    }

    async fn answering(mut self) -> Result<Self> {
        let began = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            ensure!(
                self.child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(30),
                "a program does not answer"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(self)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn open(database: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnection::connect(&format!("sqlite://{}", database.display())).await?)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
