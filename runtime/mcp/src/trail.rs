//! A call that is being recorded for the audit.

use std::time::Instant;

use http::request::Parts;
use naftiko_adapter::trace::TRACEPARENT;
use naftiko_adapter::{Address, Forwarded, Principal};
use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;

use super::Policy;
use super::audit::{AuditOutcome, AuditedCall};
use super::member::Indexed;
use super::recorded::Recorded;

/// What becomes known of a call while it runs.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) outcome: AuditOutcome,
    pub(super) confirmed: bool,
}

/// A call that is being recorded. It is recorded when it is dropped, also if the caller leaves.
pub(super) struct Trail<'t> {
    policy: &'t Policy,
    indexed: &'t Indexed,
    parts: Option<&'t Parts>,
    recorded: Recorded,
    start: Instant,
    pub(super) ended: Ended,
}

impl<'t> Trail<'t> {
    pub(super) fn new(
        policy: &'t Policy,
        indexed: &'t Indexed,
        request: &CallToolRequestParams,
        context: &'t RequestContext<RoleServer>,
    ) -> Self {
        let recorded = policy
            .audit
            .as_ref()
            .zip(request.arguments.as_ref())
            .map(|(audit, arguments)| Recorded::of(&indexed.tool.binding, arguments, audit.has_values()));
        Self {
            policy,
            indexed,
            parts: context.extensions.get::<Parts>(),
            recorded: recorded.unwrap_or_default(),
            start: Instant::now(),
            ended: Ended::default(),
        }
    }
}

impl Drop for Trail<'_> {
    fn drop(&mut self) {
        let Some(audit) = &self.policy.audit else { return };
        let extension = self.parts.map(|parts| &parts.extensions);
        let forwarded = extension.and_then(|extensions| extensions.get::<Forwarded>());
        let field = |name: &str| {
            forwarded.and_then(|Forwarded(fields, _)| fields.get(name)).and_then(|value| value.to_str().ok())
        };
        audit.record(&AuditedCall {
            tool: &self.indexed.tool.name,
            capability: &self.indexed.capability.name,
            arguments: &self.recorded.names,
            left_out: self.recorded.left_out,
            values: self.recorded.values.as_ref(),
            outcome: self.ended.outcome,
            confirmed: self.ended.confirmed,
            duration: self.start.elapsed(),
            principal: extension.and_then(|extensions| extensions.get::<Principal>()).map(Principal::id),
            address: extension.and_then(|extensions| extensions.get::<Address>()).map(|Address(address)| *address),
            rule: self.policy.rule(),
            request_id: field("x-request-id"),
            trace: field(TRACEPARENT.as_str()),
        });
    }
}
