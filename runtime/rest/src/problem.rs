//! Errors of the REST adapter, as problem documents (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use naftiko_adapter::Unreceived;
use naftiko_client::__private::{Violations, pointer_token, shortened};
use naftiko_client::Violation;
use naftiko_schema::Location;
use naftiko_schema::http::percent_encode;
use serde_json::{Map, Value};

/// How much of a path is repeated, in characters.
const PATH_LIMIT: usize = 500;

/// A problem document, and additional header fields of its response.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    /// The last part of the type's URI, and its title. Without them the type is `about:blank`.
    kind: Option<(&'static str, &'static str)>,
    detail: String,
    /// Extension members.
    extensions: Map<String, Value>,
    headers: HeaderMap,
}

impl Problem {
    /// A problem with this status and this detail.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (extensions, headers) = (Map::new(), HeaderMap::new());
        Self(Box::new(Inner { status, kind: None, detail: detail.into(), extensions, headers }))
    }

    /// The problem for a path that no route has.
    pub fn not_found(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no route has the path {}", shortened(path, PATH_LIMIT)))
    }

    /// Invalid arguments, each with its location if that is known. If all are in the body, the content is unprocessable
    /// (RFC 9110 §15.5.21); otherwise it is a bad request.
    pub fn arguments(violations: &Violations<(Option<Location>, Violation)>) -> Self {
        let (violations, omitted) = (violations.first(), violations.omitted());
        let in_body =
            |(location, _): &(Option<Location>, _)| matches!(location, Some(Location::Body | Location::Field));
        let status =
            if violations.iter().all(in_body) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        let errors = violations.iter().map(|(location, violation)| {
            let (within, pointer) = match location {
                Some(Location::Path | Location::Segments) => (Some("path"), None),
                Some(Location::Query) => (Some("query"), None),
                Some(Location::Header) => (Some("header"), None),
                Some(Location::Cookie) => (Some("cookie"), None),
                Some(Location::Body) => (Some("body"), Some(format!("#{}", inside(violation)))),
                Some(Location::Field) => {
                    (Some("body"), Some(format!("{}{}", pointer(&violation.parameter), inside(violation))))
                }
                None | Some(Location::Inserted | Location::Credential) => (None, None),
            };
            let optional = [("in", within.map(str::to_owned)), ("pointer", pointer)];
            let optional = optional.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
            let always = [("parameter", &violation.parameter), ("detail", &violation.problem)];
            let always = always.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text.as_str())));
            Value::Object(always.chain(optional).collect())
        });
        let detail = "the request's arguments are invalid; nothing was sent upstream";
        let problem = Self::new(status, detail).with("errors", errors.collect());
        if omitted > 0 { problem.with("omittedErrors", omitted.into()) } else { problem }
    }

    /// Sets the type, by the last part of its URI, and its title.
    pub fn of(mut self, kind: &'static str, title: &'static str) -> Self {
        self.0.kind = Some((kind, title));
        self
    }

    /// Adds an extension member.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    /// Adds a header field to the response.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Sets the path of the request (`instance`).
    pub fn at(self, path: &str) -> Self {
        self.with("instance", shortened(path, PATH_LIMIT).into())
    }
}

impl From<Unreceived> for Problem {
    /// The rest of the body would be taken for the next request, so the connection ends.
    fn from(unreceived: Unreceived) -> Self {
        let problem = Self::new(unreceived.status(), unreceived.reason());
        let problem = problem.header(CONNECTION, HeaderValue::from_static("close"));
        match unreceived {
            Unreceived::NoRoom => problem.header(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => problem,
        }
    }
}

impl Problem {
    /// The header fields and the body of the response.
    pub fn into_parts(self) -> (HeaderMap, String) {
        let Inner { status, kind, detail, extensions, mut headers } = *self.0;
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
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        (headers, Value::Object(document).to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.0.status;
        let (headers, body) = self.into_parts();
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// Where in an argument it is wrong, as a JSON pointer in a fragment.
fn inside(violation: &Violation) -> String {
    let tokens = violation.pointer.as_deref().unwrap_or_default().split('/').map(percent_encode);
    tokens.collect::<Vec<_>>().join("/")
}

/// A member of the body, as a JSON pointer in a fragment (RFC 6901 §6).
fn pointer(name: &str) -> String {
    format!("#/{}", percent_encode(&pointer_token(name)))
}
