//! The third stage: rules for the linked document, one file per family. All diagnostics are reported in one run.

mod operations;
mod outputs;
mod resources;
mod routes;
mod tools;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;
use crate::read::document::AdapterKind;

/// Checks a linked document.
pub(crate) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    if linked.operations.is_empty() && linked.flows.is_empty() && !sink.has_errors() {
        let (message, help) = if linked.document.missing.is_empty() {
            ("the capability consumes no operation", "add an operation under `consumes`")
        } else {
            ("nothing that the capability consumes could be imported", "add the imported files, or correct the imports")
        };
        sink.report(Code::NothingConsumed, linked.document.span, message).help(help);
    }
    check_addresses(linked, sink);
    operations::check(linked, sink);
    routes::check(linked, sink);
    tools::check(linked, sink);
    resources::check(linked, sink);
    outputs::check(linked, sink);
}

/// The server listens on this machine only, whatever the file says. The operator decides who can reach it.
fn check_addresses(linked: &Linked<'_>, sink: &mut Sink) {
    let served = |kind: &AdapterKind| matches!(kind, AdapterKind::Rest(_) | AdapterKind::Mcp(_));
    for adapter in linked.document.adapters.iter().filter(|adapter| served(&adapter.kind)) {
        let Some(address) = &adapter.address else { continue };
        if !matches!(address.value.as_str(), "localhost" | "127.0.0.1" | "::1") {
            let message =
                format!("the address `{}` has no effect; the operator sets the address of the server", address.value);
            let help = "start the server with `--address`; without it, it listens on this machine only";
            sink.report_once(Code::AddressIgnored, "address", address.span, message).help(help);
        }
    }
}
