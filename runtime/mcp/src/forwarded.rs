//! What a call forwards upstream.

use http::HeaderValue;
use naftiko_adapter::Forwarded;
use naftiko_adapter::trace::{self, TRACEPARENT, TRACESTATE};
use rmcp::RoleServer;
use rmcp::service::RequestContext;

/// The header fields to forward upstream. The trace is that of the message (SEP-414), or else that of the HTTP request.
pub(super) fn forwarded(context: &RequestContext<RoleServer>) -> Forwarded {
    let parts = context.extensions.get::<http::request::Parts>();
    let mut forwarded = parts.and_then(|parts| parts.extensions.get::<Forwarded>()).cloned().unwrap_or_default();
    if let Some(parent) = context.meta.get_traceparent().filter(|parent| trace::is_valid(parent)) {
        let state = context.meta.get_tracestate();
        forwarded.0.remove(TRACESTATE);
        let fields = [(TRACEPARENT, Some(parent)), (TRACESTATE, state)].into_iter();
        let fields = fields.filter_map(|(name, text)| Some((name, HeaderValue::from_str(text?).ok()?)));
        forwarded.0.extend(trace::context(&fields.collect()));
    }
    forwarded
}
