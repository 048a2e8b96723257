//! Accepts connections, limits the size of heads, and drains connections when the server stops.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use naftiko_client::__private::TARGET;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::patience::{Limits, Patient};
use super::pipeline::Service;
use super::socket::Socket;
use super::tls::Tls;
use super::turns::Turns;

/// The largest request head, in bytes.
const HEAD_LIMIT: usize = 64 << 10;
/// How long to wait after a failure to accept a connection, and for bytes that are still in transit at a stop.
const SHORT_PAUSE: Duration = Duration::from_millis(100);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Serves until `stop`, then drains running requests. Workers get connections in turns.
pub(super) async fn serve(
    listener: TcpListener,
    services: &[(Handle, Service)],
    tls: Option<Tls>,
    limits: Limits,
    stop: &CancellationToken,
) {
    let mut http = http1::Builder::new();
    // `Patient` limits the time for heads.
    http.header_read_timeout(None::<Duration>).max_buf_size(HEAD_LIMIT);
    let keep_alive = HeaderValue::try_from(format!("timeout={}", limits.keep_alive.as_secs())).ok();
    let graceful = GracefulShutdown::new();
    let mut turns = services.iter().cycle();
    let mut serve = |stream: TcpStream| {
        // Responses are written whole, so waiting for more data to send only costs time.
        let _ = stream.set_nodelay(true);
        let (Some((worker, service)), Ok(stream)) = (turns.next(), stream.into_std()) else { return };
        let (service, http, watcher, stop) = (service.clone(), http.clone(), graceful.watcher(), stop.clone());
        let (tls, keep_alive) = (tls.clone(), keep_alive.clone());
        worker.spawn(async move {
            // Registers the socket with the runtime of the worker.
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            if has_request(&stream, limits.head, &stop).await {
                // On the heap, so that an idle connection does not need the memory yet.
                Box::pin(Connection { http, service, limits, keep_alive, watcher, stop }.serve(tls, stream)).await;
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

/// What a connection is served with.
struct Connection {
    http: http1::Builder,
    service: Service,
    limits: Limits,
    /// How long the connection is kept for the next request (RFC 2068 §19.7.1.1).
    keep_alive: Option<HeaderValue>,
    watcher: Watcher,
    stop: CancellationToken,
}

impl Connection {
    async fn serve(self, tls: Option<Tls>, stream: TcpStream) {
        // `peer_addr` fails if the peer has already disconnected.
        let Ok(caller) = stream.peer_addr().map(|address| address.ip()) else { return };
        let stream = Socket::new(stream, self.limits.write);
        let Some(tls) = tls else { return self.serve_http(caller, stream).await };
        match tls.accept(stream).await {
            // On the heap, so that plain connections do not need the memory.
            Ok(stream) => Box::pin(self.serve_http(caller, stream)).await,
            Err(error) => tracing::debug!(target: TARGET, %error, "a TLS handshake failed"),
        }
    }

    async fn serve_http<S>(self, caller: IpAddr, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { http, service, limits, keep_alive, watcher, stop } = self;
        let turns = Turns::default();
        let stream = Patient::new(stream, limits, turns.clone());
        let response = |request: Request<Incoming>| {
            let (turn, persists) = (turns.begin(), persists(request.version(), request.headers()));
            let response = service.respond(request.map(Body::new), caller, turn);
            let keep_alive = keep_alive.as_ref().filter(|_| persists && !stop.is_cancelled());
            async move {
                let mut response = response.await;
                let fields = response.headers_mut();
                if let Some(keep_alive) = keep_alive
                    && !fields.contains_key(CONNECTION)
                {
                    fields.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
                    fields.insert(KEEP_ALIVE, keep_alive.clone());
                }
                Ok::<_, Infallible>(response)
            }
        };
        let connection = http.serve_connection(TokioIo::new(stream), service_fn(response));
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(target: TARGET, %error, "a connection ended early");
        }
    }
}

/// Whether the caller wants to send further requests on the connection (RFC 9112 §9.3).
fn persists(version: Version, fields: &HeaderMap) -> bool {
    let values = fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let mut options = values.flat_map(|value| value.split(',')).map(str::trim);
    if version == Version::HTTP_10 {
        options.any(|option| option.eq_ignore_ascii_case("keep-alive"))
    } else {
        !options.any(|option| option.eq_ignore_ascii_case("close"))
    }
}
