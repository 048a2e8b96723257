//! Placeholders of consumed operations: what `{{name}}` means in a value or a body.

use std::collections::BTreeMap;

use naftiko_schema::{Location, ParameterId, Template, TemplatePart};

use super::prefix::strip_in_body;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked::{Operation, Parameter};
use crate::read::document::{Input, Text};
use crate::template::{Piece, is_name, split};

/// Turns placeholders into variables, fixed values and parameters of an operation, to which it adds those that are missing.
pub(super) struct Placeholders<'p, 'd, 'v> {
    pub(super) operation: &'p mut Operation<'d>,
    /// The declared parameters, by name; of several, the first.
    declared: BTreeMap<&'p str, &'p Input>,
    variables: &'p mut Variables<'v>,
    /// Where the text with the placeholders is.
    pub(super) span: Span,
    /// Where parameters travel that exist only as placeholders.
    pub(super) location: Location,
    /// Whether these must have a value.
    pub(super) required: bool,
}

impl<'p, 'd, 'v> Placeholders<'p, 'd, 'v> {
    pub(super) fn new(
        operation: &'p mut Operation<'d>,
        declared: &[&'p Input],
        variables: &'p mut Variables<'v>,
        location: Location,
        span: Span,
    ) -> Self {
        let declared = declared.iter().rev().filter(|input| !input.is_environment());
        let declared = declared.map(|input| (input.name.value.as_str(), *input)).collect();
        Self { operation, declared, variables, span, location, required: false }
    }

    /// The declaration of a parameter.
    pub(super) fn declared(&self, name: &str) -> Option<&'p Input> {
        self.declared.get(name).copied()
    }

    /// Whether a placeholder means a variable, and not something that callers send.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        !self.declared.contains_key(strip_in_body(name)) && self.variables.means_variable(name)
    }

    /// The template that a text is. `None` if a placeholder has no meaning, which is reported.
    pub(super) fn template(&mut self, text: &str, sink: &mut Sink) -> Option<Template> {
        self.pieces(split(text), sink)
    }

    pub(super) fn pieces(&mut self, pieces: Vec<Piece>, sink: &mut Sink) -> Option<Template> {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => parts.push(TemplatePart::Literal(text.into())),
                Piece::Placeholder(name) | Piece::Segments(name) => parts.extend(self.parts(&name, sink)?),
            }
        }
        Some(parts.into())
    }

    /// What a placeholder means.
    pub(super) fn parts(&mut self, name: &str, sink: &mut Sink) -> Option<Vec<TemplatePart>> {
        if self.is_variable(name) {
            let text = Text { value: format!("{{{{{name}}}}}"), span: self.span };
            let template = self.variables.template(&text, sink);
            return Some(template.parts.into_owned()).filter(|parts| !parts.is_empty());
        }
        let name = strip_in_body(name);
        if !is_name(name) {
            report_unreadable(name, self.span, sink);
            return None;
        }
        if let Some(fixed) =
            self.operation.constants.iter().find(|fixed| fixed.name.value == name && !fixed.value.parts.is_empty())
        {
            return Some(fixed.value.parts.clone().into_owned());
        }
        Some(vec![TemplatePart::Parameter(self.parameter(name))])
    }

    /// The parameter of this name, which is added unless one exists that can be inserted.
    fn parameter(&mut self, name: &str) -> ParameterId {
        let in_body = self.location == Location::Field;
        let parameters = &mut self.operation.parameters;
        // A parameter of a body has no other place, unless the two were declared under one name.
        let fits = |it: &Parameter| match it.location {
            Location::Field | Location::Inserted => true,
            _ => !in_body,
        };
        if let Some(index) = parameters.iter().position(|known| known.name == name && fits(known)) {
            if let Some(known) = parameters.get_mut(index) {
                if in_body {
                    known.location = Location::Field;
                }
                known.required |= self.required;
            }
            return index.into();
        }
        let declared = self.declared(name);
        if declared.is_none() {
            self.operation.guessed.insert(name.to_owned());
        }
        let id = ParameterId::from(self.operation.parameters.len());
        self.operation.parameters.push(Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            span: declared.map_or(self.span, |input| input.name.span),
            location: self.location,
            kind: declared.and_then(|input| input.kind.clone()),
            required: self.required || declared.is_some_and(|input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.map(|input| input.rules.clone()).unwrap_or_default(),
            configured: None,
            style: None,
            counts_from: None,
        });
        id
    }
}

/// Reports a placeholder that is not the name of a value.
pub(super) fn report_unreadable(name: &str, span: Span, sink: &mut Sink) {
    let what = match name.chars().next() {
        Some('#' | '^' | '/') => "a section",
        Some('>') => "a partial",
        Some('=') => "a change of the delimiters",
        _ => "not the name of a value",
    };
    let message = format!("`{{{{{name}}}}}` is {what}: templates have placeholders only");
    sink.report(Code::TemplateLanguage, span, message).help("write `{{name}}` for a value");
}
