//! What a client accepts at the endpoint (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};
use naftiko_adapter::accepts;
use naftiko_adapter::trace::single;

/// The value that rmcp requires.
pub(super) const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// An extension of requests whose client accepts JSON but no event stream.
#[derive(Clone, Copy)]
pub(super) struct JsonOnly;

/// Replaces `Accept` by what rmcp requires if the client accepts JSON, whether by name, by wildcard or by saying nothing.
/// Otherwise it stays, and rmcp rejects the request. Returns whether the client accepts no event stream.
pub(super) fn normalize(headers: &mut HeaderMap) -> Option<JsonOnly> {
    // Most clients send just this.
    if single(headers, &ACCEPT) == Some(&BOTH) {
        return None;
    }
    let streams = accepts(headers, "text/event-stream");
    if accepts(headers, "application/json") {
        headers.insert(ACCEPT, BOTH);
    }
    (!streams).then_some(JsonOnly)
}
