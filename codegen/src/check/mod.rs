//! The third stage: rules for the linked document, one file per family. All diagnostics are reported in one run.

mod operations;
mod outputs;
mod resources;
mod routes;
mod skills;
mod tools;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;
use crate::read::document::{Adapter, AdapterKind};

/// Checks a linked document.
pub(crate) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    check_content(linked, sink);
    check_addresses(linked, sink);
    operations::check(linked, sink);
    routes::check(linked, sink);
    tools::check(linked, sink);
    resources::check(linked, sink);
    skills::check(linked, sink);
    outputs::check(linked, sink);
}

/// There must be something to generate: operations for a client, or what a server serves by itself.
fn check_content(linked: &Linked<'_>, sink: &mut Sink) {
    let document = linked.document;
    let by_itself =
        |adapter: &Adapter| !matches!(adapter.kind, AdapterKind::Rest(_) | AdapterKind::Mcp(_) | AdapterKind::Other);
    let calls = !linked.operations.is_empty() || !linked.flows.is_empty() || !linked.forwards.is_empty();
    let serves = !linked.resources.is_empty() || !linked.prompts.is_empty() || document.adapters.iter().any(by_itself);
    if calls || serves || sink.has_errors() {
        return;
    }
    let declares = !linked.apis.is_empty() || document.adapters.iter().any(|adapter| adapter.kind.type_of().is_some());
    let (code, message, help) = if !document.missing.is_empty() {
        let help = "add the imported files, or correct the imports";
        (Code::NothingToGenerate, "nothing that the capability consumes could be imported", help)
    } else if declares {
        let help = "add operations under `consumes`, and routes or tools that call them";
        (Code::NothingServed, "the capability has nothing to call and nothing to serve", help)
    } else {
        let help = "add an API under `consumes`, or an adapter under `exposes`";
        (Code::NothingToGenerate, "the capability consumes and exposes nothing", help)
    };
    sink.report(code, document.span, message).help(help);
}

/// The server listens on this machine only, whatever the file says. The operator decides who can reach it.
fn check_addresses(linked: &Linked<'_>, sink: &mut Sink) {
    let served =
        |kind: &AdapterKind| matches!(kind, AdapterKind::Rest(_) | AdapterKind::Mcp(_) | AdapterKind::Skill(_));
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
