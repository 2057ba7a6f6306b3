//! Connections: accepted while there is room for them, and closed when they ask for nothing.

use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a connection may take to send the head of a request, from its first moment or from the end of the last answer. A reverse proxy should let
/// go of an idle connection sooner than that.
pub const LONGEST_HEAD: Duration = Duration::from_secs(20);
/// After an error of the system's (no more files, say) there is nothing to do but wait.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// Serves until `shutdown`, then lets what has begun end. More connections than `room` wait in the system's queue.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    room: Arc<Semaphore>,
    longest_head: Duration,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let open = TaskTracker::new();
    let accepting = async {
        while let Ok(place) = room.clone().acquire_owned().await {
            let (stream, peer) = accept(&listener).await;
            let served = connection(stream, peer, app.clone(), longest_head, shutdown.clone());
            open.spawn(async move {
                served.await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    open.close();
    open.wait().await;
    Ok(())
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The other side thought better of it.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    longest_head: Duration,
    shutdown: CancellationToken,
) {
    // An event is worth a packet of its own.
    let _ = stream.set_nodelay(true);
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(longest_head)
            .serve_connection(TokioIo::new(stream), service)
    );
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke off");
    }
}
