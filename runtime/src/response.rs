//! A successful answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Answer, Error, ErrorKind, Phase};
use crate::headers::{content_type, request_id};

/// The upstream's answer to a call that succeeded (any 2xx status).
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    body: T,
}

impl<T> Response<T> {
    /// The answer to an attempt, which is counted from 1.
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, attempts: u32, body: T) -> Self {
        Self { status, headers, attempts, body }
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

    /// How many attempts the call took.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The same answer with something else made of its body.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Response<U> {
        let Self { status, headers, attempts, body } = self;
        Response { status, headers, attempts, body: make(body) }
    }

    pub(crate) fn body_mut(&mut self) -> &mut T {
        &mut self.body
    }

    /// The answer without its body, and the body.
    pub(crate) fn split(self) -> (Response<()>, T) {
        let Self { status, headers, attempts, body } = self;
        (Response { status, headers, attempts, body: () }, body)
    }

    /// What makes up the answer: status, headers, body.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, T) {
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
        let decoded = if self.body.is_empty() {
            Ok(Value::Null)
        } else if json && !is_plain_text(&self.headers) {
            from_json(&self.body)
        } else {
            Ok(Value::String(String::from_utf8_lossy(&self.body).into_owned()))
        };
        self.with(operation, decoded)
    }

    /// Decodes the body into a type of the caller's. One that is not there is null.
    pub(crate) fn decoded<T: DeserializeOwned>(self, operation: &'static str) -> Result<Response<T>, Error> {
        let decoded = self.json();
        self.with(operation, decoded)
    }

    /// The body as a type of yours: for operations that answer different things with different statuses.
    ///
    /// # Errors
    /// When it does not fit. The error says where, and quotes nothing.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        from_json(body)
    }

    fn with<T>(self, operation: &'static str, decoded: Result<T, JsonError>) -> Result<Response<T>, Error> {
        match decoded {
            Ok(decoded) => Ok(self.map(|_| decoded)),
            Err(error) => Err(self.misfit(operation, error)),
        }
    }

    /// The error of an answer that cannot be read.
    pub(crate) fn misfit(self, operation: &'static str, error: JsonError) -> Error {
        let Self { status, headers, attempts, body } = self;
        let misfit = Error::new(operation, ErrorKind::Decode, Phase::Decode).caused_by(error.into());
        misfit.answered(Answer { status, headers, body }).after(attempts)
    }
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(without_mark(json)).map_err(|error| JsonError::of(&error))
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

/// Where JSON is malformed, or how it differs from what was expected. It quotes nothing of the document, which may hold
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    what: String,
    /// Line and column, where they are known.
    place: Option<(usize, usize)>,
}

impl JsonError {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let what = if error.is_data() { difference(&error.to_string()) } else { "malformed JSON".to_owned() };
        Self { what, place: Some((error.line(), error.column())).filter(|(line, _)| *line > 0) }
    }

    /// The same, of this item of a list, counted from 1.
    pub(crate) fn of_item(error: &serde_json::Error, number: usize) -> Self {
        let Self { what, place } = Self::of(error);
        Self { what: format!("item {number}: {what}"), place }
    }
}

/// What a message of serde says of the type that was expected. What it says of the document is left out.
fn difference(message: &str) -> String {
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    let starts = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];
    if let Some(field) = quoted("missing field `") {
        return format!("the field `{field}` is missing");
    }
    let expected = message.rsplit_once(", expected ").filter(|_| starts.iter().any(|start| message.starts_with(start)));
    match expected {
        // The place follows, where there is one.
        Some((_, expected)) => {
            let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
            format!("JSON of another type than expected, which is {expected}")
        }
        None => "JSON of another type than expected".to_owned(),
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        match self.place {
            Some((line, column)) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}
