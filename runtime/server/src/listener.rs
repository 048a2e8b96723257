//! Accepts connections, limits the size of heads, and drains connections when the server stops.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use naftiko_client::__private::{TARGET, on_heap};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::connections::{Connections, Open};
use super::memory::Memory;
use super::patience::{DRAIN, Draining, Limits, Patient};
use super::pipeline::Service;
use super::proxies::Proxies;
use super::socket::Socket;
use super::tls::Tls;
use super::unreadable::Explained;

/// The largest request head, in bytes.
const HEAD_LIMIT: usize = 64 << 10;
/// How long to wait after a failure to accept a connection, and for bytes that are still in transit at a stop.
const SHORT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is logged that connections cannot be accepted.
const LOG_PAUSE: Duration = Duration::from_secs(10);

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// How many connections the system keeps until they are accepted; it may keep fewer. A connection beyond them has to be
/// tried again by its caller, a second later.
const BACKLOG: u32 = 4096;

/// What all listeners share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) tls: Option<Tls>,
    pub(super) limits: Limits,
    pub(super) connections: Connections,
    pub(super) memory: Memory,
    pub(super) proxies: Proxies,
}

/// Listens at an address.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere it would let other programs listen at the same address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop`, then drains running requests. Workers get connections in turns.
pub(super) async fn serve(
    listener: TcpListener,
    services: &[(Handle, Service)],
    shared: Shared,
    stop: &CancellationToken,
) {
    let limits = shared.limits;
    let mut http = http1::Builder::new();
    // `Patient` limits the time for heads.
    http.header_read_timeout(None::<Duration>).max_buf_size(HEAD_LIMIT);
    let keep_alive = HeaderValue::try_from(format!("timeout={}", limits.keep_alive.as_secs())).ok();
    let graceful = GracefulShutdown::new();
    let draining = Draining::default();
    let mut workers = services.iter().cycle();
    let mut serve = |stream: TcpStream, address: SocketAddr| {
        let Some(open) = shared.connections.open(address.ip()) else { return };
        // Responses are written whole, so waiting for more data to send only costs time.
        let _ = stream.set_nodelay(true);
        let (Some((worker, service)), Ok(stream)) = (workers.next(), stream.into_std()) else { return };
        let (service, http, watcher, stop) = (service.clone(), http.clone(), graceful.watcher(), stop.clone());
        let (shared, keep_alive, draining, id) = (shared.clone(), keep_alive.clone(), draining.clone(), open.id);
        let connections = shared.connections.clone();
        let task = worker.spawn(async move {
            // Registers the socket with the runtime of the worker.
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            if has_request(&stream, limits.head, &stop).await {
                // On the heap, so that an idle connection does not need the memory yet.
                let connection = Connection { http, service, shared, keep_alive, watcher, stop, draining, open };
                on_heap(|| connection.serve(stream)).await;
            }
        });
        connections.started(id, task.abort_handle());
    };
    let mut logged: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => serve(stream, address),
            // The client disconnected before it was accepted.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                let closed = shared.connections.shed();
                if logged.is_none_or(|logged| logged.elapsed() > LOG_PAUSE) {
                    logged = Some(Instant::now());
                    tracing::warn!(target: TARGET, %error, closed, "cannot accept a connection");
                }
                tokio::time::sleep(SHORT_PAUSE).await;
            }
        }
    }
    // Connections that the system has already accepted are served too.
    while let Some(Ok((stream, address))) = listener.accept().now_or_never() {
        serve(stream, address);
    }
    drop(listener);
    draining.begin();
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
    shared: Shared,
    /// How long the connection is kept for the next request (RFC 2068 §19.7.1.1).
    keep_alive: Option<HeaderValue>,
    watcher: Watcher,
    stop: CancellationToken,
    draining: Draining,
    open: Open,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Shared { limits, memory, .. } = &self.shared;
        let stream = Socket::new(stream, limits.write, self.draining.clone(), memory.clone());
        let Some(tls) = &self.shared.tls else { return self.serve_http(stream).await };
        let drained = async {
            self.stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        let accepted = tokio::select! {
            accepted = tls.accept(stream) => accepted,
            () = drained => return,
        };
        match accepted {
            // On the heap, so that plain connections do not need the memory.
            Ok(stream) => on_heap(|| self.serve_http(stream)).await,
            Err(error) => tracing::debug!(target: TARGET, %error, "a TLS handshake failed"),
        }
    }

    async fn serve_http<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { http, service, shared, keep_alive, watcher, draining, open, .. } = self;
        let stream = Patient::new(stream, shared.limits, draining.clone(), open.turns.clone());
        let response = |request: Request<Incoming>| {
            let start = Instant::now();
            let (turn, persists) = (open.turns.begin(start), persists(request.version(), request.headers()));
            let caller = open.caller(&shared.proxies, request.headers());
            let response = turn.map(|turn| service.respond(request.map(Body::new), caller, turn, start));
            let keep_alive = keep_alive.as_ref().filter(|_| persists && !draining.has_begun());
            async move {
                let mut response = match response {
                    Some(response) => response.await,
                    // The connection was closed, and this task ends.
                    None => std::future::pending().await,
                };
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
        let connection = http.serve_connection(TokioIo::new(Explained::new(stream)), service_fn(response));
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
