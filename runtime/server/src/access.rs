//! Which hosts and origins may reach the server. The server holds a credential, and any web page can send requests to this
//! machine.

use std::sync::Arc;

use axum::extract::Request;
use http::header::{HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use naftiko_adapter::origin::{Known, is_among, is_navigation};
use naftiko_mcp::HttpOptions;
use naftiko_rest::__private::Problem;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::cli::Serve;
use super::list::members;

/// The hosts and origins that are accepted.
#[derive(Clone)]
pub(super) struct Access(Arc<Inner>);

struct Inner {
    known: Known,
    /// Only a server that listens on loopback knows all its host names.
    check_host: bool,
}

impl Access {
    pub(super) fn new(options: &Serve) -> Self {
        let HttpOptions { allowed_hosts: mut hosts, allowed_origins: mut origins, .. } = HttpOptions::default();
        hosts.extend(members(&options.allowed_host).cloned());
        if options.tls_certificate.is_some() {
            // The server's own pages have this origin.
            let secure =
                origins.iter().filter_map(|origin| Some(format!("https://{}", origin.strip_prefix("http://")?)));
            origins.extend(secure.collect::<Vec<_>>());
        }
        origins.extend(members(&options.allowed_origin).cloned());
        if !options.address.is_unspecified() {
            hosts.push(options.address.to_string());
        }
        Self(Arc::new(Inner { known: Known { hosts, origins }, check_host: options.address.is_loopback() }))
    }

    /// Lets pages of the allowed origins read responses (Fetch, "CORS protocol"); without allowed origins, no page may.
    pub(super) fn cors(&self, options: &Serve) -> Option<CorsLayer> {
        let named: Vec<String> = members(&options.allowed_origin).cloned().collect();
        let known = move |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(|origin| is_among(origin, &named));
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(known))
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([RETRY_AFTER, LOCATION, WWW_AUTHENTICATE, HeaderName::from_static("x-request-id")]);
        (!options.allowed_origin.is_empty()).then_some(layer)
    }

    /// Whether [`check`](Self::check) includes the host.
    pub(super) fn checks_hosts(&self) -> bool {
        self.0.check_host
    }

    /// The same rules for the MCP endpoint, which always checks the host.
    pub(super) fn mcp(&self, cancellation: CancellationToken) -> HttpOptions {
        let Known { hosts, origins } = self.0.known.clone();
        HttpOptions { allowed_hosts: hosts, allowed_origins: origins, cancellation }
    }

    /// Rejects requests for unknown hosts, a sign of DNS rebinding, and from pages of unknown origins. A link may lead to a
    /// page of this server.
    pub(super) fn check(&self, request: &Request, is_page: impl Fn(&Request) -> bool) -> Result<(), Problem> {
        let Inner { known, check_host } = &*self.0;
        if *check_host && !known.host(request.headers(), request.uri()) {
            let detail = "unknown Host; see --allowed-host";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let is_link = || is_navigation(request.headers()) && is_page(request);
        if !known.origin(request.headers()) && !is_link() {
            let detail = "pages of this origin are not allowed to call this server; see --allowed-origin";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(())
    }
}
