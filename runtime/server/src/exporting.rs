//! What the exports of traces and of logs have in common, behind the feature `otlp`.

use http::{HeaderMap, HeaderName, HeaderValue};
use naftiko_adapter::trace::{TRACEPARENT, TRACESTATE, single};
use naftiko_schema::Capability;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Whether one of these variables has a value.
pub(super) fn is_set(variables: &[&str]) -> bool {
    variables.iter().any(|name| std::env::var(name).is_ok_and(|value| !value.trim().is_empty()))
}

/// What sends spans and logs.
pub(super) fn resource(about: &Capability) -> Resource {
    let resource = Resource::builder().with_attribute(KeyValue::new("service.version", about.version.to_string()));
    if std::env::var_os("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty()) {
        return resource.build();
    }
    resource.with_service_name(about.name.to_string()).build()
}

/// The context that a caller named.
pub(super) fn named(traceparent: &str, tracestate: Option<&str>) -> Context {
    let parent = Some(traceparent.to_owned());
    let incoming = Incoming { parent, state: tracestate.unwrap_or_default().to_owned() };
    TraceContextPropagator::new().extract_with_context(&Context::new(), &incoming)
}

/// The context that the header fields of a request name.
pub(super) fn of_request(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract(&Incoming::new(headers))
}

/// Adds a context to the header fields of a request, in the place of another one.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    headers.remove(TRACEPARENT);
    headers.remove(TRACESTATE);
    TraceContextPropagator::new().inject_context(context, &mut Outgoing(headers));
}

/// The `traceparent` of the current span, if there is one.
pub(super) fn current() -> Option<String> {
    let mut fields = HeaderMap::new();
    inject(&Span::current().context(), &mut fields);
    fields.remove(TRACEPARENT)?.to_str().ok().map(str::to_owned)
}

/// The trace context that a caller sent.
struct Incoming {
    parent: Option<String>,
    state: String,
}

impl Incoming {
    fn new(headers: &HeaderMap) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let states: Vec<_> = headers.get_all(TRACESTATE).iter().filter_map(text).collect();
        Self { parent: single(headers, &TRACEPARENT).and_then(text), state: states.join(",") }
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
