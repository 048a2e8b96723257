//! Drift: what changed between the companion of a capability and another version of its document, by shape.

mod compare;
mod forms;

use std::collections::BTreeSet;

use naftiko_schema::{Location, OperationId};

use self::compare::{Comparison, Way};
use super::document::{self, Document};
use super::media::{Media, essence};
use super::schemas::Schemas;
use super::shape::{Shape, Shapes};
use super::style::style_of;
use super::{Bodies, Known, loose, open, overlaid};
use crate::codes::Code;
use crate::diagnostic::{Diagnostics, Sink};
use crate::linked::{Linked, Operation};
use crate::read::yaml::{self, Node};
use crate::template::Piece;
use crate::{Sources, Span, read, resolve};

pub use self::compare::{Change, Impact};

/// What changed.
#[derive(Debug)]
pub struct Drift {
    /// The changes, those that break something first, by operation and place. Of each kind there are at most
    /// [`MOST`](Self::MOST).
    pub changes: Vec<Change>,
    /// How many changes there are that are not listed.
    pub others: usize,
    /// How many operations of the capability were compared.
    pub operations: usize,
}

impl Drift {
    /// How many changes of a kind are listed.
    pub const MOST: usize = 100;

    /// Whether a change may break a caller.
    pub fn is_breaking(&self) -> bool {
        self.changes.iter().any(|change| change.impact == Impact::Breaking)
    }
}

/// Why two versions cannot be compared.
#[derive(Debug)]
pub enum Incomparable {
    /// One of the files has errors.
    Errors(Diagnostics),
    /// The capability has no companion, or its companion describes none of its operations.
    NothingKnown,
    /// The other document describes none of the operations.
    AnotherApi,
}

/// Compares what is known of a capability, from itself and its companion, with another version of the companion's document.
/// An overlay of the companion is applied to both.
///
/// # Errors
/// If there is nothing to compare.
pub fn drift(sources: &Sources, path: &str, other: (&str, &str)) -> Result<Drift, Incomparable> {
    let mut sink = Sink::new(path);
    let failed = |sink: Sink| Incomparable::Errors(sink.finish(sources));
    let Some(capability) = read::read(sources, path, &mut sink) else { return Err(failed(sink)) };
    let linked = resolve::resolve(&capability, sources, &mut sink);
    let before = open(sources, &mut sink);
    if sink.has_errors() {
        return Err(failed(sink));
    }
    let Some(before) = before.as_ref().and_then(Document::new).filter(|_| !linked.types.bodies.is_empty()) else {
        return Err(Incomparable::NothingKnown);
    };
    let (name, text) = other;
    let mut all = sources.clone();
    all.insert(name.to_owned(), text.to_owned());
    // The diagnostics so far are about the capability.
    let mut sink = Sink::new(path);
    let file = sink.enter(name);
    let after = yaml::parse(text, file, &mut sink).map(|root| overlaid(root, &all, path, &mut sink));
    let after = after.filter(|_| !sink.has_errors());
    let Some(after) = after.as_ref().and_then(Document::new) else {
        if !sink.has_errors() {
            let message = "this is no OpenAPI document of version 2.0 or 3";
            sink.report(Code::CompanionVersion, Span::start_of(file), message);
        }
        return Err(Incomparable::Errors(sink.finish(&all)));
    };
    compared(&linked, &before, &after, &mut sink)
}

/// An operation of a capability, as both versions describe it.
struct Pair<'p, 'b, 'a> {
    operation: &'p Operation<'p>,
    bodies: &'p Bodies,
    before: &'p document::Operation<'b>,
    after: &'p document::Operation<'a>,
}

fn compared(
    linked: &Linked<'_>,
    before: &Document<'_>,
    after: &Document<'_>,
    sink: &mut Sink,
) -> Result<Drift, Incomparable> {
    let before_document = before;
    let (described, others) = (before.operations(), after.operations());
    let (known, known_after) = (Known::new(before, &described), Known::new(after, &others));
    let mut schemas = Schemas::new(after);
    for operation in &linked.operations {
        let after = known_after.find(&linked.apis, operation);
        after.into_iter().flat_map(schemas_of).for_each(|schema| drop(schemas.read(schema, sink)));
    }
    let mut comparison = Comparison::new(&linked.types.shapes, &schemas.shapes);
    let mut paths = BTreeSet::new();
    let mut operations = 0;
    for (index, operation) in linked.operations.iter().enumerate() {
        let bodies = linked.types.bodies.get(&OperationId::from(index));
        let Some((bodies, before)) = bodies.zip(known.find(&linked.apis, operation)) else { continue };
        comparison.enter(format!("{} {}", before.method.as_str(), before.path));
        let after_document = after;
        let Some(after) = known_after.find(&linked.apis, operation) else {
            comparison.report(Impact::Breaking, "", "operation removed", "", "");
            continue;
        };
        paths.insert(after.path);
        operations += 1;
        let pair = Pair { operation, bodies, before, after };
        parameters(&pair, &linked.types.shapes, &mut comparison, &mut schemas, sink);
        media_types(&pair, after_document, &mut comparison);
        forms::compare(&pair, before_document, after_document, &mut comparison);
        self::bodies(&pair, &mut comparison, &mut schemas, sink);
    }
    if operations == 0 {
        return Err(Incomparable::AnotherApi);
    }
    for other in others.iter().filter(|other| paths.contains(other.path)) {
        if !known.has(other) {
            comparison.enter(format!("{} {}", other.method.as_str(), other.path));
            comparison.report(Impact::Additive, "", "operation added", "", "");
        }
    }
    let (changes, others) = comparison.finish();
    Ok(Drift { changes, others, operations })
}

/// All schemas of an operation.
fn schemas_of<'n>(operation: &document::Operation<'n>) -> Vec<&'n Node> {
    let failures = operation.failures.iter().map(|(_, schema)| *schema);
    let parameters = operation.parameters.iter().map(|parameter| parameter.schema);
    operation.request.into_iter().chain(operation.response).chain(failures).chain(parameters).collect()
}

impl Known<'_, '_> {
    /// Whether an operation of another document is one of these.
    fn has(&self, other: &document::Operation<'_>) -> bool {
        let key = loose(&super::key(other.method.as_str(), &super::pieces(other.path), other.path));
        self.loose.contains_key(&key) || self.whole.contains_key(&key)
    }
}

fn parameters<'a>(
    pair: &Pair<'_, '_, 'a>,
    linked_shapes: &Shapes,
    comparison: &mut Comparison<'_>,
    schemas: &mut Schemas<'a>,
    sink: &mut Sink,
) {
    let Pair { operation, bodies, before, after } = pair;
    let is_required = |node: &Node| node.get("required").is_some_and(Node::is_true);
    let mut sent: BTreeSet<(Location, String)> = BTreeSet::new();
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let location = if parameter.location.is_path() { Location::Path } else { parameter.location };
        let place = format!("{} {}", location.as_str(), parameter.wire);
        let found = after.parameter(&parameter.wire, location).or_else(|| in_path(pair, &parameter.name));
        if let Some(found) = found {
            sent.insert((location, found.name.to_ascii_lowercase()));
        }
        let Some(known) = bodies.parameters.get(&index) else { continue };
        let Some(found) = found else {
            if location != Location::Path {
                comparison.report(Impact::Breaking, &place, "parameter removed", "", "");
            }
            continue;
        };
        let was_required = before.parameter(&parameter.wire, location).is_some_and(|before| is_required(before.node));
        let in_after = schemas.read(found.schema, sink);
        comparison.compare(Way::Request, &place, known, &in_after, &schemas.shapes);
        let after_style = style_of(schemas.shapes.get(in_after.shape), &found.styles);
        let was_described = before.parameter(&parameter.wire, location);
        let before_style = was_described.and_then(|before| style_of(linked_shapes.get(known.shape), &before.styles));
        // An array or object that became a text is reported as that.
        let is_text = matches!(schemas.shapes.get(in_after.shape), Shape::Text(_) | Shape::Enum(_));
        if was_described.is_some() && before_style != after_style && !is_text {
            comparison.report(Impact::Breaking, &place, "style changed", "", "");
        }
        match (was_required || parameter.required, is_required(found.node)) {
            _ if location == Location::Path => {}
            (false, true) => comparison.report(Impact::Breaking, &place, "parameter became required", "", ""),
            (_, false) if was_required => {
                comparison.report(Impact::Additive, &place, "parameter became optional", "", "")
            }
            _ => {}
        }
    }
    let fixed = |name: &str| operation.constants.iter().any(|constant| constant.name.value.eq_ignore_ascii_case(name));
    for found in &after.parameters {
        let is_known = sent.contains(&(found.location, found.name.to_ascii_lowercase()))
            || before.parameter(&found.name, found.location).is_some()
            || found.location == Location::Path
            || fixed(&found.name);
        let place = format!("{} {}", found.location.as_str(), found.name);
        match (is_known, is_required(found.node)) {
            (true, _) => {}
            (false, true) => comparison.report(Impact::Breaking, &place, "required parameter added", "", ""),
            (false, false) => comparison.report(Impact::Additive, &place, "parameter added", "", ""),
        }
    }
}

/// The parameter of the other version for a placeholder: the one at the same position, whatever its name is.
fn in_path<'p, 'a>(pair: &Pair<'p, '_, 'a>, name: &str) -> Option<&'p document::Parameter<'a>> {
    let mut names = pair.operation.pieces.iter().filter_map(Piece::name);
    let position = names.position(|placeholder| placeholder == name)?;
    let pieces = super::pieces(pair.after.path);
    pair.after.parameter(pieces.iter().filter_map(Piece::name).nth(position)?, Location::Path)
}

/// Reports that a JSON body is no longer accepted as what it is sent as.
fn media_types<'a>(pair: &Pair<'_, '_, 'a>, document: &Document<'a>, comparison: &mut Comparison<'_>) {
    let Some(before) = &pair.before.request_type else { return };
    let all = document.request_media(&pair.after.entry.value, None);
    let is_same = |media: &Media<'_>| [essence(before).as_str(), "*/*"].contains(&essence(&media.name).as_str());
    if let Some(after) = &pair.after.request_type
        && !all.is_empty()
        && !essence(before).contains('*')
        && !all.iter().any(is_same)
    {
        comparison.report(Impact::Breaking, "request", "media type changed", before, after);
    }
}

fn bodies<'a>(pair: &Pair<'_, '_, 'a>, comparison: &mut Comparison<'_>, schemas: &mut Schemas<'a>, sink: &mut Sink) {
    let Pair { operation, bodies, before, after } = pair;
    let mut in_body = operation.parameters.iter().filter(|parameter| parameter.location.is_body());
    let sends_body = operation.body.is_some() || in_body.clone().next().is_some();
    let always = operation.body.is_some() || in_body.any(|parameter| parameter.required);
    match (&bodies.request, after.request) {
        (Some(known), Some(schema)) => {
            let in_after = schemas.read(schema, sink);
            comparison.compare(Way::Request, "request", known, &in_after, &schemas.shapes);
            if after.needs_body && !before.needs_body && !always {
                comparison.report(Impact::Breaking, "request", "body became required", "", "");
            } else if before.needs_body && !after.needs_body {
                comparison.report(Impact::Additive, "request", "body became optional", "", "");
            }
        }
        (Some(_), None) => comparison.report(Impact::Breaking, "request", "body removed", "", ""),
        (None, Some(_)) if !sends_body && before.request.is_none() => {
            let (impact, kind) = if after.needs_body {
                (Impact::Breaking, "required body added")
            } else {
                (Impact::Additive, "body added")
            };
            comparison.report(impact, "request", kind, "", "");
        }
        _ => {}
    }
    match (&bodies.response, after.response) {
        (Some(known), Some(schema)) => {
            let in_after = schemas.read(schema, sink);
            comparison.compare(Way::Response, "response", known, &in_after, &schemas.shapes);
        }
        (Some(_), None) => comparison.report(Impact::Breaking, "response", "body removed", "", ""),
        (None, Some(_)) => comparison.report(Impact::Additive, "response", "body added", "", ""),
        (None, None) => {}
    }
    for (status, known) in &bodies.failures {
        if let Some((_, schema)) = after.failures.iter().find(|(other, _)| other == status) {
            let in_after = schemas.read(schema, sink);
            comparison.compare(Way::Response, &format!("response {status}"), known, &in_after, &schemas.shapes);
        }
    }
}
