//! The audit of calls: who called which tool, and what came of it.

use std::net::IpAddr;
use std::time::Duration;

use rmcp::model::JsonObject;

/// Keeps a record of calls.
pub trait Audit: Send + Sync {
    /// Whether calls can go on: `false` if each must be recorded, and none can be.
    fn is_ready(&self) -> bool;

    /// Whether records have the values of arguments.
    fn has_values(&self) -> bool {
        false
    }

    /// Records a call.
    fn record(&self, call: &AuditedCall<'_>);
}

/// A call of a tool. Its texts are no secrets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditedCall<'c> {
    /// The name of the tool.
    pub tool: &'c str,
    /// The name of its capability.
    pub capability: &'c str,
    /// The names of the arguments, in their order: those that the tool has, and a few others, cut where they are long.
    pub arguments: &'c [String],
    /// How many other arguments there are.
    pub left_out: usize,
    /// The values of arguments, if the audit has them: without secrets, as many as there is room for, and cut where they are long. Numbers that JSON values would change are
    /// marked.
    pub values: Option<&'c JsonObject>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// Whether the user confirmed it.
    pub confirmed: bool,
    /// How long it took.
    pub duration: Duration,
    /// The principal of the caller, if callers authenticate.
    pub principal: Option<&'c str>,
    /// The address of the caller, over HTTP.
    pub address: Option<IpAddr>,
    /// The rule of the caller, if what callers may do depends on who they are.
    pub rule: Option<&'c str>,
    /// The id of the request, over HTTP.
    pub request_id: Option<&'c str>,
    /// The `traceparent` that the upstream gets (W3C Trace Context), if it gets one: that of the message (SEP-414), or else that of
    /// the HTTP request.
    pub trace: Option<&'c str>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// The upstream did it.
    Ok,
    /// Its arguments are invalid, and nothing was sent.
    Invalid,
    /// A limit or the user refused it, and nothing was sent.
    Refused,
    /// The rule of its caller does not allow it, and nothing was sent.
    Forbidden,
    /// The user is asked first; the confirmed call follows.
    Asked,
    /// It was shown what would be sent.
    DryRun,
    /// The upstream responded with this error status.
    Upstream(u16),
    /// It failed otherwise, or the caller left.
    #[default]
    Failed,
}
