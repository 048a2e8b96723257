//! Connections: accepted, limited in time and size, and ended when the server stops.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::front::Front;
use super::tls::Tls;

/// How much of the head of a request is read at all, in bytes.
const HEAD_LIMIT: usize = 64 << 10;
/// How long to wait when the process has no more room for connections.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop`, then lets running requests end. The head of a request may take as long as `patience`, and a connection
/// may lie idle for that long. Workers get connections in turns.
pub(super) async fn serve(
    listener: TcpListener,
    fronts: &[(Handle, Front)],
    tls: Option<Tls>,
    patience: Duration,
    stop: &CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD_LIMIT);
    let graceful = GracefulShutdown::new();
    let mut turns = fronts.iter().cycle();
    let mut serve = |stream: TcpStream| {
        // Answers are written whole, so waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        let (Some((worker, front)), Ok(stream)) = (turns.next(), stream.into_std()) else { return };
        let (front, http, watcher, stop) = (front.clone(), http.clone(), graceful.watcher(), stop.clone());
        let tls = tls.clone();
        worker.spawn(async move {
            // It was the accepting thread's until now.
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            if speaks(&stream, patience, &stop).await {
                // On the heap, so that a connection which lies idle has no room for it yet.
                Box::pin(talk(http, front, tls, watcher, stream)).await;
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

/// Whether a client has something to say. Until then its connection costs next to nothing; buffers come with the first byte.
async fn speaks(stream: &TcpStream, patience: Duration, stop: &CancellationToken) -> bool {
    let mut first = [0];
    let stopped = async {
        stop.cancelled().await;
        // What it said a moment ago may still be on its way.
        tokio::time::sleep(BREATH).await;
    };
    tokio::select! {
        biased;
        ready = tokio::time::timeout(patience, stream.peek(&mut first)) => matches!(ready, Ok(Ok(1))),
        () = stopped => false,
    }
}

async fn talk(http: http1::Builder, front: Front, tls: Option<Tls>, watcher: Watcher, stream: TcpStream) {
    // Who is gone already has no address any more.
    let Ok(caller) = stream.peer_addr().map(|address| address.ip()) else { return };
    let Some(tls) = tls else { return exchange(http, front, caller, watcher, stream).await };
    match tls.accept(stream).await {
        // On the heap, so that plain connections have no room for it.
        Ok(stream) => Box::pin(exchange(http, front, caller, watcher, stream)).await,
        Err(error) => tracing::debug!(%error, "a client does not speak TLS as it should"),
    }
}

async fn exchange<S>(http: http1::Builder, front: Front, caller: IpAddr, watcher: Watcher, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer =
        |request: Request<Incoming>| async { Ok::<_, Infallible>(front.answer(request.map(Body::new), caller).await) };
    let connection = http.serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
