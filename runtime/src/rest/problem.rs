//! Errors of the REST adapter itself, as problem documents (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::argument::Violation;

/// A problem document.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    violations: Vec<Violation>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), violations: Vec::new() }
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no route has the path {path}"))
    }

    pub(crate) fn arguments(violations: Vec<Violation>) -> Self {
        let detail = "the request's arguments are wrong; nothing was sent upstream".to_owned();
        Self { status: StatusCode::BAD_REQUEST, detail, violations }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if !self.violations.is_empty() {
            let error = |violation: &Violation| json!({"parameter": violation.parameter, "detail": violation.problem});
            let errors = self.violations.iter().map(error).collect();
            document.as_object_mut().and_then(|members| members.insert("errors".to_owned(), errors));
        }
        let mut response = (self.status, document.to_string()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
