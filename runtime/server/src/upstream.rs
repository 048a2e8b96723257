//! The transport to the upstream. It uses the libraries that reqwest consists of for connections and TLS, and
//! leaves out what the client does by itself: redirects, for which reqwest parses the URI of every request twice more and copies
//! its headers, and retries. This saves a fifth of the time of a request.

use std::collections::BTreeSet;
use std::env;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::header::{ACCEPT, HeaderValue};
use hyper::ext::on_informational;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use naftiko_client::__private::{
    CONNECT_TIMEOUT, Connection, Environment, MAX_FIELDS, MAX_HEAD, Room, TrackedBody, accept_compressed,
    announce_no_content, decompressed, on_heap, parse_base_uri, without_keys,
};
use naftiko_client::{
    Attempt, BoxError, BoxFuture, ClientBuilder, ConfigError, ResponseCache, Transport, TransportError,
    install_crypto_provider,
};
use naftiko_schema::Capability;
use reqwest::ResponseBuilderExt as _;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower::Service;
use tower::timeout::Timeout;

use super::cli::Upstream;
use super::failure::Failure;
use super::frugal::{Frugal, pause_reading};
use super::list::members;
use super::memory::Memory;
use super::program::{Program, Served};

/// How long a connection is idle before a TCP keepalive probe is sent.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// The most that is read at once from a connection, in bytes. Idle connections keep a buffer of this size.
const READ_BUFFER: usize = 256 << 10;
/// The most informational responses to one request (RFC 9110 §15.2). hyper reads any number of them.
const INFORMATIONAL_LIMIT: usize = 100;
/// Variables that configure a proxy. Only reqwest supports proxies.
const PROXIES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];

type Https = HttpsConnector<HttpConnector>;
type Stream = Frugal<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// Makes connections, including TLS, within a time limit.
#[derive(Clone)]
struct Connector {
    https: Timeout<Https>,
    memory: Option<Memory>,
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, memory) = (self.https.call(uri), self.memory.clone());
        Box::pin(async move { Ok(Frugal::new(connecting.await?, memory)) })
    }
}

/// A transport with a pool of connections.
struct HyperTransport(Client<Connector, TrackedBody>);

/// TLS settings for the hyper transport. `None` means that reqwest must be used: for a proxy, for the TLS of the
/// operating system, or to report invalid certificates.
pub(super) fn native_root_tls() -> Option<ClientConfig> {
    install_crypto_provider();
    let proxied = PROXIES.iter().any(|name| env::var_os(name).is_some_and(|proxy| !proxy.is_empty()));
    let provider = CryptoProvider::get_default().filter(|_| !proxied)?;
    let settings = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().ok()?;
    Some(settings.with_platform_verifier().ok()?.with_no_client_auth())
}

/// What sends the requests of all capabilities, so that those to the same server share its connections. `None` if each client has
/// to have reqwest.
pub(super) fn transport(tls_config: Option<&ClientConfig>, memory: Option<&Memory>) -> Option<Arc<dyn Transport>> {
    Some(Arc::new(HyperTransport::new(tls_config?.clone(), memory.cloned())))
}

impl HyperTransport {
    fn new(tls_config: ClientConfig, memory: Option<Memory>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // This one is divided between the addresses of the host.
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEPALIVE));
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls_config).https_or_http().enable_all_versions();
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).timer(TokioTimer::new());
        client.http1_max_headers(MAX_FIELDS).http1_max_buf_size(READ_BUFFER).http2_max_header_list_size(MAX_HEAD);
        let https = Timeout::new(tls.wrap_connector(tcp), CONNECT_TIMEOUT);
        Self(client.build(Connector { https, memory }))
    }
}

impl Transport for HyperTransport {
    fn send<'a>(
        &'a self,
        mut request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        on_heap(|| async move {
            announce_no_content(&mut request);
            let url = request.url().clone();
            let mut request: http::Request<reqwest::Body> = request.try_into()?;
            request.headers_mut().entry(ACCEPT).or_insert(const { HeaderValue::from_static("*/*") });
            accept_compressed(request.headers_mut());
            let mut request = request.map(|body| attempt.track(body));
            let flood = informational_flood(&mut request);
            let response = tokio::select! {
                response = self.0.request(request) => response,
                // Dropping the request closes its connection.
                () = flood.notified() => {
                    return Err(TransportError::unreadable("too many informational responses"));
                }
            };
            let (head, body) = match response {
                Ok(response) => response.into_parts(),
                Err(error) if error.is_connect() => return Err(TransportError::connect(error)),
                Err(error) => return Err(TransportError::broken(error)),
            };
            let response = http::Response::builder().url(url).body(reqwest::Body::wrap(body));
            let mut response = response.map_err(TransportError::broken)?;
            *response.status_mut() = head.status;
            *response.version_mut() = head.version;
            *response.headers_mut() = head.headers;
            decompressed(response.into())
        })
    }
}

/// Is notified when a request gets too many informational responses.
fn informational_flood<B>(request: &mut http::Request<B>) -> Arc<Notify> {
    let flood = Arc::new(Notify::new());
    let (reached, count) = (Arc::clone(&flood), AtomicUsize::new(0));
    on_informational(request, move |_| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        if count == INFORMATIONAL_LIMIT {
            reached.notify_one();
        }
        if count >= INFORMATIONAL_LIMIT {
            // The task that waits for the notification runs on the thread that is reading.
            pause_reading();
        }
    });
    flood
}

/// Whether each base URI of the command line is one, and for one API: the same namespace of several capabilities is one if it has
/// the same base URI in all of them.
pub(super) fn check_base_uris(program: &'static Program, upstream: &Upstream) -> Result<(), Failure> {
    let mut given = BTreeSet::new();
    for text in members(&upstream.base_uri) {
        let (namespace, uri) = match text.split_once('=').filter(|(namespace, _)| !namespace.contains("://")) {
            Some((namespace, uri)) => (Some(namespace), uri),
            None => (None, text.as_str()),
        };
        let shown = namespace.map_or_else(String::new, |namespace| format!("{namespace}="));
        let apis = || program.served().flat_map(|served| served.capability.apis.iter()).map(|api| &*api.namespace);
        if namespace.is_some_and(|namespace| !apis().any(|known| known == namespace)) {
            let known = apis().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::Refused(format!(
                "--base-uri {shown}: no capability consumes an API of this name; there are: {known}"
            )));
        }
        if !given.insert(namespace) {
            return Err(Failure::Refused(format!(
                "--base-uri {shown}: it is there twice, and one of them would not count"
            )));
        }
        if let Err(error) = parse_base_uri(uri, upstream.allow_plain_http) {
            return Err(Failure::Refused(format!("--base-uri {shown}{}: {error}", without_keys(uri))));
        }
    }
    for (namespace, _) in members(&upstream.base_uri).filter_map(|uri| uri.split_once('=')) {
        let of = |served: &'static Served| served.capability.apis.iter().filter(|api| api.namespace == namespace);
        let uris: BTreeSet<_> = program.served().flat_map(of).map(|api| &api.base_uri).collect();
        if uris.len() > 1 {
            return Err(Failure::Refused(format!(
                "--base-uri {namespace}=: several capabilities have an API of this name, with different base URIs; set the \
                 variable NAME_BASE_URI of each, where NAME is that of its crate"
            )));
        }
    }
    Ok(())
}

/// Clients of several capabilities. What is missing for any of them is named at once.
///
/// # Errors
/// The first reason why one cannot be built, or all variables that are missing.
pub(super) fn all<T>(clients: impl IntoIterator<Item = Result<T, ConfigError>>) -> Result<Vec<T>, ConfigError> {
    let (mut built, mut names, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for client in clients {
        match client {
            Ok(client) => built.push(client),
            Err(ConfigError::MissingVariables { names: missing }) => names.extend(missing),
            Err(ConfigError::MissingValues { problems: missing }) => problems.extend(missing),
            Err(other) => return Err(other),
        }
    }
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert(*name));
    if !problems.is_empty() {
        problems.extend(names.iter().map(|name| format!("environment variable {name}")));
        let mut known = BTreeSet::new();
        problems.retain(|problem| known.insert(problem.clone()));
        return Err(ConfigError::MissingValues { problems });
    }
    if names.is_empty() { Ok(built) } else { Err(ConfigError::MissingVariables { names }) }
}

/// The cache that the command line asks for.
pub(super) fn cache(upstream: &Upstream) -> Option<ResponseCache> {
    let mebibytes = usize::try_from(upstream.cache?.get()).unwrap_or(usize::MAX);
    Some(ResponseCache::new(mebibytes.saturating_mul(1 << 20)))
}

/// A client that keeps responses in this cache, if there is one. What says nothing of its lifetime has that of its adapters.
pub(super) fn cached(
    builder: ClientBuilder<Connection>,
    cache: Option<&ResponseCache>,
    served: &Served,
) -> ClientBuilder<Connection> {
    let declared = served.adapters.iter().filter_map(|adapter| adapter.mcp()?.ttl_ms).min();
    match cache {
        Some(cache) => builder.response_cache(cache.assuming(Duration::from_millis(declared.unwrap_or_default()))),
        None => builder,
    }
}

/// A client of a capability, with the options of the command line, this transport, and room for long responses.
pub(super) fn client(
    program: &Program,
    capability: &'static Capability,
    upstream: &Upstream,
    transport: Option<Arc<dyn Transport>>,
    room: Room,
) -> ClientBuilder<Connection> {
    let mut builder = addressed(program, capability, upstream);
    if let Some(transport) = transport {
        builder = builder.shared_transport(transport);
    }
    builder = builder.script_runners(upstream.scripts.clone());
    builder = builder.room(room).timeout(Duration::from_secs(upstream.call_timeout));
    if upstream.allow_dot_segments {
        builder = builder.allow_dot_segments();
    }
    #[cfg(feature = "otlp")]
    if super::otlp::is_enabled() {
        builder = builder.before(|_, headers| super::otlp::continue_upstream(headers));
    }
    builder
}

/// A client of a capability that knows from the command line and the environment where its requests go, and nothing else.
pub(super) fn addressed(
    program: &Program,
    capability: &'static Capability,
    upstream: &Upstream,
) -> ClientBuilder<Connection> {
    let environment = Environment::default().with_folder(upstream.bind_files.clone());
    let mut builder = ClientBuilder::<Connection>::new(capability).from_environment(environment);
    let is_of = |namespace: &str, capability: &Capability| capability.apis.iter().any(|api| api.namespace == namespace);
    for uri in members(&upstream.base_uri) {
        builder = match uri.split_once('=') {
            // Skips base URIs of other capabilities' APIs. Any capability reports an unknown namespace.
            Some((namespace, _))
                if !is_of(namespace, capability)
                    && program.served().any(|served| is_of(namespace, &served.capability)) =>
            {
                builder
            }
            Some((namespace, uri)) if !namespace.contains("://") => builder.base_uri_of(namespace, uri),
            _ => builder.base_uri(uri),
        };
    }
    if upstream.allow_plain_http { builder.allow_plain_http() } else { builder }
}
