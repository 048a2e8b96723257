//! A request that is being recorded: in metrics, in the access log, in its span, and in the audit if that has it.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Instant;

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode};
use naftiko_adapter::Principal;
use naftiko_rest::__private::Matched;

use super::audit::{Audit, Caller, RefusedByPolicy};
use super::log;
use super::metrics::Metrics;
#[cfg(feature = "otlp")]
use super::otlp;

/// A request that is being recorded. It is recorded when it is dropped, also if the caller leaves.
pub(super) struct Trail<'t> {
    metrics: &'t Metrics,
    audit: Option<&'t Audit>,
    /// Whether the audit has it even if it is allowed.
    is_audited: bool,
    method: &'t Method,
    pub(super) id: &'t HeaderValue,
    address: IpAddr,
    start: Instant,
    /// Its route, once it is chosen.
    pub(super) route: OnceLock<Matched>,
    /// Who sent it, once that is known, and the rule for them.
    pub(super) principal: OnceLock<(Principal, Option<String>)>,
    /// The `traceparent` that goes upstream, once there is one.
    pub(super) trace: OnceLock<HeaderValue>,
    #[cfg(feature = "otlp")]
    pub(super) span: Option<tracing::Span>,
    status: Option<StatusCode>,
    is_refused: bool,
}

impl<'t> Trail<'t> {
    /// A request with this id, which came from this address at `start`.
    pub(super) fn new(
        metrics: &'t Metrics,
        audit: Option<&'t Audit>,
        is_audited: bool,
        method: &'t Method,
        id: &'t HeaderValue,
        address: IpAddr,
        start: Instant,
    ) -> Self {
        Self {
            metrics,
            audit,
            is_audited,
            method,
            id,
            address,
            start,
            route: OnceLock::new(),
            principal: OnceLock::new(),
            trace: OnceLock::new(),
            #[cfg(feature = "otlp")]
            span: None,
            status: None,
            is_refused: false,
        }
    }

    /// Notes what came of it.
    pub(super) fn ends(&mut self, response: &Response) {
        self.status = Some(response.status());
        self.is_refused = response.extensions().get::<RefusedByPolicy>().is_some();
    }
}

impl Drop for Trail<'_> {
    fn drop(&mut self) {
        let Self { method, id, address, status, is_refused, .. } = *self;
        let (elapsed, route) = (self.start.elapsed(), self.route.get().copied().unwrap_or_default());
        self.metrics.record_request(method, route, status, elapsed);
        log::log_request(method, route.path, status, elapsed, id, address);
        // Records that are sent are part of the trace.
        #[cfg(feature = "otlp")]
        let _entered = self.span.as_ref().map(|span| {
            otlp::end(span, method, route.path, status);
            span.enter()
        });
        if let Some(audit) = self.audit.filter(|_| self.is_audited || is_refused) {
            let principal = self.principal.get();
            let caller = Caller {
                principal: principal.map(|(principal, _)| principal.id()),
                rule: principal.and_then(|(_, rule)| rule.as_deref()),
                is_refused,
                address: Some(address),
                request_id: id.to_str().unwrap_or_default(),
                trace: self.trace.get().and_then(|trace| trace.to_str().ok()),
            };
            audit.record_request(method, route.path, status, &caller, elapsed);
        }
    }
}
