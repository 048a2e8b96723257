//! Connections: accepted, limited in time and size, and ended when the server stops.

use std::io::ErrorKind;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How much of the head of a request is read at all, in bytes.
const HEAD_LIMIT: usize = 64 << 10;
/// How long to wait when the process has no more room for connections.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets running requests end. The head of a request may take as long as `patience`, and a connection
/// may lie idle for that long.
pub(super) async fn serve(listener: TcpListener, router: Router, patience: Duration, stop: &CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD_LIMIT);
    let graceful = GracefulShutdown::new();
    let serve = |stream: TcpStream| {
        // Answers are written whole, so waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => serve(stream),
            // The client was gone before it was accepted.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted now");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    // Who was let in by the system while nobody looked is served, too.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        serve(stream);
    }
    drop(listener);
    graceful.shutdown().await;
}
