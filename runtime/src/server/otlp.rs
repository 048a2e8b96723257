//! Spans of requests, exported by OTLP over HTTP to where OpenTelemetry's variables say.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;

use super::log::BoxedLayer;
use super::{Failure, metrics};
use crate::client::{SPAN, install_crypto_provider};
use crate::operation::Capability;
use crate::trace::{TRACEPARENT, TRACESTATE, one};

/// Any of these asks for the export. The SDK reads them and all others.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Whether spans are to be exported.
pub(super) fn is_wanted() -> bool {
    ENDPOINTS.iter().any(|name| std::env::var(name).is_ok_and(|value| !value.trim().is_empty()))
}

/// The export of spans. What is left of them goes out when it is dropped.
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// Begins, if that is wanted.
    pub(super) fn from_env(capability: &Capability) -> Result<Option<Self>, Failure> {
        if !is_wanted() {
            return Ok(None);
        }
        install_crypto_provider();
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
        let exporter = exporter.map_err(|error| Failure::Refused(format!("traces cannot be exported: {error}")))?;
        let mut resource = Resource::builder().with_attribute(KeyValue::new("service.version", capability.version));
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(capability.name);
        }
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Some(Self(provider.build())))
    }

    /// What gets spans of `tracing` here: those of requests, and nothing that libraries say.
    pub(super) fn layer(&self) -> BoxedLayer {
        // Not only spans: `tracing::enabled!` asks with what is neither, and a filter that answers it otherwise than the span
        // which follows loses that span.
        let ours = filter_fn(|about| !about.is_event() && about.target().starts_with("naftiko_runtime"));
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
            tracing::warn!(%error, "the last traces are lost");
        }
    }
}

/// The span of a request that goes on with the trace of its caller, with the names of OpenTelemetry's semantic conventions for
/// HTTP servers. It has no `url.path`, which holds what the caller sent.
pub(super) fn span(method: &Method, headers: &HeaderMap) -> Span {
    let method = metrics::known(method);
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
    // It fails only where nobody exports the span.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Incoming::new(headers)));
    span
}

/// Answers within a span, and says there how that went.
pub(super) async fn within(span: Option<Span>, method: &Method, answer: impl Future<Output = Response>) -> Response {
    let Some(span) = span else { return answer.await };
    let response = answer.instrument(span.clone()).await;
    let (route, status) = (metrics::route(&response), response.status());
    if !route.is_empty() {
        // The name of a span that runs is not a field of it any more.
        span.context().span().update_name(format!("{} {route}", metrics::known(method)));
        span.record("http.route", route);
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "error");
        span.record("error.type", status.as_str());
    }
    response
}

/// Makes the span of an attempt the parent of what the upstream does.
pub(super) fn continue_upstream(headers: &mut HeaderMap) {
    let context = Span::current().context();
    if context.span().span_context().is_valid() {
        headers.remove(TRACEPARENT);
        headers.remove(TRACESTATE);
        TraceContextPropagator::new().inject_context(&context, &mut Outgoing(headers));
    }
}

/// The trace that a caller sent.
struct Incoming {
    parent: Option<String>,
    state: String,
}

impl Incoming {
    fn new(headers: &HeaderMap) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let states: Vec<_> = headers.get_all(TRACESTATE).iter().filter_map(text).collect();
        Self { parent: one(headers, &TRACEPARENT).and_then(text), state: states.join(",") }
    }
}

impl Extractor for Incoming {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.parent.as_deref(),
            "tracestate" => Some(&self.state),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

struct Outgoing<'h>(&'h mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}
