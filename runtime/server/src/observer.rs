//! What the server sees of MCP requests.

use naftiko_mcp::{ObservedRequest, Observer};
use tracing::Span;

use super::metrics::Metrics;

/// Makes traces of messages, and metrics if there are any.
pub(super) struct Messages(pub(super) Option<Metrics>);

impl Observer for Messages {
    #[cfg(feature = "otlp")]
    fn continue_trace(&self, span: &Span, traceparent: &str, tracestate: Option<&str>) {
        super::otlp::continue_trace(span, traceparent, tracestate);
    }

    /// Without an export, spans have no parents.
    #[cfg(not(feature = "otlp"))]
    fn continue_trace(&self, _: &Span, _: &str, _: Option<&str>) {}

    fn record(&self, request: &ObservedRequest<'_>) {
        if let Some(metrics) = &self.0 {
            metrics.record_message(request);
        }
    }
}
