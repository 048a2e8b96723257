//! Values: under `with`, in fixed inputs and in outputs, with what callers send, outputs of steps and variables in them.

use naftiko_schema::http::is_dots;
use naftiko_schema::{InputText, Kind, Location, VariableValue};
use serde_json::Value;

use super::Inputs;
use super::outputs::{has_placeholder, is_path};
use super::reference::looks_like_reference;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked::{Parameter, Source};
use crate::read::document::{Rules, Text};
use crate::read::yaml::{Content, Node, UNQUOTED};
use crate::resolve::placeholder::report_unreadable;
use crate::template::{self, Piece, split};
use crate::vocabulary;

impl Inputs<'_, '_> {
    /// What a value means: as a whole, or in its parts.
    pub(in crate::resolve) fn source(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        let text = match &node.content {
            Content::Text(text) => text,
            Content::Sequence(_) | Content::Mapping(_) => {
                let nested = self.nested(parameter, node, sink);
                return if fixed(&nested) { self.literal(parameter, node, sink) } else { nested };
            }
            _ => return self.literal(parameter, node, sink),
        };
        let pieces = split(text);
        if let [Piece::Placeholder(name)] = pieces.as_slice() {
            if let Some(output) = self.placed(name, node.span, sink) {
                return Source::Output(output);
            }
            if let Some(variable) = self.variable(name, Kind::String, node.span, sink) {
                return variable;
            }
            return self.named(parameter, name, node.span, sink);
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Placeholder(_))) {
            return self.text(parameter, pieces, node.span, sink);
        }
        self.whole(parameter, text, node.span, sink).unwrap_or_else(|| self.literal(parameter, node, sink))
    }

    /// What a text without placeholders refers to as a whole: the output of a step, or what callers send.
    pub(super) fn whole(&mut self, parameter: &Parameter, text: &str, span: Span, sink: &mut Sink) -> Option<Source> {
        if let Some(output) = self.bare_output(text, span, sink) {
            return Some(Source::Output(output));
        }
        if let Some(name) = self.strip(text) {
            return Some(self.reference(parameter, name, span, sink));
        }
        if looks_like_reference(text) || is_path(text) {
            self.report_literal(text, span, sink);
        }
        None
    }

    /// Reports text that could be meant as a reference.
    fn report_literal(&self, text: &str, span: Span, sink: &mut Sink) {
        let message = format!("`{text}` looks like a reference, but it is sent as text");
        let step = text.split('.').next().unwrap_or_default();
        let help = if self.steps.contains(&step) {
            format!("write `{{{{{text}}}}}` for the output of the step `{step}`")
        } else {
            let own = self.context.scope.namespace.map_or("", |namespace| namespace.value.as_str());
            format!("write `{own}.name` or `{}.name` for what the caller sends", self.context.scope.kind)
        };
        sink.report(Code::LiteralReference, span, message).help(help);
    }

    /// The caller's input that a placeholder means.
    pub(super) fn named(&mut self, parameter: &Parameter, name: &str, span: Span, sink: &mut Sink) -> Source {
        match self.placeholder(name, span, sink) {
            Some(name) => self.reference(parameter, &name, span, sink),
            None => Source::Absent,
        }
    }

    /// The name of the caller's input that a placeholder means.
    fn placeholder(&self, name: &str, span: Span, sink: &mut Sink) -> Option<String> {
        let name = self.strip(name).unwrap_or(name);
        if !template::is_name(name) {
            report_unreadable(name, span, sink);
            return None;
        }
        Some(name.to_owned())
    }

    /// A fixed value. It must have the type of its parameter, and is sent unchanged.
    fn literal(&self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        let kind = vocabulary::kind(parameter.kind.as_ref()).unwrap_or(Kind::String);
        if node.is_null() {
            if parameter.required {
                let message = format!("`{}` is required and cannot be null", parameter.name);
                sink.report(Code::TypeMismatch, node.span, message).help("write a value, or a reference to an input");
            }
            return Source::Absent;
        }
        let json = node.to_json_of(kind, parameter.location.is_body());
        let value: Value = serde_json::from_str(&json).unwrap_or_default();
        let fits = match kind {
            Kind::String => value.is_string(),
            Kind::Integer => value.is_i64(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::Array => !value.is_object(),
            Kind::Object => value.is_object(),
            Kind::Any => true,
        };
        let is_segment = |text: &str| !text.is_empty() && !is_dots(text);
        let segment = !parameter.location.is_path() || value.as_str().is_none_or(is_segment);
        if !fits || !segment {
            let message = format!("`{json}` is not a valid value of `{}`", parameter.name);
            let help = if segment {
                format!("write a value of type `{}`", kind.as_str())
            } else {
                "write a segment of a path".to_owned()
            };
            sink.report(Code::TypeMismatch, node.span, message).help(help);
        }
        Source::Json(json)
    }

    /// A list or mapping: a fixed value, unless it contains inputs of the caller.
    pub(super) fn nested(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        // A part of a value may have any type.
        let any = Text { value: "any".to_owned(), span: node.span };
        let is_object = parameter.kind.as_ref().is_some_and(|kind| kind.value == "object");
        let location = if parameter.location.is_body() || is_object { Location::Field } else { Location::Query };
        let part = Parameter { kind: Some(any), location, rules: Rules::default(), ..parameter.clone() };
        match &node.content {
            Content::Sequence(items) => Source::List(items.iter().map(|item| self.nested(&part, item, sink)).collect()),
            Content::Mapping(entries) => {
                if entries.iter().any(|entry| entry.key == UNQUOTED) {
                    let message = "a template without quotes is read as a mapping";
                    sink.report(Code::WrongType, node.span, message).quote(node.span);
                }
                let members = entries.iter().map(|entry| (entry.key.clone(), self.nested(&part, &entry.value, sink)));
                Source::Object(members.collect())
            }
            Content::Text(_) => self.source(&part, node, sink),
            _ => Source::Json(node.to_json_of(Kind::Any, location.is_body())),
        }
    }

    pub(super) fn text(&mut self, parameter: &Parameter, pieces: Vec<Piece>, span: Span, sink: &mut Sink) -> Source {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => parts.push(InputText::Literal(literal.into())),
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    if let Some(output) = self.placed(&name, span, sink) {
                        parts.push(InputText::Output(output));
                        continue;
                    }
                    match self.variable(&name, Kind::String, span, sink) {
                        Some(Source::Variable(value)) => {
                            parts.push(InputText::Variable(value.variable));
                            continue;
                        }
                        Some(_) => return Source::Absent,
                        None => {}
                    }
                    let Some(name) = self.placeholder(&name, span, sink) else { return Source::Absent };
                    // Inside other text, an input is text, whatever the type of the parameter.
                    let derived = Parameter { kind: None, rules: Rules::default(), ..parameter.clone() };
                    let fixed = self.fixed(&name).filter(|(_, value)| !has_placeholder(value));
                    if let Some(text) = fixed.and_then(|(_, value)| value.scalar_text()) {
                        parts.push(InputText::Literal(text.into()));
                        continue;
                    }
                    match self.reference(&derived, &name, span, sink) {
                        Source::Input(index) => parts.push(InputText::Input(index)),
                        Source::Part(part) => parts.push(InputText::Part(part)),
                        Source::Output(output) => parts.push(InputText::Output(output)),
                        Source::Variable(value) => parts.push(InputText::Variable(value.variable)),
                        Source::Json(json) => parts.push(InputText::Literal(plain(json).into())),
                        Source::Text(inside) | Source::Filled(inside) => parts.extend(inside),
                        first @ Source::First(_) => parts.extend(first.whole().next().map(InputText::Input)),
                        _ => return Source::Absent,
                    }
                }
            }
        }
        Source::Text(parts)
    }

    /// The variable that a placeholder means: a bound one or `env.NAME`, unless an input has exactly its name.
    pub(super) fn variable(&self, name: &str, kind: Kind, span: Span, sink: &mut Sink) -> Option<Source> {
        let variables = self.context.scope.variables;
        let is_input = self.names.exact(name).is_some_and(|index| index < self.declared)
            || self.constants.contains_key(name)
            || self.locals.contains_key(name);
        if is_input || !(variables.knows(name) || name.starts_with("env.")) {
            return None;
        }
        let variable = variables.variable(name, &Text { value: name.to_owned(), span }, sink);
        Some(variable.map_or(Source::Absent, |variable| Source::Variable(VariableValue { variable, kind })))
    }
}

/// The text of a fixed value: that of JSON text without quotes.
fn plain(json: String) -> String {
    serde_json::from_str(&json).unwrap_or(json)
}

/// Whether a source has no input of the caller, output or variable in it.
fn fixed(source: &Source) -> bool {
    match source {
        Source::Absent | Source::Json(_) => true,
        Source::Input(_)
        | Source::Part(_)
        | Source::Output(_)
        | Source::Variable(_)
        | Source::Text(_)
        | Source::Filled(_) => false,
        Source::List(items) | Source::First(items) => items.iter().all(fixed),
        Source::Object(members) => members.iter().all(|(_, member)| fixed(member)),
    }
}
