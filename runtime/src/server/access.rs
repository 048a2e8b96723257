//! Who may talk to the server: it holds a credential, and any web page can send requests to this machine.

use std::sync::Arc;

use axum::extract::Request;
use http::header::{HOST, HeaderValue, LOCATION, ORIGIN, RETRY_AFTER};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::cli::Serve;
use crate::mcp::HttpOptions;
use crate::rest::Problem;

/// The hosts and origins that are accepted.
#[derive(Clone)]
pub(super) struct Access(Arc<Inner>);

struct Inner {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Only a server that nobody else can reach knows all names under which it is reached.
    check_host: bool,
}

impl Access {
    pub(super) fn new(options: &Serve) -> Self {
        let HttpOptions { allowed_hosts: mut hosts, allowed_origins: mut origins, .. } = HttpOptions::default();
        hosts.extend(options.allowed_host.iter().cloned());
        if options.tls_certificate.is_some() {
            // Its own pages come from there.
            let secure =
                origins.iter().filter_map(|origin| Some(format!("https://{}", origin.strip_prefix("http://")?)));
            origins.extend(secure.collect::<Vec<_>>());
        }
        origins.extend(options.allowed_origin.iter().cloned());
        if !options.address.is_unspecified() {
            hosts.push(options.address.to_string());
        }
        Self(Arc::new(Inner { hosts, origins, check_host: options.address.is_loopback() }))
    }

    /// Lets pages of the origins that were named read answers (Fetch, "CORS protocol"); without any, no page may.
    pub(super) fn cors(&self, options: &Serve) -> Option<CorsLayer> {
        let named: Vec<String> = options.allowed_origin.clone();
        let known = move |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(|origin| is_among(origin, &named));
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(known))
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([RETRY_AFTER, LOCATION, HeaderName::from_static("x-request-id")]);
        (!options.allowed_origin.is_empty()).then_some(layer)
    }

    /// The same rules for MCP, whose transport applies them itself.
    pub(super) fn mcp(&self, cancellation: CancellationToken) -> HttpOptions {
        HttpOptions { allowed_hosts: self.0.hosts.clone(), allowed_origins: self.0.origins.clone(), cancellation }
    }

    /// Refuses requests for foreign hosts, a sign of DNS rebinding, and from foreign origins.
    pub(super) fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let host = text(headers, &HOST).or_else(|| request.uri().authority().map(Authority::as_str));
        if self.0.check_host && !host.is_some_and(|host| self.knows_host(host)) {
            let detail = "the Host is not one of this server's; see --allowed-host";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        if headers.contains_key(ORIGIN) && !text(headers, &ORIGIN).is_some_and(|origin| self.knows_origin(origin)) {
            let detail = "pages of this origin may not call this server; see --allowed-origin";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(())
    }

    fn knows_host(&self, host: &str) -> bool {
        let known = |name: &str| self.0.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        // Most are among them as they stand, with a port.
        if known(host) || host.rsplit_once(':').is_some_and(|(name, port)| known(name) && port.parse::<u16>().is_ok()) {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        known(name)
    }

    fn knows_origin(&self, origin: &str) -> bool {
        is_among(origin, &self.0.origins)
    }
}

/// Whether an origin is one of those, which are `scheme://host:port` with `*` for any port.
fn is_among(origin: &str, those: &[String]) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    let any = format!("{scheme}://{host}:*");
    let exact = format!("{scheme}://{host}:{port}");
    those.iter().any(|known| known.eq_ignore_ascii_case(&any) || known.eq_ignore_ascii_case(&exact))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
