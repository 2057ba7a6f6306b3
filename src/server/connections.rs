//! Connections: accepted, given so long to say what they want, and let finish when the server stops.
//!
//! This is `axum::serve` with one limit that it has no setting for: whoever opens a connection and does not send a whole head of a request
//! holds a file descriptor, and a thousand of them hold all that there are.

use axum::{Extension, Router, extract::ConnectInfo};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
    pin::pin,
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Layer;

/// For a request's head; a connection that is kept open for the next request is closed after as long.
const LONGEST_HEAD: Duration = Duration::from_secs(30);
/// When there are no file descriptors left, others must end before any can begin.
const NO_ROOM: Duration = Duration::from_millis(200);

/// Serves until `stopping` is cancelled, and returns when the last connection has been answered.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEAD);
    let open = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                open.spawn(carry(
                    builder.clone(),
                    stream,
                    peer,
                    router.clone(),
                    stopping.clone(),
                ));
            }
            Err(error) if is_theirs(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
    // Whoever connects from now on is told at once that nobody is here.
    drop(listener);
    open.close();
    open.wait().await;
}

async fn carry(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stopping: CancellationToken,
) {
    // What handlers that count by address ask for.
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

/// The other side went away before it was accepted.
fn is_theirs(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}
