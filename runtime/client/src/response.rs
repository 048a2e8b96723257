//! The response to a successful call.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use naftiko_schema::{Format, Operation};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Phase, UpstreamResponse};
use crate::format::{self, from_json};
use crate::headers::request_id;
use crate::json_error::JsonError;
use crate::transport::BoxError;

/// The upstream's response to a successful call (any 2xx status).
#[derive(Clone)]
pub struct Response<T> {
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
    body: T,
}

impl<T> Response<T> {
    /// The response to an attempt. `attempts` counts from 1.
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, attempts: u32, body: T) -> Self {
        Self { status, headers, attempts, body }
    }

    /// A response that this program makes itself.
    #[doc(hidden)]
    pub fn own(headers: HeaderMap, body: T) -> Self {
        Self::new(StatusCode::OK, headers, 0, body)
    }

    /// The upstream's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The upstream's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The upstream's request id (`x-request-id`), if it sent one.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The body. An empty body, such as that of a 204, decodes to JSON null.
    pub fn body(&self) -> &T {
        &self.body
    }

    /// The number of attempts of the call.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The same response with its body converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Response<U> {
        let Self { status, headers, attempts, body } = self;
        Response { status, headers, attempts, body: convert(body) }
    }

    #[doc(hidden)]
    pub fn body_mut(&mut self) -> &mut T {
        &mut self.body
    }

    /// The response without its body, and the body.
    #[doc(hidden)]
    pub fn split(self) -> (Response<()>, T) {
        let Self { status, headers, attempts, body } = self;
        (Response { status, headers, attempts, body: () }, body)
    }

    /// Status, headers and body.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, T) {
        (self.status, self.headers, self.body)
    }

    /// The body.
    pub fn into_body(self) -> T {
        self.body
    }
}

impl Response<Bytes> {
    /// Decodes the body. An empty body is null, for any headers.
    #[doc(hidden)]
    pub fn decode<T: DeserializeOwned>(self, operation: &'static str, format: &Format) -> Result<Response<T>, Error> {
        let decoded = format::decode(format, &self.headers, &self.body);
        self.with(operation, decoded)
    }

    /// Decodes the body into a type of the application. An empty body is null, and what is declared to be no document may be JSON.
    pub(crate) fn decoded<T: DeserializeOwned>(self, operation: &'static Operation) -> Result<Response<T>, Error> {
        if operation.format.is_converted() {
            return self.decode(&operation.name, &operation.format);
        }
        let decoded = self.json().map_err(BoxError::from);
        self.with(&operation.name, decoded)
    }

    /// The document of a body that is no JSON, with numbers that `number` makes of their texts.
    #[doc(hidden)]
    pub fn document(
        self,
        operation: &'static str,
        format: &Format,
        number: fn(&str) -> Value,
    ) -> Result<Response<Value>, Error> {
        let document = format::document(format, &self.headers, &self.body, number).map_err(BoxError::from);
        self.with(operation, document)
    }

    /// The body in UTF-8, if that is possible.
    #[doc(hidden)]
    pub fn utf8(&self) -> Cow<'_, [u8]> {
        format::in_utf8(&self.headers, &self.body)
    }

    /// The response with its body in UTF-8, if that is possible.
    #[doc(hidden)]
    pub fn in_utf8(mut self) -> Self {
        format::to_utf8(&mut self.headers, &mut self.body);
        self
    }

    /// Decodes a body in JSON into your own type, for operations whose responses depend on the status.
    ///
    /// # Errors
    /// If the body does not match the type. The error has the position, and never quotes the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        if self.body.is_empty() { from_json(b"null") } else { from_json(&self.utf8()) }
    }

    fn with<T>(self, operation: &'static str, decoded: Result<T, BoxError>) -> Result<Response<T>, Error> {
        match decoded {
            Ok(decoded) => Ok(self.map(|_| decoded)),
            Err(error) => Err(self.decode_error(operation, error)),
        }
    }

    /// The error for a response that cannot be decoded.
    #[doc(hidden)]
    pub fn decode_error(self, operation: &'static str, error: impl Into<BoxError>) -> Error {
        let Self { status, headers, attempts, body } = self;
        let decode_error = Error::new(operation, ErrorKind::Decode, Phase::Decode).caused_by(error.into());
        decode_error.with_response(UpstreamResponse { status, headers, body, whole: true }).after(attempts)
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body are left out, because responses may contain secrets.
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "format-csv")]
mod tests {
    use naftiko_schema::{Method, OperationId, RetrySafety, Separator};
    use serde::Deserialize;

    use super::*;

    #[test]
    fn bodies_in_other_formats_decode_into_types_of_the_application() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Row {
            name: String,
        }
        static OPERATION: Operation = Operation::new(OperationId(0), "rows", Method::Get, RetrySafety::Idempotent)
            .format(Format::Rows(Separator::Comma));
        let response = |body: &'static str| Response::new(StatusCode::OK, HeaderMap::new(), 1, Bytes::from(body));
        let rows: Vec<Row> = response("name,size\noak,3\nelm,4\n").decoded(&OPERATION).expect("they fit").into_body();
        assert_eq!(rows, ["oak", "elm"].map(|name| Row { name: name.to_owned() }));
        let error = response("size\n3\n").decoded::<Vec<Row>>(&OPERATION).expect_err("there are no names");
        assert!(error.to_string().contains("the field `name` is missing"), "{error}");
        assert_eq!(response("").decoded::<Vec<Row>>(&OPERATION).expect("there are none").into_body(), []);
    }
}
