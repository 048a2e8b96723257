//! Errors of the REST adapter, as problem documents (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::argument::Violation;
use crate::encoding::{encode, pointer_token};
use crate::operation::Location;

/// A problem document, and the header fields that go with it.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    /// A type of its own, and what that is called; others are what their status says.
    kind: Option<(&'static str, &'static str)>,
    detail: String,
    /// Members beside those that every problem has.
    extensions: Map<String, Value>,
    headers: HeaderMap,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (extensions, headers) = (Map::new(), HeaderMap::new());
        Self(Box::new(Inner { status, kind: None, detail: detail.into(), extensions, headers }))
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no route has the path {path}"))
    }

    /// Refused arguments, each with the place where it travels, as far as that is known. JSON of the wrong kind cannot be
    /// processed (RFC 9110 §15.5.21); everything else is a bad request.
    pub(crate) fn arguments(violations: &[(Option<Location>, Violation)]) -> Self {
        let in_body = |(place, _): &(Option<Location>, _)| matches!(place, Some(Location::Body | Location::Field));
        let status =
            if violations.iter().all(in_body) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        let errors = violations.iter().map(|(place, violation)| {
            let (within, pointer) = match place {
                Some(Location::Path | Location::Segments) => (Some("path"), None),
                Some(Location::Query) => (Some("query"), None),
                Some(Location::Header) => (Some("header"), None),
                Some(Location::Cookie) => (Some("cookie"), None),
                Some(Location::Body) => (Some("body"), Some("#".to_owned())),
                Some(Location::Field) => (Some("body"), Some(pointer(&violation.parameter))),
                None => (None, None),
            };
            let told = [("in", within.map(str::to_owned)), ("pointer", pointer)];
            let told = told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
            let always = [("parameter", &violation.parameter), ("detail", &violation.problem)];
            let always = always.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text.as_str())));
            Value::Object(always.chain(told).collect())
        });
        let detail = "the request's arguments are wrong; nothing was sent upstream";
        Self::new(status, detail).with("errors", errors.collect())
    }

    /// Gives it a type of its own, by the last part of its URI, and a title.
    pub(crate) fn of(mut self, kind: &'static str, title: &'static str) -> Self {
        self.0.kind = Some((kind, title));
        self
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The problem as it occurred with this path.
    pub(crate) fn at(self, path: &str) -> Self {
        self.with("instance", path.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Inner { status, kind, detail, extensions, headers: more } = *self.0;
        let (kind, title) = match kind {
            Some((kind, title)) => (format!("urn:naftiko:problem:{kind}"), title),
            None => ("about:blank".to_owned(), status.canonical_reason().unwrap_or("Error")),
        };
        let mut document = Map::from_iter([
            ("type".to_owned(), kind.into()),
            ("title".to_owned(), title.into()),
            ("status".to_owned(), status.as_u16().into()),
            ("detail".to_owned(), detail.into()),
        ]);
        document.extend(extensions);
        let mut response = (status, Value::Object(document).to_string()).into_response();
        let headers = response.headers_mut();
        headers.extend(more);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A member of the body, as a JSON pointer in a fragment (RFC 6901 §6).
fn pointer(name: &str) -> String {
    format!("#/{}", encode(&pointer_token(name)))
}
