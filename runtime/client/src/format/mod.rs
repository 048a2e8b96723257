//! Decoding response bodies, by their format.

#![cfg_attr(
    not(feature = "formats"),
    allow(dead_code, unused_variables, reason = "each format uses some of what all of them share")
)]

#[cfg(feature = "format-avro")]
mod avro;
#[cfg(feature = "format-avro")]
mod avro_codec;
#[cfg(feature = "format-avro")]
mod avro_file;
mod charset;
mod error;
#[cfg(feature = "format-html")]
mod html;
#[cfg(feature = "format-markdown")]
mod markdown;
#[cfg(feature = "format-protobuf")]
mod protobuf;
#[cfg(feature = "format-csv")]
mod rows;
#[cfg(any(
    feature = "format-avro",
    feature = "format-csv",
    feature = "format-html",
    feature = "format-markdown",
    feature = "format-protobuf"
))]
mod table;
#[cfg(feature = "format-xml")]
mod xml;
#[cfg(feature = "format-yaml")]
mod yaml;
#[cfg(feature = "format-yaml")]
mod yaml_scalar;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use naftiko_schema::Format;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::headers::content_type;
use crate::json_error::JsonError;
use crate::transport::BoxError;
pub(crate) use error::FormatError;

/// How the text of a number, which is one of JSON, becomes a value. A [`Value`] alone would lose digits of some.
pub(crate) type Number = fn(&str) -> Value;

/// Decodes a body. An empty body is null for any headers: a 204 may declare JSON.
pub(crate) fn decode<T: DeserializeOwned>(format: &Format, headers: &HeaderMap, body: &[u8]) -> Result<T, BoxError> {
    if body.is_empty() {
        return Ok(from_nothing()?);
    }
    if format.is_converted() {
        return Ok(from_value(document(format, headers, body, number)?)?);
    }
    let decoded = charset::utf8(headers, body);
    // What is no document may be anything.
    let body = &*if format.is_json() { decoded? } else { decoded.unwrap_or(body.into()) };
    Ok(match format {
        Format::Json if without_byte_order_mark(body).trim_ascii() == b"null" => from_nothing(),
        Format::Json if !is_plain_text(headers) => from_json(body),
        // A text is tried first, because it may look like JSON.
        Format::Json => {
            from_value(Value::String(String::from_utf8_lossy(body).into_owned())).or_else(|_| from_json(body))
        }
        _ => from_value(Value::String(String::from_utf8_lossy(body).into_owned())),
    }?)
}

/// A number as a [`Value`] has it.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A body as UTF-8. One whose charset is not known, or not its own, stays as it is.
pub(crate) fn in_utf8<'b>(headers: &HeaderMap, body: &'b [u8]) -> Cow<'b, [u8]> {
    charset::utf8(headers, body).unwrap_or(Cow::Borrowed(body))
}

/// Makes a body UTF-8, and its media type say so. One whose charset is not known, or not its own, stays as it is.
pub(crate) fn to_utf8(headers: &mut HeaderMap, body: &mut Bytes) {
    let Cow::Owned(text) = in_utf8(headers, body) else { return };
    *body = text.into();
    let Some(essence) = content_type(headers).and_then(|media_type| media_type.split(';').next()) else { return };
    // JSON is in UTF-8, whatever its media type says (RFC 8259 §8.1, §11).
    let charset = if essence.trim().to_ascii_lowercase().ends_with("json") { "" } else { "; charset=utf-8" };
    if let Ok(media_type) = HeaderValue::from_str(&format!("{essence}{charset}")) {
        headers.insert(CONTENT_TYPE, media_type);
    }
}

/// The most levels that a document has, as in JSON that is read.
const MAX_DEPTH: usize = 127;

/// What is wrong with documents that have more.
const TOO_DEEP: &str = "it is nested too deeply";

/// A number of a binary format. What JSON does not have is a text, as in the JSON of Protobuf.
#[cfg(any(feature = "format-avro", feature = "format-protobuf"))]
fn float(value: f64, text: String, number: Number) -> Value {
    if value.is_finite() {
        number(&text)
    } else if value.is_nan() {
        "NaN".into()
    } else {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.into()
    }
}

/// Whether a value inside of this many others has too many levels.
fn is_too_deep(value: &Value, outside: usize) -> bool {
    outside > MAX_DEPTH
        || match value {
            Value::Array(items) => items.iter().any(|item| is_too_deep(item, outside + 1)),
            Value::Object(members) => members.values().any(|member| is_too_deep(member, outside + 1)),
            _ => false,
        }
}

/// The document that a body in a [converted](Format::is_converted) format is.
///
/// # Errors
/// If the body is not in the format, or this build cannot read it.
pub(crate) fn document(
    format: &Format,
    headers: &HeaderMap,
    body: &[u8],
    number: Number,
) -> Result<Value, FormatError> {
    match format {
        #[cfg(feature = "format-avro")]
        Format::Avro(schema) => match avro_file::is_file(body) {
            false => avro::read(body, schema, number),
            // A datum may begin as files do.
            true => avro_file::read(body, number).or_else(|error| avro::read(body, schema, number).map_err(|_| error)),
        },
        #[cfg(feature = "format-avro")]
        Format::AvroFile => avro_file::read(body, number),
        #[cfg(feature = "format-protobuf")]
        Format::Protobuf(descriptor) => protobuf::read(body, descriptor, number),
        #[cfg(feature = "format-csv")]
        Format::Rows(separator) => rows::read(*separator, &charset::text("CSV", None, headers, body)?),
        #[cfg(feature = "format-yaml")]
        Format::Yaml => yaml::read(&charset::text("YAML", None, headers, body)?, number),
        #[cfg(feature = "format-html")]
        Format::Html(selectors) => {
            let declared = html::declared_charset(body);
            html::read(&charset::text(html::NAME, declared.as_deref(), headers, body)?, selectors)
        }
        #[cfg(feature = "format-markdown")]
        Format::Markdown(prefix) => {
            markdown::read(&charset::text(markdown::NAME, None, headers, body)?, prefix, number)
        }
        #[cfg(feature = "format-xml")]
        Format::Xml => xml::read(&charset::text(xml::NAME, xml::declared_charset(body), headers, body)?),
        _ => Err(FormatError::new("response", "this program is built without its format", None)),
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

/// Some APIs declare JSON and respond with `text/plain` (a stored file, for example). The text is then the value, unless the type
/// that it is decoded into cannot be a text: others serve JSON as text.
pub fn is_plain_text(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|media_type| media_type.to_ascii_lowercase().starts_with("text/plain"))
}
