//! Paths below which requests are passed on to an API.

use std::collections::BTreeMap;

use super::variables::Variables;
use super::{adapters, operation, path};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked;
use crate::read::document::{AdapterKind, Document, Forward, RestResource, Text};
use crate::vocabulary::{is_reserved_header, is_token};

/// Fields that authenticate callers, besides those that are reserved.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// What is passed on, each with the adapter of its listener.
fn declared<'d>(
    document: &'d Document,
    listeners: &[usize],
) -> impl Iterator<Item = (usize, &'d RestResource, &'d Forward)> {
    let resources = adapters(document, listeners).filter_map(|(listener, adapter)| match &adapter.kind {
        AdapterKind::Rest(resources) => Some(resources.iter().map(move |resource| (listener, resource))),
        _ => None,
    });
    resources.flatten().filter_map(|(listener, resource)| Some((listener, resource, resource.forward.as_ref()?)))
}

/// What is passed on to one API.
pub(super) fn to<'d>(
    shared: &operation::Shared<'_, 'd>,
    document: &'d Document,
    listeners: &[usize],
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Vec<linked::Forward<'d>> {
    let mut forwards = Vec::new();
    for (listener, resource, forward) in declared(document, listeners) {
        if forward.namespace.value != shared.source.namespace.value {
            continue;
        }
        let pieces = path::pieces_of_route(&resource.path, sink);
        let operation = operation::link(shared, &forward.resource, &forward.operation, variables, sink);
        let (Some(pieces), Some(operation)) = (pieces, operation) else { continue };
        forwards.push(linked::Forward {
            listener,
            path: &resource.path,
            pieces: path::to_the_end(pieces),
            operation,
            trusted: trusted(&forward.trusted, sink),
        });
    }
    forwards
}

/// The names of fields that may be passed on, in lower case.
fn trusted(names: &[Text], sink: &mut Sink) -> Vec<String> {
    let mut kept = Vec::new();
    for name in names {
        let lowercase = name.value.to_ascii_lowercase();
        if lowercase == "*" {
            let message = "`*` is the name of one field, and not of all; it is left out".to_owned();
            let help = "name each field that is passed on";
            sink.report_once(Code::ReservedHeader, "*", name.span, message).help(help);
        } else if !is_token(&lowercase) || is_reserved_header(&lowercase) || CREDENTIALS.contains(&&*lowercase) {
            let message = format!("`{}` of callers is not passed on; it is left out", name.value);
            let help =
                "remove it; credentials of callers stay here, and the client sets fields of the connection itself";
            sink.report_once(Code::ReservedHeader, &name.value, name.span, message).help(help);
        } else if !kept.contains(&lowercase) {
            kept.push(lowercase);
        }
    }
    kept
}

/// Every namespace must be there. Of two equal paths the first is used.
pub(super) fn check(
    document: &Document,
    listeners: &[usize],
    forwards: &mut Vec<linked::Forward<'_>>,
    sink: &mut Sink,
) {
    let namespaces: Vec<&str> = document.consumes.iter().map(|api| api.namespace.value.as_str()).collect();
    for (_, _, forward) in declared(document, listeners) {
        let name = &forward.namespace;
        if !namespaces.contains(&name.value.as_str()) {
            let message = format!("unknown namespace `{}` to forward to", name.value);
            let known = namespaces.iter().copied();
            let nearest = crate::diagnostic::nearest(&name.value, known);
            let report = sink.report(Code::UnknownCall, name.span, message);
            report.nearest(name.span, &name.value, nearest, "name a namespace of `consumes`");
        }
    }
    let mut known: BTreeMap<(usize, String), Span> = BTreeMap::new();
    forwards.retain(|forward| {
        let shape = (forward.listener, linked::shape(&forward.pieces));
        let Some(first) = known.get(&shape) else {
            known.insert(shape, forward.path.span);
            return true;
        };
        let message = format!("`{}` matches the same requests as an earlier path; it is left out", forward.path.value);
        let report = sink.report(Code::RouteConflict, forward.path.span, message);
        report.label(*first, "the earlier path").help("remove one of the two, or change its path");
        false
    });
}
