//! The way to the upstream. Below it is what reqwest is made of: its connections, its TLS and its decompression. What is left
//! out is what a server has no use for: redirects, for which reqwest reads the URI of every request twice more and copies its
//! headers, and repetitions of its own. That is a fifth of the time that a request takes.

use std::env;
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::ResponseBuilderExt as _;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tower::Service as _;
use tower_http::decompression::Decompression;

use crate::client::{Attempt, BoxFuture, CONNECT_TIMEOUT, Transport, TransportError, install_crypto_provider};

/// When a connection that lies idle is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Where a proxy may be named. reqwest knows how to talk to one.
const PROXIES: [&str; 6] = ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];

/// A pool of connections.
pub(super) struct Direct(Decompression<Client<HttpsConnector<HttpConnector>, reqwest::Body>>);

/// Whom the system trusts. None where reqwest has to go the way: through a proxy, with the TLS of the operating system, or
/// to say what is wrong with the certificates.
pub(super) fn trust() -> Option<ClientConfig> {
    install_crypto_provider();
    let proxied = PROXIES.iter().any(|name| env::var_os(name).is_some_and(|proxy| !proxy.is_empty()));
    let provider = CryptoProvider::get_default().filter(|_| !proxied)?;
    let settings = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().ok()?;
    Some(settings.with_platform_verifier().ok()?.with_no_client_auth())
}

impl Direct {
    pub(super) fn new(trust: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEPALIVE));
        let tls = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http().enable_all_versions();
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).timer(TokioTimer::new());
        Self(Decompression::new(client.build(tls.wrap_connector(tcp))))
    }
}

impl Transport for Direct {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        _: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        Box::pin(async move {
            let url = request.url().clone();
            let mut request: http::Request<reqwest::Body> = request.try_into()?;
            request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
            let (head, body) = match self.0.clone().call(request).await {
                Ok(answer) => answer.into_parts(),
                Err(error) if error.is_connect() => return Err(TransportError::connect(error)),
                Err(error) => return Err(TransportError::broken(error)),
            };
            let answer = http::Response::builder().url(url).body(reqwest::Body::wrap(body));
            let mut answer = answer.map_err(TransportError::broken)?;
            *answer.status_mut() = head.status;
            *answer.version_mut() = head.version;
            *answer.headers_mut() = head.headers;
            Ok(answer.into())
        })
    }
}
