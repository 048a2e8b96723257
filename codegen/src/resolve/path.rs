//! Paths of operations and routes: put together from what their author wrote, and cut into pieces.

use super::operation::Shared;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, RestOperation, RestResource, Text};
use crate::template::{Piece, cut, split_path};

/// The whole path of an operation, from the resource's and its own.
pub(super) fn of_operation(
    shared: &Shared<'_, '_>,
    resource: &ConsumedResource,
    operation: &ConsumedOperation,
    sink: &mut Sink,
) -> Option<Text> {
    let (base, own) = match (&resource.path, &operation.path) {
        (Some(base), None) => return Some(base.clone()),
        (None, Some(own)) => return Some(own.clone()),
        (None, None) => {
            let message = format!("neither `{}` nor its resource has a `path`", operation.name.value);
            sink.report(Code::MissingKey, operation.name.place, message, "add `path:`");
            return None;
        }
        (Some(base), Some(own)) => (base, own),
    };
    let value = if shared.own_paths_are_whole { own.value.clone() } else { below(base, own) };
    let namespace = &shared.source.namespace.value;
    let message = format!("the operation has a path of its own; the whole path is `{value}`");
    let help = "write the whole path into a resource of its own";
    sink.report_once(Code::OwnPath, namespace, own.place, message, help);
    Some(Text { value, place: own.place })
}

/// Whether the operations of an API repeat their resource's path when they have one of their own.
pub(super) fn own_paths_are_whole(source: &Consumes) -> bool {
    source.resources.iter().any(|resource| {
        let base = resource.path.as_ref().map_or("", |path| path.value.trim_end_matches('/'));
        let repeats = |own: &Text| !base.is_empty() && own.value.starts_with(base);
        resource.operations.iter().filter_map(|operation| operation.path.as_ref()).any(repeats)
    })
}

/// The path of a route: the resource's, with the operation's own below it, unless that repeats it.
pub(super) fn of_route(resource: &RestResource, operation: &RestOperation) -> Text {
    let base = &resource.path;
    match &operation.path {
        None => base.clone(),
        Some(own) if own.value.starts_with(base.value.trim_end_matches('/')) => own.clone(),
        Some(own) => Text { value: below(base, own), place: own.place },
    }
}

fn below(base: &Text, own: &Text) -> String {
    format!("{}/{}", base.value.trim_end_matches('/'), own.value.trim_start_matches('/'))
}

/// The pieces of an operation's path, and its query. Fragments are never sent.
pub(super) fn pieces_of_operation(path: &Text, sink: &mut Sink) -> Option<(Vec<Piece>, Option<String>)> {
    if path.value.contains("://") {
        let message = format!("`{}` is no path", path.value);
        sink.report(Code::BadPath, path.place, message, "write what follows the host, and the rest into `baseUri`");
        return None;
    }
    let (text, query, fragment) = cut(&path.value);
    if fragment.is_some() {
        let message = format!("the fragment of `{}` is not sent: it never is (RFC 9110 §7.1)", path.value);
        sink.report(Code::FragmentInPath, path.place, message, "declare what it stands for as a header or query");
    }
    Some((pieces(path, &text, sink)?, query))
}

/// The pieces of a route's path. A server matches paths only, so a query or fragment in it is text of the path.
pub(super) fn pieces_of_route(path: &Text, sink: &mut Sink) -> Option<Vec<Piece>> {
    let (_, query, fragment) = cut(&path.value);
    for (code, part, sign) in [(Code::QueryInPath, query, "?"), (Code::FragmentInPath, fragment, "#")] {
        if part.is_some() {
            let message = format!("the route `{}` holds a `{sign}`: callers must percent-encode it", path.value);
            let help = "requests are matched by path alone (RFC 3986 §3.3)";
            sink.report_once(code, "route", path.place, message, help);
        }
    }
    pieces(path, &path.value, sink)
}

fn pieces(path: &Text, text: &str, sink: &mut Sink) -> Option<Vec<Piece>> {
    let mut pieces = match split_path(text) {
        Ok(pieces) => pieces,
        Err(problem) => {
            let message = format!("the path `{}` cannot be read: {problem}", path.value);
            sink.report(Code::BadPath, path.place, message, "placeholders are written `{name}`");
            return None;
        }
    };
    if !text.starts_with('/') {
        let message = format!("the path `{}` does not start with `/`; one is put before it", path.value);
        sink.report(Code::MissingSlash, path.place, message, "write it with its slash");
        pieces.insert(0, Piece::Literal("/".to_owned()));
    }
    Some(pieces)
}
