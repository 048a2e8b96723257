//! The resources of MCP adapters: their URIs, and which operations or files give their content.

use std::collections::BTreeMap;

use super::inputs::Context;
use super::linker::Linker;
use super::target::CallSite;
use super::{adapters, arguments, files};
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};
use crate::linked::{Resource, ResourceSource};
use crate::read::document::{self, AdapterKind, McpResource, Text};
use crate::template::{Piece, split_path};
use crate::vocabulary::is_invisible;

pub(super) fn resources<'d>(linker: &Linker<'_, 'd>, sources: &Sources, sink: &mut Sink) -> Vec<Resource<'d>> {
    let mut resources = Vec::new();
    let mut known: BTreeMap<(usize, String), Span> = BTreeMap::new();
    for (listener, adapter) in adapters(linker.linked.document, &linker.linked.listeners) {
        let AdapterKind::Mcp(mcp) = &adapter.kind else { continue };
        let scope = linker.scope("tools", adapter);
        for source in &mcp.resources {
            let Some(pieces) = pieces(&source.uri, sink) else { continue };
            let shape = (listener, shape(&pieces));
            if let Some(first) = known.get(&shape) {
                let message = format!("duplicate URI `{}`; this resource is left out", source.uri.value);
                let report = sink.report(Code::DuplicateName, source.uri.span, message);
                report.label(*first, FIRST).help("change one of the two");
                continue;
            }
            known.insert(shape, source.uri.span);
            let content = match &source.source {
                document::ResourceSource::Location(location) => {
                    if pieces.iter().any(|piece| piece.name().is_some()) {
                        refuse::<()>(&source.uri, "resources from files cannot have placeholders", sink);
                    }
                    files::link(location, sources, sink).map(ResourceSource::Files)
                }
                document::ResourceSource::Call(invocation) => {
                    let site = call_site(source, invocation);
                    let context = Context {
                        span: site.span,
                        scope: &scope,
                        shared: &[],
                        path: Some(&pieces),
                        closed: true,
                        inherits: true,
                        has_body: false,
                    };
                    linker.call(invocation, &site, &context, sink).map(ResourceSource::Call)
                }
            };
            resources.extend(content.map(|content| Resource { listener, declared: source, pieces, source: content }));
        }
    }
    resources
}

fn call_site<'d>(source: &'d McpResource, invocation: &'d document::Invocation) -> CallSite<'d> {
    CallSite {
        span: source.name.span,
        name: Some(&source.name.value),
        description: source.description.as_ref().map(|text| text.value.as_str()),
        method: None,
        path: None,
        arguments: arguments(invocation),
    }
}

/// The pieces of a URI or of a URI template (RFC 3986; RFC 6570, level 1).
fn pieces(uri: &Text, sink: &mut Sink) -> Option<Vec<Piece>> {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let scheme = uri.value.split_once(':').filter(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(in_scheme) && !rest.is_empty()
    });
    if scheme.is_none() {
        return refuse(uri, "it has no scheme", sink);
    }
    let pieces = match split_path(&uri.value) {
        Ok(pieces) => pieces,
        Err(problem) => return refuse(uri, problem, sink),
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut names: Vec<&str> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => {
                let in_uri = |c: char| c.is_ascii_graphic() && !"\"<>\\^`|".contains(c) && !is_invisible(c);
                if !text.chars().all(in_uri) {
                    return refuse(uri, "it contains characters that are not allowed in a URI", sink);
                }
            }
            Piece::Placeholder(name) if name.chars().all(in_name) && !names.contains(&name.as_str()) => {
                names.push(name)
            }
            Piece::Placeholder(name) if names.contains(&name.as_str()) => {
                return refuse(uri, "it has the same placeholder twice", sink);
            }
            Piece::Placeholder(_) | Piece::Segments(_) => {
                return refuse(uri, "a placeholder is not a simple name", sink);
            }
        }
        let follows = matches!(index.checked_sub(1).and_then(|before| pieces.get(before)), Some(Piece::Placeholder(_)));
        if follows && piece.name().is_some() {
            return refuse(uri, "two placeholders are adjacent", sink);
        }
    }
    Some(pieces)
}

fn refuse<T>(uri: &Text, problem: &str, sink: &mut Sink) -> Option<T> {
    let help = "write `scheme://path`, with `{name}` for what the caller sends";
    sink.report(Code::BadResourceUri, uri.span, format!("invalid URI `{}` of a resource: {problem}", uri.value))
        .help(help);
    None
}

/// The URI with its placeholders made equal.
fn shape(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text } else { "{}" }).collect()
}
