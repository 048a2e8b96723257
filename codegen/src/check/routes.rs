//! Rules for the routes of REST adapters.

use std::collections::BTreeSet;

use naftiko_schema::InputId;
use naftiko_schema::http::is_dots;

use super::operations::check_kind;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked::{Call, Linked, Route, Source};
use crate::read::document::Text;
use crate::template::Piece;
use crate::vocabulary::is_invisible;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for route in &linked.routes {
        check_path(&route.path, &route.pieces, sink);
        check_rest_of_path(route, sink);
        check_captures(route, sink);
        for input in &route.call.inputs {
            check_kind(input, sink);
        }
    }
    for forward in &linked.forwards {
        check_path(forward.path, &forward.pieces, sink);
    }
}

fn check_path(path: &Text, pieces: &[Piece], sink: &mut Sink) {
    let (path, span) = (&path.value, path.span);
    let last = pieces.len().saturating_sub(1);
    let several = |(index, piece): (usize, &Piece)| matches!(piece, Piece::Segments(_)) && index != last;
    let (problem, help) = if path.contains(|c: char| c.is_control() || is_invisible(c)) {
        ("has invisible characters", "remove them")
    } else if path.contains('\\') || path.split('/').any(is_dots) {
        (
            "has a segment `.` or `..`, or `\\`, which clients resolve before they send it",
            "write the path as clients send it",
        )
    } else if pieces.iter().enumerate().any(several) {
        ("has a placeholder for several segments before its end", "move it to the end of the path")
    } else {
        return;
    };
    sink.report(Code::BadPath, span, format!("the path `{path}` {problem}")).help(help);
}

fn check_captures(route: &Route<'_>, sink: &mut Sink) {
    check_placeholders(&route.pieces, &route.call, route.path.span, "rest", sink);
    let filled: BTreeSet<InputId> =
        route.call.inputs_of(&route.pieces).into_iter().filter_map(|(_, input)| input.ok().flatten()).collect();
    let fed: BTreeSet<InputId> = route.call.sources.iter().flat_map(Source::whole).collect();
    for (index, input) in route.call.inputs.iter().enumerate().filter(|(_, input)| input.location.is_path()) {
        let id = InputId::from(index);
        if fed.contains(&id) && !filled.contains(&id) {
            let message = format!(
                "the input `{}` has `in: path`, but `{}` has no placeholder for it",
                input.name, route.path.value
            );
            sink.report(Code::BadPath, input.span, message).help(format!("add `{{{}}}` to the path", input.name));
        }
    }
}

/// The reference engine takes several segments for one name of a placeholder, wherever it is.
fn check_rest_of_path(route: &Route<'_>, sink: &mut Sink) {
    if route.pieces.contains(&Piece::Placeholder("path".to_owned())) {
        let message = format!("`{{path}}` in `{}` is one segment", route.path.value);
        let help = "move it to the end of the path, where it takes the rest of it";
        sink.report(Code::OneSegment, route.path.span, message).help(help);
    }
}

/// Every placeholder of a route, or of the URI of a resource, fills one input.
pub(super) fn check_placeholders(pieces: &[Piece], call: &Call<'_>, span: Span, kind: &str, sink: &mut Sink) {
    for (name, input) in call.inputs_of(pieces) {
        match input {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = format!("the placeholder `{{{name}}}` is never used; it matches any text");
                let help = format!("use it under `with` as `{kind}.{name}`");
                sink.report(Code::UnboundPlaceholder, span, message).help(help);
            }
            Err(()) => {
                let message = format!(
                    "the placeholder `{{{name}}}` matches several inputs, which differ only in separators and case"
                );
                sink.report(Code::AmbiguousPlaceholder, span, message).help("write it exactly like one of them");
            }
        }
    }
}
