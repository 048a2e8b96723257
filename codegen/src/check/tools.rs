//! Rules for the tools of MCP adapters.

use super::operations::check_kind;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;

/// The longest name that clients and the protocol's own test suite take.
const MAX_NAME: usize = 64;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for tool in &linked.tools {
        let name = &tool.name.value;
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(valid) {
            let message = format!("`{name}` cannot be the name of a tool");
            let help = format!("use 1 to {MAX_NAME} of the characters A-Z, a-z, 0-9, `_`, `-` and `.`");
            sink.report(Code::ToolName, tool.name.place, message, help);
        }
        for input in &tool.call.inputs {
            check_kind(input, sink);
        }
    }
    if let Some(second) = linked.document.mcp.get(1) {
        let message = "the tools of all MCP adapters are served together, on the port of the first";
        sink.report(Code::SeveralAdapters, second.place, message, "");
    }
}
