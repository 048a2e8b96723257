//! What traces and metrics say of requests of clients, by OpenTelemetry's semantic conventions for MCP.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use naftiko_adapter::{short, trace};
use naftiko_client::__private::SPAN;
use rmcp::model::RequestId;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

/// The name of a tool or prompt that does not exist: callers must not create new labels.
pub(super) const OTHER: &str = "_OTHER";
/// What `error.type` is for a result that is an error.
const TOOL_ERROR: &str = "tool_error";
/// What it is if the caller left before there was a result.
const CANCELLED: &str = "cancelled";

/// Sees the requests of clients, for traces and metrics.
pub trait Observer: Send + Sync {
    /// Makes a span a part of the trace that a message names (SEP-414) by a valid `traceparent`. The span of a message that names
    /// none is a part of the current span.
    fn continue_trace(&self, span: &Span, traceparent: &str, tracestate: Option<&str>);

    /// Records a request that has ended.
    fn record(&self, request: &ObservedRequest<'_>);
}

/// A request that has ended. Its texts are of the server, never of the caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ObservedRequest<'o> {
    /// The method, such as `tools/call`.
    pub method: &'static str,
    /// The name of the capability that has the tool or the prompt; empty if no capability does.
    pub capability: &'static str,
    /// The tool that was called, also if it was called through `call_tool`, or `_OTHER`; empty if the request calls none.
    pub tool: &'static str,
    /// The prompt, or `_OTHER`; empty if the request is not for one.
    pub prompt: &'static str,
    /// The code of an error response, `tool_error` for a result that is an error, or `cancelled`.
    pub error: Option<&'o str>,
    /// From when the message was read until its response was made.
    pub duration: Duration,
}

/// What a request is about, as [`ObservedRequest`] has it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subject {
    pub(super) method: &'static str,
    pub(super) capability: &'static str,
    pub(super) tool: &'static str,
    pub(super) prompt: &'static str,
}

impl Subject {
    /// A request that is about neither a tool nor a prompt.
    pub(super) fn of(method: &'static str) -> Self {
        Self { method, ..Self::default() }
    }

    fn name(&self) -> Cow<'static, str> {
        match [self.tool, self.prompt].into_iter().find(|target| !target.is_empty()) {
            Some(target) => format!("{} {target}", self.method).into(),
            None => self.method.into(),
        }
    }
}

/// A request that is being served. It is recorded when it is dropped, also if the caller leaves.
pub(super) struct Observing {
    observer: Option<Arc<dyn Observer>>,
    subject: Subject,
    span: Span,
    start: Instant,
    error: Option<Cow<'static, str>>,
}

impl Observing {
    pub(super) fn new(
        observer: Option<&Arc<dyn Observer>>,
        subject: Subject,
        context: &RequestContext<RoleServer>,
    ) -> Self {
        let is_http = context.extensions.get::<http::request::Parts>().is_some();
        let span = if tracing::enabled!(target: SPAN, tracing::Level::INFO) {
            let version = context.protocol_version();
            let id = id(&context.id);
            span(&subject, is_http, Some(&id), version.as_ref().map(|version| version.as_str()))
        } else {
            Span::none()
        };
        if let Some(observer) = observer
            && let Some(parent) = context.meta.get_traceparent().filter(|parent| trace::is_valid(parent))
        {
            observer.continue_trace(&span, parent, context.meta.get_tracestate());
        }
        Self { observer: observer.cloned(), subject, span, start: Instant::now(), error: Some(CANCELLED.into()) }
    }

    /// A request over HTTP that has its response already.
    pub(super) fn cached(observer: Option<&Arc<dyn Observer>>, method: &'static str, version: Option<&str>) -> Self {
        let subject = Subject::of(method);
        let span = span(&subject, true, None, version);
        Self { observer: observer.cloned(), subject, span, start: Instant::now(), error: None }
    }

    /// Serves the request within its span. `is_error` says whether a result is an error.
    pub(super) async fn serve<T>(
        mut self,
        response: impl Future<Output = Result<T, ErrorData>>,
        is_error: impl FnOnce(&T) -> bool,
    ) -> Result<T, ErrorData> {
        let response = response.instrument(self.span.clone()).await;
        self.error = match &response {
            Ok(result) => is_error(result).then_some(TOOL_ERROR.into()),
            Err(error) => {
                let code = error.code.0.to_string();
                self.span.record("rpc.response.status_code", &*code);
                Some(code.into())
            }
        };
        response
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        let error = self.error.as_deref();
        if let Some(error) = error {
            self.span.record("error.type", error);
            self.span.record("otel.status_code", "error");
        }
        let Subject { method, capability, tool, prompt } = self.subject;
        if let Some(observer) = &self.observer {
            let duration = self.start.elapsed();
            observer.record(&ObservedRequest { method, capability, tool, prompt, error, duration });
        }
    }
}

/// The span of a request. It has no URI of a resource, which contains what the caller sent. There are no sessions.
fn span(subject: &Subject, is_http: bool, id: Option<&str>, version: Option<&str>) -> Span {
    let Subject { method, capability, tool, prompt } = *subject;
    let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    tracing::info_span!(
        target: SPAN,
        "mcp.server.request",
        otel.name = &*subject.name(),
        otel.kind = "server",
        otel.status_code = Empty,
        mcp.method.name = method,
        mcp.protocol.version = version,
        gen_ai.operation.name = some(tool).map(|_| "execute_tool"),
        gen_ai.tool.name = some(tool),
        gen_ai.prompt.name = some(prompt),
        jsonrpc.request.id = id,
        rpc.response.status_code = Empty,
        network.transport = if is_http { "tcp" } else { "pipe" },
        error.type = Empty,
        naftiko.capability = some(capability),
    )
}

/// The id of a request as text, cut if it is long.
fn id(id: &RequestId) -> String {
    short(&id.to_string())
}
