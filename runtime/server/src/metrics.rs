//! Metrics in the Prometheus text format, named after OpenTelemetry's semantic conventions. Their labels come from tables,
//! never from requests, so that callers cannot create new ones.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use naftiko_client::__private::TARGET;
use naftiko_client::{Attempt, CacheEvent, Outcome};
use naftiko_mcp::ObservedRequest;
use naftiko_rest::__private::Matched;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TEXT_FORMAT, TextEncoder,
};
use tokio::runtime::{Handle, RuntimeMetrics};

use super::lines;
use super::logs;
use super::program::Program;
use super::reply::status_response;

/// The boundaries of OpenTelemetry's conventions for HTTP, in seconds.
const BOUNDARIES: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// The boundaries of those for MCP.
const MCP_BOUNDARIES: [f64; 14] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
pub(super) const PATH: &str = "/metrics";

/// The metrics. Clones share them.
#[derive(Clone)]
pub(super) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    served: HistogramVec,
    running: IntGauge,
    called: HistogramVec,
    retried: IntCounterVec,
    cached: IntCounterVec,
    operated: HistogramVec,
    tasks: IntGauge,
    dropped_lines: IntCounter,
    unrecorded: IntCounter,
    runtimes: Vec<RuntimeMetrics>,
}

impl Metrics {
    /// Metrics of a program, and of the runtimes that serve it.
    pub(super) fn new(program: &Program, runtimes: &[Handle]) -> prometheus::Result<Self> {
        let histogram = |name: &str, help: &str, boundaries: [f64; 14], labels: &[&str]| {
            HistogramVec::new(HistogramOpts::new(name, help).buckets(boundaries.to_vec()), labels)
        };
        let served = histogram(
            "http_server_request_duration_seconds",
            "Duration of requests",
            BOUNDARIES,
            &["naftiko_capability", "http_request_method", "http_route", "http_response_status_code"],
        )?;
        let called = histogram(
            "http_client_request_duration_seconds",
            "Duration of attempts to call the upstream",
            BOUNDARIES,
            &[
                "naftiko_capability",
                "naftiko_operation",
                "http_request_method",
                "http_response_status_code",
                "error_type",
            ],
        )?;
        let retried = IntCounterVec::new(
            Opts::new("naftiko_client_retries_total", "Number of attempts after the first one of a call"),
            &["naftiko_capability", "naftiko_operation"],
        )?;
        let cached = IntCounterVec::new(
            Opts::new("naftiko_cache_events_total", "Number of times that a response was kept, used, or made room"),
            &["naftiko_capability", "event"],
        )?;
        let operated = histogram(
            "mcp_server_operation_duration_seconds",
            "Duration of MCP requests",
            MCP_BOUNDARIES,
            &["naftiko_capability", "mcp_method_name", "gen_ai_tool_name", "gen_ai_prompt_name", "error_type"],
        )?;
        let running = IntGauge::new("http_server_active_requests", "Number of running requests")?;
        let tasks =
            IntGauge::new("naftiko_runtime_tasks", "Number of tasks, such as connections, that have not ended")?;
        let dropped_lines =
            IntCounter::new("naftiko_log_lines_dropped_total", "Number of log lines that were not read in time")?;
        let unrecorded =
            IntCounter::new("naftiko_audit_failures_total", "Number of records that the audit could not write")?;
        let build = IntGaugeVec::new(
            Opts::new("naftiko_build_info", "Name and version of each running capability, and the name of the server"),
            &["server", "name", "version"],
        )?;
        let server = program.about().map_or("", |about| &*about.name);
        for served in program.served() {
            build.with_label_values(&[server, &*served.capability.name, &*served.capability.version]).set(1);
        }
        let registry = Registry::new();
        registry.register(Box::new(served.clone()))?;
        registry.register(Box::new(called.clone()))?;
        registry.register(Box::new(retried.clone()))?;
        registry.register(Box::new(cached.clone()))?;
        registry.register(Box::new(operated.clone()))?;
        registry.register(Box::new(running.clone()))?;
        registry.register(Box::new(tasks.clone()))?;
        registry.register(Box::new(dropped_lines.clone()))?;
        registry.register(Box::new(unrecorded.clone()))?;
        registry.register(Box::new(build))?;
        let runtimes = runtimes.iter().map(Handle::metrics).collect();
        Ok(Self(Arc::new(Inner {
            registry,
            served,
            running,
            called,
            retried,
            cached,
            operated,
            tasks,
            dropped_lines,
            unrecorded,
            runtimes,
        })))
    }

    /// Counts a request as running until the returned guard is dropped.
    pub(super) fn count_running(&self) -> Counted {
        self.0.running.inc();
        Counted(self.0.running.clone())
    }

    /// Records the outcome of a request: its status, unless the caller left before its response.
    pub(super) fn record_request(
        &self,
        method: &Method,
        route: Matched,
        status: Option<StatusCode>,
        elapsed: Duration,
    ) {
        let status = status.as_ref().map_or("", StatusCode::as_str);
        let labels = [route.capability, method_label(method), route.path, status];
        self.0.served.with_label_values(&labels).observe(elapsed.as_secs_f64());
    }

    /// Records the outcome of an attempt to call the upstream.
    pub(super) fn record_attempt(&self, attempt: &Attempt<'_>, outcome: &Outcome<'_>) {
        let status = outcome.status.as_ref().map_or("", StatusCode::as_str);
        let error = outcome.error.map_or("", |error| error.kind().name());
        let (capability, operation) = (attempt.capability(), attempt.operation());
        if attempt.number() > 1 {
            self.0.retried.with_label_values(&[capability, operation]).inc();
        }
        let labels = [capability, operation, attempt.method(), status, error];
        self.0.called.with_label_values(&labels).observe(outcome.elapsed.as_secs_f64());
    }

    /// Records what the cache of responses did for a capability.
    pub(super) fn record_cache(&self, capability: &str, event: CacheEvent) {
        self.0.cached.with_label_values(&[capability, event.name()]).inc();
    }

    /// Records the outcome of an MCP request.
    pub(super) fn record_message(&self, request: &ObservedRequest<'_>) {
        let ObservedRequest { capability, method, tool, prompt, error, .. } = *request;
        let labels = [capability, method, tool, prompt, error.unwrap_or_default()];
        self.0.operated.with_label_values(&labels).observe(request.duration.as_secs_f64());
    }

    /// The response, if the request is for the metrics.
    pub(super) fn respond(&self, request: &Request) -> Option<Response> {
        if request.uri().path() != PATH || request.method() != Method::GET {
            return None;
        }
        let tasks: usize = self.0.runtimes.iter().map(RuntimeMetrics::num_alive_tasks).sum();
        self.0.tasks.set(tasks.try_into().unwrap_or(i64::MAX));
        let reach = |counter: &IntCounter, count: u64| counter.inc_by(count.saturating_sub(counter.get()));
        reach(&self.0.dropped_lines, u64::try_from(lines::dropped()).unwrap_or(u64::MAX));
        reach(&self.0.unrecorded, logs::unrecorded());
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut text) {
            tracing::error!(target: TARGET, %error, "metrics cannot be written");
        }
        Some(status_response(StatusCode::OK, TEXT_FORMAT, text))
    }
}

/// A request that is counted as running.
pub(super) struct Counted(IntGauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The method as a label: one of a fixed set, or `_OTHER`.
pub(super) fn method_label(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            method.as_str()
        }
        _ => "_OTHER",
    }
}
