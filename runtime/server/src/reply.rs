//! Responses about the server itself.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

/// A response about the server itself, which must not be cached.
pub(crate) fn status_response(status: StatusCode, media_type: &'static str, text: impl Into<Body>) -> Response {
    let fields =
        [(CONTENT_TYPE, HeaderValue::from_static(media_type)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, fields, text.into()).into_response()
}
