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

/// Seconds of a field (RFC 9111 §1.2.2). More than can be counted is as much as can be.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)).min(u32::MAX.into())))
}

/// How long the upstream asks to wait: seconds, or a date (RFC 9110 §10.2.3). A date is relative to the response's `Date` if
/// it has one, because clocks differ.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(wait) = seconds(text) {
        return Some(wait);
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let due = date(text)?;
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or_else(SystemTime::now);
    // A date in the past means no wait.
    Some(due.duration_since(now).unwrap_or_default())
}
