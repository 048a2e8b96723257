//! Rules for the routes of REST adapters.

use std::collections::{BTreeMap, BTreeSet};

use super::operations::{check_kind, check_method};
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Linked, Location, Route, Source};
use crate::names::fold;
use crate::template::Piece;
use crate::vocabulary::is_invisible;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    let mut known: BTreeMap<(String, String), Place> = BTreeMap::new();
    for route in &linked.routes {
        check_method(route.method, sink);
        check_path(route, sink);
        check_captures(route, sink);
        for input in &route.call.inputs {
            check_kind(input, sink);
        }
        let method = route.method.map_or("GET", |method| method.value.as_str()).to_ascii_uppercase();
        match known.get(&(method.clone(), shape(route))) {
            None => drop(known.insert((method, shape(route)), route.place)),
            Some(first) => {
                let message = format!("`{method} {}` answers the same requests as another route", route.path.value);
                let help = format!("the other one is on line {}; only one of them can answer", first.line);
                sink.report(Code::RouteConflict, route.place, message, help);
            }
        }
    }
    if let Some(second) = linked.document.rest.get(1) {
        let message = "the routes of all REST adapters are served together, on the port of the first";
        sink.report(Code::SeveralAdapters, second.place, message, "");
    }
}

/// The path with its placeholders made equal: two routes with one shape and one method cannot be told apart.
fn shape(route: &Route<'_>) -> String {
    let piece = |piece: &Piece| match piece {
        // The server matches decoded segments: `/a b` and `/a%20b` are one.
        Piece::Literal(text) => decode(text),
        Piece::Placeholder(_) => "{}".to_owned(),
    };
    route.pieces.iter().map(piece).collect()
}

fn check_path(route: &Route<'_>, sink: &mut Sink) {
    let path = &route.path.value;
    let problem = if !path.starts_with('/') {
        "does not start with `/`"
    } else if path.contains(['?', '#']) {
        "holds a query or a fragment, and requests are matched by path alone"
    } else if path.contains(|c: char| c.is_control() || is_invisible(c)) {
        "holds characters that cannot be seen"
    } else if shape(route).split('/').any(|segment| segment.contains("{}") && segment != "{}") {
        "has a segment that is only partly a placeholder; that is not supported yet"
    } else {
        return;
    };
    sink.report(Code::BadPath, route.path.place, format!("the path `{path}` {problem}"), "");
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check_captures(route: &Route<'_>, sink: &mut Sink) {
    let mut known = BTreeSet::new();
    for piece in &route.pieces {
        if let Piece::Placeholder(name) = piece
            && !known.insert(fold(name))
        {
            let message = format!(
                "the placeholder `{{{name}}}` stands twice in `{}`, and a request fills both",
                route.path.value
            );
            sink.report(Code::AmbiguousPlaceholder, route.path.place, message, "give one of the two another name");
        }
    }
    for piece in &route.pieces {
        let Piece::Placeholder(name) = piece else { continue };
        let fits = |location: &Location, input: &str| *location == Location::Path && fold(input) == fold(name);
        match route.call.inputs.iter().filter(|input| fits(&input.location, &input.name)).count() {
            0 => {
                let message = format!("nothing reads the placeholder `{{{name}}}`; it matches any text");
                sink.report(
                    Code::UnboundPlaceholder,
                    route.path.place,
                    message,
                    format!("bind it under `with`: `rest.{name}`"),
                );
            }
            1 => {}
            _ => {
                let message = format!(
                    "the placeholder `{{{name}}}` fits several parameters: `-` and `_`, and letters of both cases, mean the same here"
                );
                sink.report(Code::AmbiguousPlaceholder, route.path.place, message, "rename one of them");
            }
        }
    }
    for (index, input) in route.call.inputs.iter().enumerate() {
        let captured = route
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Placeholder(name) if fold(name) == fold(&input.name)));
        if input.location == Location::Path && !captured && route.call.sources.contains(&Source::Input(index)) {
            let message = format!(
                "`{}` is to come from the path, and `{}` has no such placeholder",
                input.name, route.path.value
            );
            sink.report(
                Code::MissingArgument,
                input.place,
                message,
                format!("write `{{{}}}` into the path", input.name),
            );
        }
    }
}
