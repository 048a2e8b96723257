//! Paths of operations and routes: joined from their parts, and split into pieces.

use super::operation::Shared;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, RestOperation, RestResource, Text};
use crate::template::{Piece, cut, split_path};

/// The placeholder at the end of a route's path that takes the rest of it, as in the reference engine.
const REST: &str = "path";

/// The whole path of an operation, from that of its resource and its own.
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
            let message = format!("`path` is missing in `{}` and in its resource", operation.name.value);
            sink.report(Code::MissingKey, operation.name.span, message).help("add `path:`");
            return None;
        }
        (Some(base), Some(own)) => (base, own),
    };
    let value = if shared.own_paths_are_whole { own.value.clone() } else { below(base, own) };
    let namespace = &shared.source.namespace.value;
    let message = format!("the operation has its own path; the whole path is `{value}`");
    let help = "move the operation to a resource with the whole path";
    sink.report_once(Code::OwnPath, namespace, own.span, message).help(help);
    Some(Text { value, span: own.span })
}

/// Whether the operations of an API repeat the path of their resource in their own.
pub(super) fn own_paths_are_whole(source: &Consumes) -> bool {
    source.resources.iter().any(|resource| {
        let base = resource.path.as_ref().map_or("", |path| path.value.trim_end_matches('/'));
        let repeats = |own: &Text| !base.is_empty() && own.value.starts_with(base);
        resource.operations.iter().filter_map(|operation| operation.path.as_ref()).any(repeats)
    })
}

/// The path of a route: that of the resource, followed by that of the operation unless it repeats it.
pub(super) fn of_route(resource: &RestResource, operation: &RestOperation) -> Text {
    let base = &resource.path;
    match &operation.path {
        None => base.clone(),
        Some(own) if own.value.starts_with(base.value.trim_end_matches('/')) => own.clone(),
        Some(own) => Text { value: below(base, own), span: own.span },
    }
}

fn below(base: &Text, own: &Text) -> String {
    format!("{}/{}", base.value.trim_end_matches('/'), own.value.trim_start_matches('/'))
}

/// The pieces of an operation's path, and its query. Fragments are never sent.
pub(super) fn pieces_of_operation(path: &Text, sink: &mut Sink) -> Option<(Vec<Piece>, Option<String>)> {
    if path.value.contains("://") {
        let message = format!("`{}` is a URL, not a path", path.value);
        sink.report(Code::BadPath, path.span, message)
            .help("write only what follows the host, and move the rest to `baseUri`");
        return None;
    }
    let (text, query, fragment) = cut(&path.value);
    if fragment.is_some() {
        let message = format!("the fragment of `{}` is left out: fragments are never sent (RFC 9110 §7.1)", path.value);
        let help = "declare a header or query parameter instead";
        sink.report_once(Code::FragmentInPath, "consumed", path.span, message).help(help);
    }
    Some((pieces(path, &text, sink)?, query))
}

/// The pieces of the path of a route. Requests are matched by path only, so `?` and `#` are characters of the path.
pub(super) fn pieces_of_route(path: &Text, sink: &mut Sink) -> Option<Vec<Piece>> {
    let (_, query, fragment) = cut(&path.value);
    for (code, part, sign) in [(Code::QueryInPath, query, "?"), (Code::FragmentInPath, fragment, "#")] {
        if part.is_some() {
            let message = format!("the path `{}` contains `{sign}`, which callers must percent-encode", path.value);
            let help = "remove it; routes are matched by path only";
            sink.report_once(code, "route", path.span, message).help(help);
        }
    }
    pieces(path, &path.value, sink)
}

/// The pieces, with the placeholder at their end taking the rest of the path if its name says so.
pub(super) fn to_the_end(mut pieces: Vec<Piece>) -> Vec<Piece> {
    if let [.., Piece::Literal(before), last] = pieces.as_mut_slice()
        && before.ends_with('/')
        && last.name() == Some(REST)
    {
        *last = Piece::Segments(REST.to_owned());
    }
    pieces
}

fn pieces(path: &Text, text: &str, sink: &mut Sink) -> Option<Vec<Piece>> {
    let mut pieces = match split_path(text) {
        Ok(pieces) => pieces,
        Err(problem) => {
            let message = format!("invalid path `{}`: {problem}", path.value);
            sink.report(Code::BadPath, path.span, message).help("write placeholders as `{name}`");
            return None;
        }
    };
    if !text.starts_with('/') {
        let message = format!("the path `{}` does not start with `/`; the slash is added", path.value);
        let report = sink.report(Code::MissingSlash, path.span, message);
        report.replace(path.span, &path.value, &format!("/{}", path.value), true);
        pieces.insert(0, Piece::Literal("/".to_owned()));
    }
    Some(pieces)
}
