//! Which adapters share a listener. Every adapter has its own, on its port and with its own authentication of callers, except where
//! that is impossible.

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::document::{Adapter, AdapterKind, AdapterType, Document};

/// For each adapter, the index of the one whose listener it has: its own, or that of another adapter of its type.
pub(super) fn listeners(document: &Document, sink: &mut Sink) -> Vec<usize> {
    let adapters = &document.adapters;
    let mut listeners: Vec<usize> = Vec::new();
    for (index, adapter) in adapters.iter().enumerate() {
        let Some(adapter_type) = adapter.kind.type_of() else {
            listeners.push(index);
            continue;
        };
        let over_stdio = is_over_stdio(adapter);
        let shared = adapters.iter().enumerate().find(|(other, known)| {
            let has_port = !is_over_stdio(known);
            let is_other = if over_stdio { has_port || *other < index } else { has_port && *other < index };
            known.kind.type_of() == Some(adapter_type) && is_other && shares(adapter_type, adapter, known)
        });
        // That of the other is known already, unless it comes later, and is then its own.
        let listener = shared.map_or(index, |(other, _)| listeners.get(other).copied().unwrap_or(other));
        if listener != index {
            report(adapter_type, adapter, adapters.get(listener), sink);
        }
        listeners.push(listener);
    }
    listeners
}

/// Whether an adapter has the listener of another one of its type.
fn shares(adapter_type: AdapterType, adapter: &Adapter, other: &Adapter) -> bool {
    let port = |adapter: &Adapter| adapter.port.unwrap_or(adapter_type.usual_port());
    match adapter_type {
        AdapterType::Control => true,
        _ if is_over_stdio(adapter) => true,
        AdapterType::Rest | AdapterType::Mcp | AdapterType::Skill => port(adapter) == port(other) && port(adapter) != 0,
    }
}

/// Whether an adapter has no port.
fn is_over_stdio(adapter: &Adapter) -> bool {
    matches!(&adapter.kind, AdapterKind::Mcp(mcp) if mcp.over_stdio)
}

fn report(adapter_type: AdapterType, adapter: &Adapter, first: Option<&Adapter>, sink: &mut Sink) {
    let (message, help) = match adapter_type {
        AdapterType::Mcp if is_over_stdio(adapter) => (
            "the adapter over stdio is served together with another MCP adapter: both have the tools of both",
            "to serve it alone, move it to a capability of its own",
        ),
        AdapterType::Mcp | AdapterType::Rest | AdapterType::Skill => (
            "two adapters of one type have the same port, so they are served together",
            "give each of them its own `port` to serve them apart",
        ),
        // There is nothing in a second one that the first one does not have.
        AdapterType::Control => return,
    };
    let report = sink.report(Code::SeveralAdapters, adapter.span, message).help(help);
    if let Some(first) = first {
        report.label(first.span, "the other adapter");
    }
}
