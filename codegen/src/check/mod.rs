//! The third stage: rules over the linked document, one file per family. All findings come in one run.

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
    if linked.operations.is_empty() && !sink.has_errors() {
        let (message, help) = if linked.document.missing.is_empty() {
            ("the capability consumes no operation: there is nothing to call", "add `consumes:` with an operation")
        } else {
            ("all that the capability consumes is imported, and the imports lead nowhere", "add the imported files")
        };
        sink.report(Code::NothingConsumed, linked.document.place, message, help);
    }
    check_addresses(linked, sink);
    operations::check(linked, sink);
    routes::check(linked, sink);
    tools::check(linked, sink);
    resources::check(linked, sink);
    outputs::check(linked, sink);
}

/// The server listens on this machine, whatever the file says: whoever runs it opens it, and knows to whom.
fn check_addresses(linked: &Linked<'_>, sink: &mut Sink) {
    let served = |kind: &AdapterKind| matches!(kind, AdapterKind::Rest(_) | AdapterKind::Mcp(_));
    for adapter in linked.document.adapters.iter().filter(|adapter| served(&adapter.kind)) {
        let Some(address) = &adapter.address else { continue };
        if !matches!(address.value.as_str(), "localhost" | "127.0.0.1" | "::1") {
            let message = format!("the address `{}` is left to whoever runs the server", address.value);
            let help = "it listens on this machine only, unless it is started with `--address`";
            sink.report_once(Code::AddressIgnored, "address", address.place, message, help);
        }
    }
}
