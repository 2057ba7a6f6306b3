//! From a configuration to a running server, and back to nothing.

use super::{
    auth, background,
    calls::{live::Live, make::Makings, reconcile},
    causes::Inquiries,
    clock,
    config::Config,
    connections,
    numbers::Numbers,
    overload::Room,
    recordings::{self, Recordings},
    refusals::Refusals,
    router::router,
    site,
    state::{AppState, Handles},
    store::{self, Store},
    sweep, telemetry,
    twilio::{self, signature::Verifier},
    vitals,
};
use crate::domain::user::Role;
use anyhow::{Context, Result};
use axum_extra::extract::cookie::Key;
use sha2::{Digest, Sha512};
use std::{
    fs,
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests and background work may take to finish once the server is told to stop, …
const DRAIN: Duration = Duration::from_secs(8);
/// … and the database to be closed after that: a stop takes ten seconds at most.
const CLOSE: Duration = Duration::from_secs(2);

/// A server that answers at `addr`.
pub struct Running {
    pub addr: SocketAddr,
    pub state: AppState,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Takes no more connections, ends the open streams, lets requests and background work finish, closes the database.
    pub async fn stop(self) -> Result<()> {
        self.state.shutdown.cancel();
        let drained = async {
            let served = self.server.await;
            self.state.tasks.wait().await;
            served
        };
        match timeout(DRAIN, drained).await {
            Ok(served) => served.context("serving")??,
            Err(_) => tracing::warn!("some requests did not finish within {DRAIN:?}"),
        }
        if timeout(CLOSE, self.state.store.close()).await.is_err() {
            // What waited was not acknowledged.
            tracing::warn!("the database was not closed within {CLOSE:?}: something holds it");
        }
        Ok(())
    }
}

/// Everything that handlers need, opened and checked.
pub async fn prepare(config: Config) -> Result<AppState> {
    telemetry::metrics();
    // Leptos renders on this runtime; a second server in one process (tests) finds it set.
    let _ = any_spawner::Executor::init_tokio();
    let store = Store::open(&config.database).await?;
    let cookie_key = cookie_key(&config, &store).await?;
    create_first_administrator(&config, &store).await?;
    let missing = config.twilio.missing();
    if !missing.is_empty() {
        tracing::warn!(
            "calls cannot be placed yet, for want of {}",
            missing.join(", ")
        );
    }
    Ok(AppState::new(Handles {
        twilio: twilio::Client::new(&config.twilio)?,
        verifier: Arc::new(Verifier::of(&config)),
        numbers: Arc::new(Numbers::new(&config)),
        live: Live::new(&store),
        recordings: Recordings::new(&config)?,
        refusals: Refusals::default(),
        inquiries: Inquiries::default(),
        makings: Makings::default(),
        throttle: Arc::default(),
        room: Room::of_this_process(),
        leptos_options: site::leptos_options(&config),
        cookie_key,
        tasks: TaskTracker::new(),
        shutdown: CancellationToken::new(),
        store,
        config: Arc::new(config),
    }))
}

/// Serves on a listener that is open already, so that tests may let the system choose the port.
pub async fn start(config: Config, listener: TcpListener) -> Result<Running> {
    let state = prepare(config).await?;
    let addr = listener.local_addr()?;
    background::keep(&state, "fetching recordings", recordings::fetch::run);
    background::keep(&state, "retention", recordings::retention::run);
    background::keep(&state, "comparing recordings", recordings::sync::at_start);
    background::keep(&state, "reconciliation", reconcile::run);
    background::keep(&state, "sweeping", sweep::run);
    background::keep(&state, "metrics", vitals::run);
    state.tasks.close();
    let server = tokio::spawn(connections::serve(
        listener,
        router(state.clone()),
        state.room.connections.clone(),
        connections::LONGEST_HEAD,
        state.shutdown.clone(),
    ));
    Ok(Running {
        addr,
        state,
        server,
    })
}

/// `almasar serve`: until Ctrl-C or SIGTERM.
pub async fn run(config: Config) -> Result<()> {
    let asked = config.listen_addr;
    let listener = TcpListener::bind(asked).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!("LISTEN_ADDR: {asked} is in use by another program; choose another port, e.g. --listen-addr 127.0.0.1:3011"),
        _ => anyhow::anyhow!("LISTEN_ADDR: cannot listen on {asked}: {error}"),
    })?;
    if config.public_url.scheme() == "http" && !super::security::is_loopback(&config.public_url) {
        tracing::warn!(
            "PUBLIC_URL is http: browsers refuse the microphone to pages that are not https"
        );
    }
    let public_url = config.url("/mobile-call");
    let running = start(config, listener).await?;
    if let Some(missing) = site::missing(&running.state.leptos_options) {
        tracing::error!(
            "SITE_ROOT: {} is missing, so pages have no style and no phone; install site and hash.txt of the build that this program is of",
            missing.display()
        );
    }
    if running.state.store.count_users().await? == 0 {
        tracing::warn!("there is no user yet: add one with `almasar user add EMAIL --role admin`");
    }
    tracing::info!(listen = %running.addr, "ready at {public_url}");
    tokio::select! {
        signal = stop_signal() => signal?,
        // Nothing could be acknowledged any more. Whoever runs this program starts it again.
        () = running.state.store.writer_gone() => anyhow::bail!("the task that writes to the database has ended"),
    }
    tracing::info!("stopping");
    running.stop().await
}

async fn stop_signal() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.context("waiting for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

/// The key that signs session cookies: `SESSION_SECRET`, or one that is made on first start and kept beside a SQLite file, or in the
/// database on PostgreSQL, where every server must have the same.
async fn cookie_key(config: &Config, store: &Store) -> Result<Key> {
    let secret = match (
        &config.session_secret,
        config.database.session_secret_file(),
    ) {
        (Some(secret), _) => secret.expose().to_owned(),
        (None, Some(file)) => kept_secret(&file)?,
        (None, None) => {
            store
                .setting_or_insert(store::SESSION_SECRET, &auth::session::random_hex(32))
                .await?
        }
    };
    Ok(Key::from(&Sha512::digest(secret.as_bytes())))
}

fn kept_secret(path: &Path) -> Result<String> {
    let made = auth::session::random_hex(32);
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(mut file) => {
            file.write_all(made.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("writing {}", path.display()))?;
            Ok(made)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let kept =
                fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            anyhow::ensure!(
                kept.trim().len() >= 32,
                "{} is cut short: remove it, and a new one is made (people sign in again)",
                path.display()
            );
            Ok(kept)
        }
        Err(error) => Err(error).with_context(|| format!("making {}", path.display())),
    }
}

async fn create_first_administrator(config: &Config, store: &Store) -> Result<()> {
    let (Some(email), Some(password)) = (&config.admin_email, &config.admin_password) else {
        return Ok(());
    };
    if store.count_users().await? > 0 {
        return Ok(());
    }
    let password = Some(password.expose().to_owned());
    match auth::add_user(store, email, Role::Admin, password, clock::now()).await {
        Ok((user, _)) => tracing::info!(email = user.email, "made the first administrator"),
        // Another server that started with this one was faster.
        Err(_) if store.count_users().await? > 0 => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
