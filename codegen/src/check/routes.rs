//! Rules for the routes of REST adapters.

use super::operations::{check_kind, check_method};
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Call, Linked, Route, Source};
use crate::read::document::AdapterKind;
use crate::template::Piece;
use crate::vocabulary::{is_dots, is_invisible};

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for route in &linked.routes {
        check_method(route.method, sink);
        check_path(route, sink);
        check_captures(route, sink);
        for input in &route.call.inputs {
            check_kind(input, sink);
        }
    }
    let adapters = linked.document.adapters.iter();
    if let Some(second) = adapters.filter(|adapter| matches!(adapter.kind, AdapterKind::Rest(_))).nth(1) {
        let message = "the routes of all REST adapters are served together, on the port of the first";
        sink.report(Code::SeveralAdapters, second.place, message, "");
    }
}

fn check_path(route: &Route<'_>, sink: &mut Sink) {
    let path = &route.path.value;
    let last = route.pieces.len().saturating_sub(1);
    let several = |(index, piece): (usize, &Piece)| matches!(piece, Piece::Segments(_)) && index != last;
    let (problem, help) = if path.contains(|c: char| c.is_control() || is_invisible(c)) {
        ("holds characters that cannot be seen", "remove them")
    } else if path.contains('\\') || path.split('/').any(is_dots) {
        (
            "holds `.` or `..` as a segment, or `\\`, which clients resolve before they send it",
            "write the path as it is sent",
        )
    } else if route.pieces.iter().enumerate().any(several) {
        ("has a placeholder for several segments that is not its last", "put it at the end of the path")
    } else {
        return;
    };
    sink.report(Code::BadPath, route.path.place, format!("the path `{path}` {problem}"), help);
}

fn check_captures(route: &Route<'_>, sink: &mut Sink) {
    check_placeholders(&route.pieces, &route.call, route.path.place, "rest", sink);
    let filled = |index: usize| {
        route.pieces.iter().filter_map(Piece::name).any(|name| route.call.input_of(name) == Ok(Some(index)))
    };
    for (index, input) in route.call.inputs.iter().enumerate().filter(|(_, input)| input.location.is_path()) {
        let feeds = route.call.sources.contains(&Source::Input(index));
        if feeds && !filled(index) {
            let message = format!(
                "the input `{}` is in the path, and `{}` has no placeholder for it",
                input.name, route.path.value
            );
            sink.report(Code::BadPath, input.place, message, format!("write `{{{}}}` into the path", input.name));
        }
    }
}

/// Every placeholder of a route, or of the URI of a resource, feeds one input.
pub(super) fn check_placeholders(pieces: &[Piece], call: &Call<'_>, place: Place, kind: &str, sink: &mut Sink) {
    for name in pieces.iter().filter_map(Piece::name) {
        match call.input_of(name) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = format!("nothing reads the placeholder `{{{name}}}`; it matches any text");
                let help = format!("bind it under `with`: `{kind}.{name}`");
                sink.report(Code::UnboundPlaceholder, place, message, help);
            }
            Err(()) => {
                let message = format!(
                    "the placeholder `{{{name}}}` fits several parameters: separators and case mean nothing here"
                );
                sink.report(Code::AmbiguousPlaceholder, place, message, "spell it like one of them");
            }
        }
    }
}
