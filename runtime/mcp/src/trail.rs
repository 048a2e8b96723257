//! A call that is being recorded for the audit.

use std::time::Instant;

use http::HeaderValue;
use http::request::Parts;
use naftiko_adapter::trace::TRACEPARENT;
use naftiko_adapter::{Address, Forwarded, Presented, Principal};
use naftiko_client::__private::VariableValues;
use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;

use super::Policy;
use super::audit::{AuditOutcome, AuditedCall};
use super::forwarded::forwarded;
use super::member::{Indexed, Member};
use super::recorded::Recorded;

/// What becomes known of a call while it runs.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) outcome: AuditOutcome,
    pub(super) confirmed: bool,
    /// The `traceparent` that goes upstream, once it is sent.
    pub(super) trace: Option<HeaderValue>,
}

/// A call that is being recorded. It is recorded when it is dropped, also if the caller leaves.
pub(super) struct Trail<'t> {
    policy: &'t Policy,
    indexed: &'t Indexed,
    context: &'t RequestContext<RoleServer>,
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
        members: &[Member],
    ) -> Self {
        let secrets = || {
            let parts = context.extensions.get::<Parts>();
            let presented = parts.and_then(|parts| parts.extensions.get::<Presented>()).cloned();
            let of_caller = presented.map(|Presented(secrets)| secrets.into_values());
            // A caller may write those of one capability into arguments of another.
            let all = members.iter().map(|member| member.connection.secrets()).chain(of_caller).flatten();
            VariableValues::from(all.collect::<Vec<_>>())
        };
        let recorded = policy
            .audit
            .as_ref()
            .zip(request.arguments.as_ref())
            .map(|(audit, arguments)| Recorded::of(&indexed.tool.binding, arguments, audit.has_values(), secrets));
        Self {
            policy,
            indexed,
            context,
            recorded: recorded.unwrap_or_default(),
            start: Instant::now(),
            ended: Ended::default(),
        }
    }
}

impl Drop for Trail<'_> {
    fn drop(&mut self) {
        let Some(audit) = &self.policy.audit else { return };
        let extension = self.context.extensions.get::<Parts>().map(|parts| &parts.extensions);
        let id = extension.and_then(|extensions| extensions.get::<Forwarded>()?.0.get("x-request-id"));
        // Of a call that was not sent it is what would have gone upstream.
        let trace = self.ended.trace.take().or_else(|| forwarded(self.context).0.remove(TRACEPARENT));
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
            request_id: id.and_then(|id| id.to_str().ok()),
            trace: trace.as_ref().and_then(|trace| trace.to_str().ok()),
        });
    }
}
