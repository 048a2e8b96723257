//! Spans of requests, exported by OTLP over HTTP to the endpoint of OpenTelemetry's environment variables.

use http::{HeaderMap, Method, StatusCode};
use naftiko_client::__private::{SPAN, TARGET};
use naftiko_client::install_crypto_provider;
use naftiko_schema::Capability;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;

use super::exporting;
use super::failure::Failure;
use super::log::BoxedLayer;
use super::metrics;

/// Each of these enables the export. The SDK reads them and all other variables.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// What `error.type` is if the caller left before its response, as for requests of MCP.
const CANCELLED: &str = "cancelled";

/// Whether spans are exported.
pub(super) fn is_enabled() -> bool {
    exporting::is_set(&ENDPOINTS)
}

/// The export of spans. Remaining spans are exported when it is dropped.
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// Starts the export if it is enabled.
    pub(super) fn from_env(capability: &Capability) -> Result<Option<Self>, Failure> {
        if !is_enabled() {
            return Ok(None);
        }
        install_crypto_provider();
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
        let exporter = exporter.map_err(|error| Failure::Refused(format!("traces cannot be exported: {error}")))?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(exporting::resource(capability));
        Ok(Some(Self(provider.build())))
    }

    /// The layer that exports spans of requests, but no events and nothing from libraries.
    pub(super) fn layer(&self) -> BoxedLayer {
        // Not only spans pass: `tracing::enabled!` checks with metadata that is neither a span nor an event, and if the
        // filter rejected it, the span that follows would be lost.
        let ours = filter_fn(|about| !about.is_event() && about.target().starts_with(TARGET));
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("naftiko-runtime"))
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::INFO))
            .boxed()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(target: TARGET, %error, "the last traces could not be exported");
        }
    }
}

/// The span of a request, as a part of the caller's trace, named after OpenTelemetry's semantic conventions for HTTP
/// servers. It has no `url.path`, which contains what the caller sent.
pub(super) fn span(method: &Method, headers: &HeaderMap) -> Span {
    let method = metrics::method_label(method);
    let span = tracing::info_span!(
        target: SPAN,
        "http.server.request",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        error.type = Empty,
    );
    // It fails only if the span is not exported.
    let _ = span.set_parent(exporting::of_request(headers));
    span
}

/// Runs a request within a span.
pub(super) async fn in_span<T>(span: Option<Span>, response: impl Future<Output = T>) -> T {
    match span {
        Some(span) => response.instrument(span).await,
        None => response.await,
    }
}

/// Records the outcome of a request in its span: no status if the caller left before its response.
pub(super) fn end(span: &Span, method: &Method, route: &str, status: Option<StatusCode>) {
    if !route.is_empty() {
        // The name of a span that has started is no longer a field.
        span.context().span().update_name(format!("{} {route}", metrics::method_label(method)));
        span.record("http.route", route);
    }
    if let Some(status) = status {
        span.record("http.response.status_code", status.as_u16());
    }
    if status.is_none_or(|status| status.is_server_error()) {
        span.record("otel.status_code", "error");
        span.record("error.type", status.as_ref().map_or(CANCELLED, StatusCode::as_str));
    }
}

/// Makes the span of an attempt the parent of the upstream's spans.
pub(super) fn continue_upstream(headers: &mut HeaderMap) {
    let context = Span::current().context();
    if context.span().span_context().is_valid() {
        exporting::inject(&context, headers);
    }
}

/// Makes the span of a message a part of the trace that the message names, with a link to the span of the HTTP request that
/// brought it.
pub(super) fn continue_trace(span: &Span, traceparent: &str, tracestate: Option<&str>) {
    let parent = exporting::named(traceparent, tracestate);
    if parent.span().span_context().is_valid() {
        let carrier = Span::current().context().span().span_context().clone();
        if carrier.is_valid() {
            span.add_link(carrier);
        }
        // It fails only if the span is not exported.
        let _ = span.set_parent(parent);
    }
}
