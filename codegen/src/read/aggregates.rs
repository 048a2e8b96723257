//! Aggregates: flows that routes and tools refer to.

use super::document::{Aggregate, AggregateFlow, Hints, Text};
use super::fields::Fields;
use super::invocation::invocation;
use super::yaml::Node;
use super::{name_of, read_parts};
use crate::codes::Code;
use crate::diagnostic::Sink;

pub(super) fn aggregate(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Aggregate> {
    let mut fields = Fields::of(node, "an aggregate", sink);
    let namespace = fields.text(&["namespace", "name"], sink).or(key);
    fields.ignore(&["label", "display", "description", "tags"]);
    // The second is the older spelling.
    let (flows, left_out) = read_parts("flow", fields.members(&["flows", "functions"], sink), flow, sink);
    fields.finish(sink);
    Some(Aggregate { namespace, original: None, flows, left_out })
}

fn flow(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<AggregateFlow> {
    let mut fields = Fields::of(node, "a flow", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let description = fields.text(&["description"], sink);
    fields.ignore(&["label", "display", "tags", "outputMediaType"]);
    let hints = fields.get(&["semantics"]).map(|entry| semantics(&entry.value, sink)).unwrap_or_default();
    let mut invocation = invocation(&mut fields, sink);
    if let Some(other) = &invocation.flow {
        let message = format!("a flow cannot be another one, such as `{}`", other.value);
        sink.report(Code::Unsupported, other.span, message)
            .help("let routes and tools refer to that one, or write what it calls in both");
        invocation.refused = true;
    }
    fields.finish(sink);
    Some(AggregateFlow { name: name?, description, hints, invocation })
}

/// What the flow does to its callers' data, in the terms of tools.
fn semantics(node: &Node, sink: &mut Sink) -> Hints {
    let mut fields = Fields::of(node, "`semantics`", sink);
    let safe = fields.flag("safe", sink);
    let idempotent = fields.flag("idempotent", sink);
    fields.ignore(&["cacheable"]);
    fields.finish(sink);
    let destructive = safe.filter(|safe| *safe).map(|safe| !safe);
    Hints { read_only: safe, destructive, idempotent, open_world: None }
}
