//! Rules for the resources of MCP adapters.

use super::operations::check_kind;
use super::routes::check_placeholders;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Linked, ResourceSource};

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for resource in &linked.resources {
        let ResourceSource::Call(call) = &resource.source else { continue };
        check_placeholders(&resource.pieces, call, resource.declared.uri.span, "tools", sink);
        for input in &call.inputs {
            check_kind(input, sink);
            if !input.location.is_path() {
                let message = format!("the input `{}` of a resource does not appear in its URI", input.name);
                let help = format!("add `{{{}}}` to the URI, or remove the input", input.name);
                sink.report(Code::UnreachableArgument, input.span, message).help(help);
            }
        }
    }
}
