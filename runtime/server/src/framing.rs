//! Requests that others might understand differently: how long their body is, whom they are for, and what a field says.

use axum::extract::Request;
use http::header::{self, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{StatusCode, Version};
use naftiko_rest::__private::Problem;

use super::heads::Lengths;
use super::turns::Turn;

/// Fields with one value, of which a request must have one at most (RFC 9110 §5.3).
const SINGLE: [HeaderName; 16] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    header::ORIGIN,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::RANGE,
    header::IF_RANGE,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::REFERER,
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("x-http-method-override"),
];
/// So begin the names of more such fields.
const SINGLE_FAMILIES: [&str; 2] = ["mcp-", "sec-fetch-"];

/// Rejects ambiguous requests.
pub(super) fn check(request: &Request, credentials: &[HeaderName], turn: &Turn) -> Result<(), Problem> {
    let fields = request.headers();
    let ambiguous = |detail: String| Err(closing(StatusCode::BAD_REQUEST, detail));
    // Almost no request has a field twice.
    if fields.len() > fields.keys_len()
        && let Some(name) = repeated(fields, credentials)
    {
        return ambiguous(format!("the request has more than one `{name}`"));
    }
    let host = fields.get(HOST).map(HeaderValue::as_bytes);
    if host.is_none() && request.version() == Version::HTTP_11 {
        return ambiguous("the request has no `Host`".to_owned());
    }
    if let Some(target) = request.uri().authority()
        && host.is_some_and(|host| !host.eq_ignore_ascii_case(target.as_str().as_bytes()))
    {
        return ambiguous("the target of the request and `Host` name two hosts".to_owned());
    }
    let lengths = turn.lengths();
    if lengths == Lengths::Several {
        return ambiguous("the request has more than one `content-length`".to_owned());
    }
    if fields.contains_key(TRANSFER_ENCODING) {
        check_codings(fields)?;
        if lengths != Lengths::None {
            return ambiguous(
                "the request has a `Transfer-Encoding` beside a `Content-Length`, or is pipelined".to_owned(),
            );
        }
    }
    Ok(())
}

/// A field that must not be repeated, but is.
fn repeated<'f>(fields: &'f HeaderMap, credentials: &[HeaderName]) -> Option<&'f HeaderName> {
    let is_single = |name: &HeaderName| {
        let is_of_family = SINGLE_FAMILIES.iter().any(|start| name.as_str().starts_with(start));
        is_of_family || SINGLE.contains(name) || credentials.contains(name)
    };
    fields.keys().find(|name| is_single(name) && fields.get_all(*name).iter().count() > 1)
}

/// Rejects transfer codings other than `chunked`, whose content would be taken for the body itself (RFC 9112 §6.1).
fn check_codings(fields: &HeaderMap) -> Result<(), Problem> {
    let values = fields.get_all(TRANSFER_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings: Vec<_> =
        values.flat_map(|value| value.split(',')).map(str::trim).filter(|coding| !coding.is_empty()).collect();
    let is_chunked = |coding: &&str| coding.eq_ignore_ascii_case("chunked");
    let (status, detail) = match codings.as_slice() {
        [] => return Ok(()),
        [only] if is_chunked(only) => return Ok(()),
        all if all.iter().all(is_chunked) => (StatusCode::BAD_REQUEST, "the body is chunked more than once"),
        _ => (StatusCode::NOT_IMPLEMENTED, "the only supported transfer coding is `chunked`"),
    };
    Err(closing(status, detail))
}

/// A problem after which the connection ends.
fn closing(status: StatusCode, detail: impl Into<String>) -> Problem {
    Problem::new(status, detail).header(CONNECTION, HeaderValue::from_static("close"))
}
