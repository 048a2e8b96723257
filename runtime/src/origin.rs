//! Under which names a server is reached, and from where pages may call it.

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Hosts and origins that a server knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Values of `Host`, with or without port.
    pub(crate) hosts: Vec<String>,
    /// Values of `Origin`, as `scheme://host:port` with `*` for any port.
    pub(crate) origins: Vec<String>,
}

impl Known {
    /// Whether the request is for one of the hosts. Another one is a sign of DNS rebinding.
    pub(crate) fn host(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let host = text(headers, &HOST).or_else(|| uri.authority().map(Authority::as_str));
        host.is_some_and(|host| self.knows_host(host))
    }

    /// Whether the request is from a page of one of the origins, or from no page.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> bool {
        let known = |origin| is_among(origin, &self.origins);
        !headers.contains_key(ORIGIN) || text(headers, &ORIGIN).is_some_and(known)
    }

    fn knows_host(&self, host: &str) -> bool {
        let known = |name: &str| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        // Most are among them as they stand, with a port.
        if known(host) || host.rsplit_once(':').is_some_and(|(name, port)| known(name) && port.parse::<u16>().is_ok()) {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        known(name)
    }
}

/// Whether an origin is one of those, which are `scheme://host:port` with `*` for any port.
pub(crate) fn is_among(origin: &str, those: &[String]) -> bool {
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
