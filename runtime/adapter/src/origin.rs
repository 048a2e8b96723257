//! The host names of a server, and the origins whose pages may call it.

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// The hosts and origins that a server accepts.
#[derive(Clone, Debug)]
pub struct Known {
    /// Values of `Host`, with or without port.
    pub hosts: Vec<String>,
    /// Values of `Origin`, as `scheme://host:port` with `*` for any port.
    pub origins: Vec<String>,
}

impl Known {
    /// Whether the request is for one of the hosts. Another host is a sign of DNS rebinding.
    pub fn host(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let host = text(headers, &HOST).or_else(|| uri.authority().map(Authority::as_str));
        host.is_some_and(|host| self.knows_host(host))
    }

    /// Whether the request is from a page of one of the origins, or has no `Origin`.
    pub fn origin(&self, headers: &HeaderMap) -> bool {
        let known = |origin| is_among(origin, &self.origins);
        !headers.contains_key(ORIGIN) || text(headers, &ORIGIN).is_some_and(known)
    }

    fn knows_host(&self, host: &str) -> bool {
        let known = |name: &str| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        // Most values match without parsing, after removing the port.
        if known(host) || host.rsplit_once(':').is_some_and(|(name, port)| known(name) && port.parse::<u16>().is_ok()) {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        known(name)
    }
}

/// Whether an origin is in a list of `scheme://host:port`, with `*` for any port.
pub fn is_among(origin: &str, accepted: &[String]) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    let any = format!("{scheme}://{host}:*");
    let exact = format!("{scheme}://{host}:{port}");
    accepted.iter().any(|known| known.eq_ignore_ascii_case(&any) || known.eq_ignore_ascii_case(&exact))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
