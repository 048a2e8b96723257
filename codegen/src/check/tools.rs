//! Rules for the tools of MCP adapters.

use super::operations::check_kind;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;
use crate::read::document::AdapterKind;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for input in linked.tools.iter().flat_map(|tool| &tool.call.inputs) {
        check_kind(input, sink);
    }
    let adapters = linked.document.adapters.iter();
    if let Some(second) = adapters.filter(|adapter| matches!(adapter.kind, AdapterKind::Mcp(_))).nth(1) {
        let message = "all MCP adapters are served together, on the port of the first";
        sink.report(Code::SeveralAdapters, second.span, message).help("to serve them separately, split the capability");
    }
}
