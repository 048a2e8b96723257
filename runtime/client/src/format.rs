//! Decoding response bodies, by their format.

use http::HeaderMap;
use naftiko_schema::Format;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::headers::content_type;
use crate::json_error::JsonError;

/// Decodes a body. An empty body is null for any headers: a 204 may declare JSON.
pub(crate) fn decode<T: DeserializeOwned>(format: Format, headers: &HeaderMap, body: &[u8]) -> Result<T, JsonError> {
    match format {
        Format::Json if body.is_empty() || without_byte_order_mark(body).trim_ascii() == b"null" => from_nothing(),
        Format::Any if body.is_empty() => from_nothing(),
        Format::Json if !is_plain_text(headers) => from_json(body),
        Format::Json | Format::Any => from_value(Value::String(String::from_utf8_lossy(body).into_owned())),
    }
}

/// Decodes null. Models take it for an object or a list with nothing in it, as they take a member that is null.
fn from_nothing<T: DeserializeOwned>() -> Result<T, JsonError> {
    let empty = [Value::Object(Map::new()), Value::Array(Vec::new())];
    from_value(Value::Null).or_else(|error| empty.into_iter().find_map(|empty| from_value(empty).ok()).ok_or(error))
}

/// Decodes a JSON value.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    serde_json::from_value(value).map_err(|error| JsonError::of(&error))
}

/// Decodes JSON.
pub(crate) fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(without_byte_order_mark(json)).map_err(|error| JsonError::of(&error))
}

/// Whether a body is JSON, even if `Value` cannot represent it: huge numbers, lone surrogates, deep nesting.
pub fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(without_byte_order_mark(body)).is_ok()
}

/// JSON without the byte order mark that some servers send (RFC 8259 §8.1 allows ignoring it).
pub fn without_byte_order_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// Whether a response is a stream of events or parts, which may have no end and is never one document.
pub(crate) fn is_stream(headers: &HeaderMap) -> bool {
    let media_type = content_type(headers).unwrap_or_default().trim_start();
    ["text/event-stream", "multipart/x-mixed-replace"].iter().any(|stream| {
        let Some((essence, parameters)) = media_type.split_at_checked(stream.len()) else { return false };
        essence.eq_ignore_ascii_case(stream) && matches!(parameters.trim_start().as_bytes(), [] | [b';', ..])
    })
}

/// Some APIs declare JSON and respond with `text/plain` (a stored file, for example). The text is then the value.
pub fn is_plain_text(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|media_type| media_type.to_ascii_lowercase().starts_with("text/plain"))
}
