//! Parsing response headers.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// The `Content-Type` header.
pub fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::CONTENT_TYPE)?.to_str().ok()
}

/// The longest request id that is repeated, in bytes.
const ID_LIMIT: usize = 128;

/// The upstream's request id, if it sent one. It is repeated in messages, so it must look like one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let is_id = |id: &&str| id.len() <= ID_LIMIT && id.bytes().all(|byte| byte.is_ascii_graphic());
    headers.get("x-request-id")?.to_str().ok().filter(is_id)
}

/// How long the upstream asks to wait: seconds, or a date (RFC 9110 §10.2.3). A date is relative to the response's `Date` if
/// it has one, because clocks differ.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let due = date(text)?;
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or_else(SystemTime::now);
    // A date in the past means no wait.
    Some(due.duration_since(now).unwrap_or_default())
}
