//! Placeholders in the path of an operation and in its query, which may be declared as inputs or not.

use std::collections::BTreeSet;

use naftiko_schema::http::percent_decode;
use naftiko_schema::{Location, TemplatePart};

use super::inputs::Builder;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span, excerpt};
use crate::linked::{Constant, Operation, Parameter};
use crate::read::document::{Input, Text};
use crate::resolve::placeholder::Placeholders;
use crate::resolve::variables::Variables;
use crate::template::{Piece, split_path};

/// The name of a piece of a path that is no placeholder, in look-ups.
pub(super) const NO_NAME: &str = "\0";

impl Builder<'_, '_, '_, '_> {
    /// The query of a path: fixed values stay fixed, placeholders become parameters.
    pub(super) fn query(&mut self, query: &str, sink: &mut Sink) {
        let path = self.operation.path.clone();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(placeholder) = value.strip_prefix("{?").and_then(|value| value.strip_suffix('}')) {
                self.query.push((name.to_owned(), placeholder.to_owned(), false));
                continue;
            }
            match split_path(value).as_deref() {
                Ok([Piece::Placeholder(placeholder)]) if !means_variable(self.variables, placeholder) => {
                    self.query.push((name.to_owned(), placeholder.clone(), true));
                }
                Ok([] | [Piece::Literal(_)]) if !name.contains(['{', '}']) => {
                    let name = Text { value: decode(name), span: path.span };
                    let value = vec![TemplatePart::Literal(decode(value).into())].into();
                    self.push_constant(Constant { name, location: Location::Query, value, json: None });
                }
                Ok(pieces) if !name.contains(['{', '}']) => {
                    let pieces = pieces.iter().map(|piece| match piece {
                        Piece::Literal(text) => Piece::Literal(decode(text)),
                        other => other.clone(),
                    });
                    let name = Text { value: decode(name), span: path.span };
                    self.push_mixed(name, Location::Query, pieces.collect(), path.span);
                }
                _ => {
                    let message = format!("`{pair}` in the query of `{}` has a name with placeholders", path.value);
                    let help = "declare it as an input parameter with `in: query`";
                    sink.report(Code::BadPath, path.span, message).help(help);
                }
            }
        }
        self.in_query = self.query.iter().map(|(_, placeholder, _)| placeholder.clone()).collect();
        let message = format!("the query in the path `{}` becomes query parameters", self.operation.path.value);
        let help = "declare them as input parameters with `in: query`";
        sink.report_once(Code::QueryInPath, "consumed", self.operation.path.span, message).help(help);
    }

    /// Appends a path parameter of the operation to a path that has no placeholder for it. Files that list `/items` once,
    /// with the operations on all items and on one item below it, mean it so. Without its identifier, an operation that
    /// deletes one item would delete all.
    pub(super) fn append(&mut self, input: &Input, sink: &mut Sink) {
        let name = &input.name.value;
        let wanted = input.required != Some(false) && input.value.is_none() && !name.is_empty();
        let in_path = input.location.as_ref().is_some_and(|location| location.value == "path");
        let in_query = self.in_query.contains(name);
        if !wanted || !in_path || in_query || self.location_in_path(input).is_some() {
            return;
        }
        self.pieces.push(NO_NAME);
        self.pieces.push(name);
        let operation = &mut *self.operation;
        let message = format!(
            "the path parameter `{name}` does not appear in `{}`; it is appended to the path",
            excerpt(&operation.path.value)
        );
        let path = &mut operation.path.value;
        let rest = path.split_off(path.find(['?', '#']).unwrap_or(path.len()));
        path.truncate(path.trim_end_matches('/').len());
        path.push_str(&format!("/{{{name}}}{rest}"));
        if let Some(Piece::Literal(last)) = operation.pieces.last_mut() {
            last.truncate(last.trim_end_matches('/').len());
        }
        operation.pieces.push(Piece::Literal("/".to_owned()));
        operation.pieces.push(Piece::Placeholder(name.clone()));
        let help = format!("write the path `{}`", excerpt(&operation.path.value));
        sink.report(Code::UnusedPathParameter, input.name.span, message).help(help);
    }

    /// Gives the parameters in the query of the path their names in the request, and adds those that are not declared.
    pub(super) fn declare_query(&mut self, sink: &mut Sink) {
        for (wire, name, required) in std::mem::take(&mut self.query) {
            let known = self.parameters.get(&(Location::Query, name.clone()));
            if let Some(parameter) = known.and_then(|index| self.operation.parameters.get_mut(*index)) {
                parameter.wire = decode(&wire);
                continue;
            }
            undeclared(self.operation, &name, "query", sink);
            self.operation.guessed.insert(name.clone());
            let declared = required_string(&name, Location::Query, self.operation.path.span);
            self.push_parameter(Parameter { wire: decode(&wire), required, ..declared });
        }
    }

    /// Where in the path the placeholder of a parameter is. If the parameter is declared to be in the path, a placeholder
    /// that differs only in separators or case is renamed to it.
    pub(super) fn location_in_path(&mut self, input: &Input) -> Option<Location> {
        let location = |piece: &Piece| match piece {
            Piece::Segments(_) => Location::Segments,
            _ => Location::Path,
        };
        let name = &input.name.value;
        let pieces = &mut self.operation.pieces;
        if let Some(piece) = self.pieces.exact(name).and_then(|index| pieces.get(index)) {
            return Some(location(piece));
        }
        if input.location.as_ref().is_some_and(|location| location.value != "path") {
            return None;
        }
        let mut found = None;
        for index in self.pieces.like(name) {
            if let Some(piece) = pieces.get_mut(index)
                && let Piece::Placeholder(known) | Piece::Segments(known) = piece
            {
                self.pieces.rename(index, name);
                known.clone_from(name);
                found = Some(location(piece));
            }
        }
        found
    }
}

/// A placeholder that is not declared becomes a required string, because a path needs all its segments. These parameters
/// come first, like declared ones.
pub(super) fn declare_placeholders(operation: &mut Operation<'_>, variables: &mut Variables<'_>, sink: &mut Sink) {
    let mut bound: Vec<Constant> = Vec::new();
    let mut synthesised: Vec<Parameter> = Vec::new();
    let parameters = operation.parameters.iter().filter(|known| known.location.is_path());
    let constants = operation.constants.iter().filter(|known| known.location.is_path());
    let mut known: BTreeSet<&str> =
        parameters.map(|known| known.name.as_str()).chain(constants.map(|known| known.name.value.as_str())).collect();
    for piece in &operation.pieces {
        let Some(name) = piece.name() else { continue };
        let declared = !known.insert(name);
        if !declared && means_variable(variables, name) {
            let text = Text { value: format!("{{{{{name}}}}}"), span: operation.path.span };
            let value = variables.template(&text, sink);
            let name = Text { value: name.to_owned(), span: operation.path.span };
            bound.push(Constant { name, location: Location::Path, value, json: None });
        } else if !declared {
            undeclared(operation, name, "path", sink);
            let location = if matches!(piece, Piece::Segments(_)) { Location::Segments } else { Location::Path };
            synthesised.push(required_string(name, location, operation.path.span));
        }
    }
    operation.guessed.extend(synthesised.iter().map(|parameter| parameter.name.clone()));
    operation.parameters.splice(0..0, synthesised);
    operation.constants.extend(bound);
}

/// Fills the constants that have what callers send in them. Only now the positions of all other parameters are known.
pub(super) fn fill_values(
    operation: &mut Operation<'_>,
    mixed: Vec<(usize, Vec<Piece>, Span)>,
    declared: &[&Input],
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) {
    for (index, pieces, span) in mixed {
        let in_path = operation.constants.get(index).is_some_and(|constant| constant.location.is_path());
        let location = if in_path { Location::Path } else { Location::Inserted };
        let mut placeholders = Placeholders::new(operation, declared, variables, location, span);
        placeholders.required = in_path;
        let Some(value) = placeholders.pieces(pieces, sink) else { continue };
        if let Some(constant) = operation.constants.get_mut(index) {
            constant.value = value;
        }
    }
}

/// Whether a placeholder of a path is a variable. A name in capitals can be that of a parameter.
fn means_variable(variables: &Variables<'_>, name: &str) -> bool {
    variables.knows(name) || name.starts_with("env.")
}

fn undeclared(operation: &Operation<'_>, name: &str, location: &str, sink: &mut Sink) {
    let message = format!(
        "the placeholder `{{{name}}}` of `{}` is not declared; it becomes a required string",
        excerpt(&operation.path.value)
    );
    let help = format!("add an input parameter `{name}` with `in: {location}`");
    sink.report_once(Code::UndeclaredPlaceholder, name, operation.path.span, message).help(help);
}

fn required_string(name: &str, location: Location, span: Span) -> Parameter {
    Parameter { location, required: true, ..Parameter::of_any(name, span) }
}

/// A name or value of a query without its percent-encoding.
fn decode(text: &str) -> String {
    percent_decode(&text.replace('+', " ")).into_owned()
}
