//! A successful answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Answer, Error, ErrorKind, Phase, request_id};

/// The upstream's answer to a call that succeeded (any 2xx status).
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    body: T,
}

impl<T> Response<T> {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: T) -> Self {
        Self { status, headers, body }
    }

    /// The upstream's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The upstream's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The upstream's request id, where it gave one.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The body. An empty body, such as that of a 204, decodes to JSON null.
    pub fn body(&self) -> &T {
        &self.body
    }

    #[cfg(feature = "rest")]
    pub(crate) fn into_parts(self) -> (StatusCode, HeaderMap, T) {
        (self.status, self.headers, self.body)
    }

    /// The body, taken out of the answer.
    pub fn into_body(self) -> T {
        self.body
    }
}

impl Response<Bytes> {
    /// Decodes the body. Whether there is one decides its length: a 204 may well claim to be JSON.
    pub(crate) fn decode(self, operation: &'static str, json: bool) -> Result<Response<Value>, Error> {
        let Self { status, headers, body } = self;
        let decoded = if body.is_empty() {
            Ok(Value::Null)
        } else if json && !is_plain_text(&headers) {
            from_json(operation, &body)
        } else {
            Ok(Value::String(String::from_utf8_lossy(&body).into_owned()))
        };
        Self { status, headers, body }.with(decoded)
    }

    /// Decodes the body into a type of the caller's. One that is not there is null.
    pub(crate) fn decoded<T: DeserializeOwned>(self, operation: &'static str) -> Result<Response<T>, Error> {
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        let decoded = from_json(operation, body);
        self.with(decoded)
    }

    /// The body as a type of yours: for operations that answer different things with different statuses.
    ///
    /// # Errors
    /// When it does not fit. The error says where, and quotes nothing.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        serde_json::from_slice(without_mark(body)).map_err(|error| JsonError::of(&error))
    }

    fn with<T>(self, decoded: Result<T, Error>) -> Result<Response<T>, Error> {
        let Self { status, headers, body } = self;
        match decoded {
            Ok(body) => Ok(Response { status, headers, body }),
            Err(error) => Err(error.answered(Answer { status, headers, body })),
        }
    }
}

fn from_json<T: DeserializeOwned>(operation: &'static str, json: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(without_mark(json)).map_err(|error| {
        Error::new(operation, ErrorKind::Decode, Phase::Decode).caused_by(JsonError::of(&error).into())
    })
}

#[cfg(any(feature = "rest", feature = "mcp"))]
impl Response<Bytes> {
    /// Decodes a body from which a document is to be made: JSON counts there, whatever the content type says.
    pub(crate) fn document(self, operation: &'static str, json: bool) -> Result<Response<Value>, Error> {
        let mut decoded = self.decode(operation, json)?;
        if let Value::String(text) = &decoded.body
            && let Ok(document) = serde_json::from_str(text)
        {
            decoded.body = document;
        }
        Ok(decoded)
    }
}

/// Whether a body is JSON, even if of a kind that no value can hold: huge numbers, lone surrogates, deep nesting.
#[cfg(feature = "mcp")]
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(without_mark(body)).is_ok()
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body stay out: answers may carry secrets.
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

/// JSON without the byte order mark that some servers put before it (RFC 8259 §8.1 lets a reader ignore it).
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// Some APIs declare JSON and answer `text/plain` (a stored file, say); that text is the answer.
fn is_plain_text(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|media_type| media_type.to_ascii_lowercase().starts_with("text/plain"))
}

pub(crate) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::CONTENT_TYPE)?.to_str().ok()
}

/// Where JSON is malformed, or is not what was expected. It quotes nothing: documents may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    malformed: bool,
    line: usize,
    column: usize,
}

impl JsonError {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        Self { malformed: !error.is_data(), line: error.line(), column: error.column() }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.malformed { "malformed JSON" } else { "JSON of another type than expected" };
        write!(f, "{what} at line {}, column {}", self.line, self.column)
    }
}

impl std::error::Error for JsonError {}
