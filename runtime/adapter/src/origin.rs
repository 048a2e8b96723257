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
    let Some((site, port)) = parts(origin) else { return false };
    let (any, exact) = (format!("{site}:*"), format!("{site}:{port}"));
    accepted.iter().any(|known| known.eq_ignore_ascii_case(&any) || known.eq_ignore_ascii_case(&exact))
}

/// An origin as `scheme://host:port`, with the default port of its scheme unless it has one, or `*` for any port. `None` if
/// no request has such an origin (RFC 6454 §6.1).
pub fn canonical(origin: &str) -> Option<String> {
    let (text, any) = origin.strip_suffix(":*").map_or((origin, false), |text| (text, true));
    let (site, port) = parts(text)?;
    let is_whole = text.eq_ignore_ascii_case(&site) || (!any && text.eq_ignore_ascii_case(&format!("{site}:{port}")));
    (is_whole && !site.contains('*')).then(|| if any { format!("{site}:*") } else { format!("{site}:{port}") })
}

/// The scheme and host of an origin, and its port.
fn parts(origin: &str) -> Option<(String, u16)> {
    let uri = origin.parse::<Uri>().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((format!("{scheme}://{host}"), port))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
