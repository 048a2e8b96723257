//! Rules for the tools of MCP adapters.

use super::operations::check_kind;
use crate::diagnostic::Sink;
use crate::linked::Linked;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for input in linked.tools.iter().flat_map(|tool| &tool.call.inputs) {
        check_kind(input, sink);
    }
}
