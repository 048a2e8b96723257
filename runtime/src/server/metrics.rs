//! Numbers for whoever watches the server, in Prometheus' text format, under the names of OpenTelemetry's conventions. Their
//! labels come from tables, never from requests, so that nobody can make up new ones.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntGauge, IntGaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder,
};

use super::front::told;
use crate::client::{Attempt, Outcome};
use crate::operation::Capability;
use crate::rest::Matched;

/// The boundaries of OpenTelemetry's conventions for HTTP, in seconds.
const BOUNDARIES: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
pub(super) const PATH: &str = "/metrics";

/// What is counted.
#[derive(Clone)]
pub(super) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    served: HistogramVec,
    running: IntGauge,
    called: HistogramVec,
}

impl Metrics {
    pub(super) fn new(capability: &Capability) -> prometheus::Result<Self> {
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            HistogramVec::new(HistogramOpts::new(name, help).buckets(BOUNDARIES.to_vec()), labels)
        };
        let served = histogram(
            "http_server_request_duration_seconds",
            "How long requests took",
            &["http_request_method", "http_route", "http_response_status_code"],
        )?;
        let called = histogram(
            "http_client_request_duration_seconds",
            "How long attempts to call the upstream took",
            &["naftiko_operation", "http_request_method", "http_response_status_code", "error_type"],
        )?;
        let running = IntGauge::new("http_server_active_requests", "How many requests are running")?;
        let build = IntGaugeVec::new(Opts::new("naftiko_build_info", "What is running"), &["name", "version"])?;
        build.with_label_values(&[capability.name, capability.version]).set(1);
        let registry = Registry::new();
        registry.register(Box::new(served.clone()))?;
        registry.register(Box::new(called.clone()))?;
        registry.register(Box::new(running.clone()))?;
        registry.register(Box::new(build))?;
        Ok(Self(Arc::new(Inner { registry, served, running, called })))
    }

    /// Counts a request as running until what this gives is dropped.
    pub(super) fn running(&self) -> Running<'_> {
        self.0.running.inc();
        Running(&self.0.running)
    }

    /// Notes how a request ended.
    pub(super) fn served(&self, method: &Method, response: &Response, took: Duration) {
        let route = route(response);
        let status = response.status();
        self.0.served.with_label_values(&[known(method), route, status.as_str()]).observe(took.as_secs_f64());
    }

    /// Notes how an attempt to call the upstream ended.
    pub(super) fn called(&self, attempt: &Attempt<'_>, outcome: &Outcome<'_>) {
        let status = outcome.status.as_ref().map_or("", StatusCode::as_str);
        let error = outcome.error.map_or("", |error| error.kind().name());
        let labels = [attempt.operation(), attempt.method(), status, error];
        self.0.called.with_label_values(&labels).observe(outcome.elapsed.as_secs_f64());
    }

    /// The answer to whoever collects them.
    pub(super) fn answer(&self, request: &Request) -> Option<Response> {
        if request.uri().path() != PATH || request.method() != Method::GET {
            return None;
        }
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        Some(told(StatusCode::OK, TEXT_FORMAT, text))
    }
}

/// A request that is running.
pub(super) struct Running<'a>(&'a IntGauge);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The path of the route that answered, with placeholders; empty where none did.
pub(super) fn route(response: &Response) -> &'static str {
    response.extensions().get::<Matched>().map_or("", |Matched(route)| *route)
}

/// The method, if it is one that everybody knows.
pub(super) fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            method.as_str()
        }
        _ => "_OTHER",
    }
}
