//! Listening: plain and, on request, TLS; and stopping.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use jiff::Timestamp;

use crate::account::{Account, Application, Credentials};
use crate::cli::Cli;
use crate::media::Media;
use crate::network::Network;
use crate::sid::Sid;
use crate::simulator::{Shared, Simulator};
use crate::webhook::Sender;
use crate::{control, far_end, rest, signal};

/// Runs until Ctrl-C or SIGTERM.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let plain = bind(cli.listen)?;
    let tls = cli.tls_listen.map(bind).transpose()?;
    let address = plain.local_addr()?;
    let network = Network::default();
    let media = Media::start(cli.media, network.clone()).await?;
    let media_address = media.address();
    let public_url = cli
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let simulator = Arc::new(Simulator::new(
        account(&cli),
        media,
        network,
        Sender::new()?,
        public_url.trim_end_matches('/').to_owned(),
    ));
    let routes = routes(simulator);

    println!("listening on http://{address}");
    let handle = Handle::new();
    let mut servers = tokio::task::JoinSet::new();
    if let Some(listener) = tls {
        println!("listening on https://{}", listener.local_addr()?);
        let server = axum_server::from_tcp_rustls(listener, certificate()?)?.handle(handle.clone());
        servers.spawn(
            server.serve(
                routes
                    .clone()
                    .into_make_service_with_connect_info::<SocketAddr>(),
            ),
        );
    }
    println!("media on udp://{media_address}");
    print_table(&cli);
    let server = axum_server::from_tcp(plain)?.handle(handle.clone());
    servers.spawn(server.serve(routes.into_make_service_with_connect_info::<SocketAddr>()));

    stopped().await;
    handle.graceful_shutdown(Some(Duration::from_millis(200)));
    while let Some(served) = servers.join_next().await {
        served??;
    }
    Ok(())
}

/// All URLs.
fn routes(simulator: Shared) -> Router {
    Router::new()
        .route("/signal", get(signal::connect))
        .merge(control::routes())
        .fallback(rest::serve)
        .with_state(simulator)
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn account(cli: &Cli) -> Account {
    let credentials = Credentials {
        account_sid: cli.account_sid.clone(),
        auth_token: cli.auth_token.clone(),
        api_key: cli.api_key.clone(),
        api_secret: cli.api_secret.clone(),
    };
    let mut application = Application::new(
        Sid::from(cli.twiml_app_sid.as_str()),
        "Simulated TwiML App",
        Timestamp::now(),
    );
    application
        .fields
        .insert("voice_url", cli.voice_url.clone());
    application
        .fields
        .insert("status_callback", cli.status_callback.clone());
    Account::new(credentials, application, &cli.caller_id)
}

/// A certificate for loopback, made anew at every start.
fn certificate() -> anyhow::Result<RustlsConfig> {
    let made = rcgen::generate_simple_self_signed([
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der())
        .map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn print_table(cli: &Cli) {
    println!(
        "account {} · key {} · TwiML App {} · caller ID {}",
        cli.account_sid, cli.api_key, cli.twiml_app_sid, cli.caller_id
    );
    println!("numbers that end in");
    for (ending, what) in far_end::TABLE {
        println!("  {ending:<10} {what}");
    }
}

async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
