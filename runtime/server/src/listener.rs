//! Accepts connections, limits their time and size, and drains them when the server stops.

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
use naftiko_client::__private::TARGET;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::pipeline::Service;
use super::tls::Tls;

/// The largest request head, in bytes.
const HEAD_LIMIT: usize = 64 << 10;
/// How long to wait after a failure to accept a connection, and for bytes that are still in transit at a stop.
const SHORT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then drains running requests. `timeout` limits the head of a request, and how long a connection may
/// be idle. Workers get connections in turns.
pub(super) async fn serve(
    listener: TcpListener,
    services: &[(Handle, Service)],
    tls: Option<Tls>,
    timeout: Duration,
    stop: &CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeout).max_buf_size(HEAD_LIMIT);
    let graceful = GracefulShutdown::new();
    let mut turns = services.iter().cycle();
    let mut serve = |stream: TcpStream| {
        // Responses are written whole, so waiting for more data to send only costs time.
        let _ = stream.set_nodelay(true);
        let (Some((worker, service)), Ok(stream)) = (turns.next(), stream.into_std()) else { return };
        let (service, http, watcher, stop) = (service.clone(), http.clone(), graceful.watcher(), stop.clone());
        let tls = tls.clone();
        worker.spawn(async move {
            // Registers the socket with the runtime of the worker.
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            if has_request(&stream, timeout, &stop).await {
                // On the heap, so that an idle connection does not need the memory yet.
                Box::pin(serve_connection(http, service, tls, watcher, stream)).await;
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
            // The client disconnected before it was accepted.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(target: TARGET, %error, "cannot accept a connection");
                tokio::time::sleep(SHORT_PAUSE).await;
            }
        }
    }
    // Connections that the system has already accepted are served too.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        serve(stream);
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Waits for the first byte, and returns whether it came. Until then a connection costs almost no memory; buffers are
/// allocated with the first byte.
async fn has_request(stream: &TcpStream, timeout: Duration, stop: &CancellationToken) -> bool {
    let mut first = [0];
    let stopped = async {
        stop.cancelled().await;
        // Bytes that were just sent may still be in transit.
        tokio::time::sleep(SHORT_PAUSE).await;
    };
    tokio::select! {
        biased;
        ready = tokio::time::timeout(timeout, stream.peek(&mut first)) => matches!(ready, Ok(Ok(1))),
        () = stopped => false,
    }
}

async fn serve_connection(
    http: http1::Builder,
    service: Service,
    tls: Option<Tls>,
    watcher: Watcher,
    stream: TcpStream,
) {
    // `peer_addr` fails if the peer has already disconnected.
    let Ok(caller) = stream.peer_addr().map(|address| address.ip()) else { return };
    let Some(tls) = tls else { return serve_http(http, service, caller, watcher, stream).await };
    match tls.accept(stream).await {
        // On the heap, so that plain connections do not need the memory.
        Ok(stream) => Box::pin(serve_http(http, service, caller, watcher, stream)).await,
        Err(error) => tracing::debug!(target: TARGET, %error, "a TLS handshake failed"),
    }
}

async fn serve_http<S>(http: http1::Builder, service: Service, caller: IpAddr, watcher: Watcher, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let response = |request: Request<Incoming>| async {
        Ok::<_, Infallible>(service.respond(request.map(Body::new), caller).await)
    };
    let connection = http.serve_connection(TokioIo::new(stream), service_fn(response));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(target: TARGET, %error, "a connection ended early");
    }
}
