//! The host names of a server, and the origins whose pages may call it.

use std::net::Ipv6Addr;

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Where a request of a browser comes from, and what it is for (W3C, "Fetch Metadata Request Headers").
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

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
        let target = uri.authority().map(Authority::as_str);
        let host = match values(headers, &HOST) {
            Values::None => target,
            Values::One(host) => Some(host),
            Values::Unclear => None,
        };
        // Both name the host if the target has the absolute form (RFC 9112 §3.2.2).
        host.is_some_and(|host| self.knows_host(host)) && target.is_none_or(|target| self.knows_host(target))
    }

    /// Whether the request is from a page of one of the origins, or from no page of another site.
    pub fn origin(&self, headers: &HeaderMap) -> bool {
        match values(headers, &ORIGIN) {
            Values::One(origin) => is_among(origin, &self.origins),
            Values::Unclear => false,
            // Pages of other sites get images, scripts and frames without `Origin`, and so does a link.
            Values::None => {
                matches!(values(headers, &FETCH_SITE), Values::None | Values::One("same-origin" | "none"))
            }
        }
    }

    fn knows_host(&self, host: &str) -> bool {
        let known = |name: &str| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        name_of(host).is_some_and(|name| known(name) || known(host))
    }
}

/// Whether a user follows a link to a page. Such a request has no `Origin`.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name, value| values(headers, &name) == Values::One(value);
    values(headers, &ORIGIN) == Values::None && is(FETCH_MODE, "navigate") && is(FETCH_DEST, "document")
}

/// The host in a value of `Host`: a name, an IPv4 address or an IPv6 address without brackets, before a port. `None` if the
/// value is anything else, for example has a user name (RFC 9110 §7.2).
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']')?;
            let _: Ipv6Addr = name.parse().ok()?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let is_port =
        |port: &str| port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    (!name.contains(['@', '/', '?', '#', '\\']) && port.is_none_or(is_port)).then_some(name)
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
    // Nothing else is part of an origin.
    let _ = name_of(origin.split_once("://")?.1)?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((format!("{scheme}://{host}"), port))
}

/// The values of a field that has one value.
#[derive(PartialEq, Eq)]
enum Values<'h> {
    None,
    One(&'h str),
    /// Several, or one that is no text.
    Unclear,
}

fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Values<'h> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Values::None };
    match value.to_str() {
        Ok(value) if values.next().is_none() => Values::One(value),
        _ => Values::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn known() -> Known {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Known {
            hosts: texts(&["localhost", "127.0.0.1", "::1", "mcp.example:8080"]),
            origins: texts(&["http://localhost:*", "http://[::1]:*", "https://app.example:443"]),
        }
    }

    fn fields(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        list.iter().map(field).collect()
    }

    #[test]
    fn only_whole_host_names_are_known() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:80", "mcp.example:8080"] {
            assert!(known().host(&fields(&[("host", host)]), &Uri::from_static("/x")), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil@localhost",
            "evil:80@localhost",
            "localhost@evil",
            "localhost.",
            "localhost.:80",
            "localhost:",
            "localhost:+80",
            "localhost:65536",
            "localhost:80:80",
            "localhost:x",
            "localhost:80/",
            "localhost/",
            "localhost,evil",
            "::1",
            "[::1%lo]",
            "[::1%25lo]:80",
            "[[::1]]",
            "[::1]80",
            "[::1",
            "::1]",
            "[localhost]",
            "mcp.example",
            "mcp.example:8081",
            "127.0.0.1.",
            "127.1",
            "evil",
            "localhost evil",
            "localhost#@evil",
            "localhost\\evil",
        ] {
            assert!(!known().host(&fields(&[("host", host)]), &Uri::from_static("/x")), "{host}");
        }
        assert!(!known().host(&fields(&[("host", "localhost"), ("host", "localhost")]), &Uri::from_static("/")));
        assert!(!known().host(&HeaderMap::new(), &Uri::from_static("/")));
    }

    #[test]
    fn target_in_absolute_form_names_a_known_host_too() {
        let host = fields(&[("host", "localhost")]);
        for (target, is_known) in [
            ("http://localhost/x", true),
            ("http://localhost:80/x", true),
            ("http://evil/x", false),
            ("http://evil@localhost/x", false),
            ("http://localhost./x", false),
        ] {
            assert_eq!(known().host(&host, &target.parse().expect("a URI")), is_known, "{target}");
        }
        assert!(known().host(&HeaderMap::new(), &Uri::from_static("http://localhost/x")));
        assert!(!known().host(&fields(&[("host", "evil")]), &Uri::from_static("http://localhost/x")));
    }

    #[test]
    fn pages_of_other_sites_are_unknown_with_and_without_origin() {
        let cases: [(&[(&str, &str)], bool); 16] = [
            (&[], true),
            (&[("origin", "http://localhost:3000")], true),
            (&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://evil@localhost:80")], false),
            (&[("origin", "http://localhost/evil")], false),
            (&[("origin", "http://localhost"), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], false),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], false),
            (&[("sec-fetch-site", "")], false),
            (&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], false),
        ];
        for (list, is_known) in cases {
            assert_eq!(known().origin(&fields(list)), is_known, "{list:?}");
        }
        let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(is_navigation(&fields(&link)));
        for (name, value) in [("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "no-cors"), ("origin", "null")] {
            let mut other = fields(&link);
            other.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert!(!is_navigation(&other), "{name}: {value}");
        }
    }
}
