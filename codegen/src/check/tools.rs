//! Rules for the tools of MCP adapters.

use naftiko_schema::Location;

use super::operations::check_kind;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Linked, Parameter};
use crate::read::document::AdapterKind;

/// Callers of REST send text anyway.
fn check_untyped(input: &Parameter, sink: &mut Sink) {
    if input.kind.is_none() && input.location != Location::Body {
        let message = format!("`{}` has no `type`; tools take it as a string, and refuse numbers", input.name);
        sink.report_once(Code::ImpliedType, "type", input.span, message).help("add `type: string`, or another type");
    }
}

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for input in linked.tools.iter().flat_map(|tool| &tool.call.inputs) {
        check_kind(input, sink);
        check_untyped(input, sink);
    }
    let adapters = linked.document.adapters.iter();
    if let Some(second) = adapters.filter(|adapter| matches!(adapter.kind, AdapterKind::Mcp(_))).nth(1) {
        let message = "all MCP adapters are served together, on the port of the first";
        sink.report(Code::SeveralAdapters, second.span, message).help("to serve them separately, split the capability");
    }
}
