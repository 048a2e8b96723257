//! The words of the format for methods, types and locations, and the syntax of base URIs.

use std::net::IpAddr;

use naftiko_schema::http::{is_dots, is_framing};
use naftiko_schema::{Kind, Location, Method};

use crate::codes::Code;
use crate::diagnostic::{Sink, nearest};
use crate::percent::{encode_rest, is_in_path};
use crate::read::document::Text;

/// Where parameters are, as `in` says it.
pub(crate) const PLACES: [&str; 6] = ["path", "query", "header", "cookie", "body", "formData"];

/// Reads the `in` of a parameter. `environment` parameters are no part of a request and are refused.
pub(crate) fn location(text: Option<&Text>, sink: &mut Sink) -> Option<Location> {
    let text = text?;
    match text.value.as_str() {
        "path" => Some(Location::Path),
        "query" => Some(Location::Query),
        "header" => Some(Location::Header),
        "cookie" => Some(Location::Cookie),
        "body" | "formData" => Some(Location::Body),
        other => {
            let help = "use `path`, `query`, `header`, `cookie`, `body` or `formData`";
            let meant = nearest(other, PLACES);
            let report =
                sink.report(Code::Unsupported, text.span, format!("parameters in `{other}` are not supported"));
            report.nearest(text.span, other, meant, help);
            None
        }
    }
}

/// The base URI without trailing slash; `None` if it has placeholders, so that the operator must set it.
pub(crate) fn base_uri(text: &str) -> Result<Option<String>, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.contains(['{', '}', '$']) {
        return Ok(None);
    }
    let http = |scheme: &str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| http(scheme)) else {
        return Err("does not start with `http://` or `https://`");
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !is_authority(authority) {
        return Err("has no valid host");
    }
    let is_blank = |c: char| c.is_whitespace() && c != ' ';
    let in_path = |c: char| !c.is_control() && !is_blank(c) && !is_invisible(c) && !"?#\\\"<>|^`".contains(c);
    if !path.chars().all(in_path) || path.split('/').any(is_dots) {
        return Err("has a query, a fragment or characters that are not allowed");
    }
    let before = text.strip_suffix(path).unwrap_or(text);
    Ok(Some((before.to_owned() + &encode_rest(path, is_in_path)).trim_end_matches('/').to_owned()))
}

/// Whether a text is a host with an optional port, and no user (RFC 3986 §3.2).
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let address = address.parse::<std::net::Ipv6Addr>().is_ok();
            (if address { "ipv6" } else { "" }, port.strip_prefix(':').or(port.is_empty().then_some("80")))
        }
        None => text.split_once(':').map_or((text, Some("80")), |(host, port)| (host, Some(port))),
    };
    let port = port.and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port > 0);
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    port && !host.is_empty() && host.chars().all(in_name)
}

/// The host of a URI, without port and in no brackets.
pub(crate) fn host(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The words for types.
pub(crate) const KINDS: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

/// The type that a parameter's `type` names. Without one, any value is taken.
pub(crate) fn kind(text: Option<&Text>) -> Option<Kind> {
    let Some(text) = text else { return Some(Kind::Any) };
    match text.value.as_str() {
        "string" => Some(Kind::String),
        "integer" => Some(Kind::Integer),
        "number" => Some(Kind::Number),
        "boolean" => Some(Kind::Boolean),
        "array" => Some(Kind::Array),
        "object" => Some(Kind::Object),
        "any" => Some(Kind::Any),
        _ => None,
    }
}

/// Reads an HTTP method; `GET` where none is given. Others than those of the format are refused.
pub(crate) fn method(text: Option<&Text>, sink: &mut Sink) -> Option<Method> {
    let Some(text) = text else { return Some(Method::Get) };
    let method = Method::ALL.into_iter().find(|method| text.value.eq_ignore_ascii_case(method.as_str()));
    if method.is_none() {
        let help = "use GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE";
        let meant = nearest(&text.value, Method::ALL.map(Method::as_str));
        let report = sink.report(Code::UnknownMethod, text.span, format!("unsupported HTTP method `{}`", text.value));
        report.nearest(text.span, &text.value, meant, help);
    }
    method
}

/// Whether a header is the HTTP client's own to set: what frames the message, what the client can decode, and what waits for
/// or authenticates to a proxy (RFC 9110 §10.1.1, §11.7.2, §12.5.3).
pub(crate) fn is_reserved_header(name: &str) -> bool {
    is_framing(name)
        || ["accept-encoding", "expect", "proxy-authorization"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a name can be that of a header or cookie (RFC 9110 §5.6.2, RFC 6265 §4.1.1).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Whether a text has only characters of ASCII that are printed, as most have.
pub(crate) fn is_printed(text: &str) -> bool {
    // That is seen for many bytes at once, as long as none of them ends the search.
    text.bytes().fold(true, |is_printed, byte| is_printed & matches!(byte, b' '..=b'~'))
}

/// Whether a character takes no room or turns the direction of text: code and documentation with it do not say what
/// they seem to (Unicode TR 36; rustc refuses some of them).
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
