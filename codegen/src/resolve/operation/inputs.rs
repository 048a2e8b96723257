//! What the inputs of an operation are in its requests: parameters, fixed values, or both in one text.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{Kind, Location, Template, TemplatePart};

use super::placeholders::NO_NAME;
use super::{Shared, has_body};
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span, excerpt};
use crate::linked::{Constant, Operation, Parameter};
use crate::names::Index;
use crate::read::document::{Input, Text};
use crate::read::yaml::{Content, Node};
use crate::resolve::variables::Variables;
use crate::template::{Piece, is_name, split};
use crate::vocabulary::{is_reserved_header, kind, location};

/// Makes the parameters and fixed values of an operation.
pub(super) struct Builder<'b, 'v, 'c, 'd> {
    pub(super) operation: &'b mut Operation<'d>,
    pub(super) shared: &'b Shared<'c, 'd>,
    pub(super) variables: &'b mut Variables<'v>,
    /// Parameters in the query of the path: the name in the request, the placeholder, and whether it is required.
    pub(super) query: Vec<(String, String, bool)>,
    /// The placeholders among them.
    pub(super) in_query: BTreeSet<String>,
    /// The names of the pieces of the path.
    pub(super) pieces: Index,
    /// Where the parameters are in their list.
    pub(super) parameters: BTreeMap<(Location, String), usize>,
    pub(super) constants: BTreeSet<(Location, String)>,
    /// Headers, in lower case.
    pub(super) headers: BTreeMap<String, Span>,
    /// Which constants have what callers send in them, and the pieces of their values.
    pub(super) mixed: Vec<(usize, Vec<Piece>, Span)>,
}

impl<'b, 'v, 'c, 'd> Builder<'b, 'v, 'c, 'd> {
    pub(super) fn new(
        operation: &'b mut Operation<'d>,
        shared: &'b Shared<'c, 'd>,
        variables: &'b mut Variables<'v>,
    ) -> Self {
        let pieces = Index::of(operation.pieces.iter().map(|piece| piece.name().unwrap_or(NO_NAME)));
        Self {
            operation,
            shared,
            variables,
            query: Vec::new(),
            in_query: BTreeSet::new(),
            pieces,
            parameters: BTreeMap::new(),
            constants: BTreeSet::new(),
            headers: BTreeMap::new(),
            mixed: Vec::new(),
        }
    }

    pub(super) fn push_parameter(&mut self, parameter: Parameter) {
        let Parameter { name, location, span, .. } = &parameter;
        self.parameters.entry((*location, name.clone())).or_insert(self.operation.parameters.len());
        if *location == Location::Header {
            self.headers.entry(name.to_ascii_lowercase()).or_insert(*span);
        }
        self.operation.parameters.push(parameter);
    }

    pub(super) fn push_constant(&mut self, constant: Constant) {
        let Constant { name, location, .. } = &constant;
        self.constants.insert((*location, name.value.clone()));
        if *location == Location::Header {
            self.headers.entry(name.value.to_ascii_lowercase()).or_insert(name.span);
        }
        self.operation.constants.push(constant);
    }

    /// A constant with what callers send in it.
    pub(super) fn push_mixed(&mut self, name: Text, location: Location, pieces: Vec<Piece>, span: Span) {
        self.mixed.push((self.operation.constants.len(), pieces, span));
        self.push_constant(Constant { name, location, value: Template::new(&[]), json: None });
    }

    /// Adds an input, unless it is known or left out. `has_template` says that the body is a text with placeholders.
    pub(super) fn add(&mut self, input: &Input, has_template: bool, sink: &mut Sink) {
        let name = &input.name.value;
        if name.is_empty() {
            let message = format!("a parameter of `{}` has no name; it is left out", self.operation.name.value);
            sink.report_once(Code::MissingName, "parameter", input.name.span, message)
                .help("give it a name, or remove it");
            return;
        }
        if input.is_environment() {
            return;
        }
        let placeholder = self.location_in_path(input);
        let Some(location) = self.location(input, placeholder, sink) else { return };
        let key = (location, name.clone());
        let known = self.parameters.contains_key(&key) || self.constants.contains(&key);
        if known || (location.is_body() && has_template && input.value.is_none()) {
            return;
        }
        if matches!(location, Location::Header | Location::Query | Location::Cookie)
            && self.is_left_out(input, location, sink)
        {
            return;
        }
        if location.is_path() && placeholder.is_none() {
            let message = format!(
                "the path parameter `{name}` does not appear in `{}`; it is ignored",
                excerpt(&self.operation.path.value)
            );
            let help = format!("add `{{{name}}}` to the path");
            sink.report(Code::UnusedPathParameter, input.name.span, message).help(help);
            self.operation.left_out.push(name.clone());
            return;
        }
        if let Some(value) = &input.value {
            return self.fix(input, location, value, sink);
        }
        // The client sets `Accept` itself, so callers need not send it.
        let accept = location == Location::Header && name.eq_ignore_ascii_case("accept");
        self.push_parameter(Parameter {
            name: name.clone(),
            wire: name.clone(),
            span: input.name.span,
            location,
            kind: input.kind.clone(),
            required: location.is_path() || (input.required.unwrap_or(false) && !accept),
            description: input.description.as_ref().map(|text| text.value.clone()),
            rules: input.rules.clone(),
            configured: None,
            style: None,
            counts_from: None,
        });
    }

    fn location(&mut self, input: &Input, placeholder: Option<Location>, sink: &mut Sink) -> Option<Location> {
        let name = &input.name.value;
        if self.in_query.contains(name) {
            return Some(Location::Query);
        }
        let given = match &input.location {
            Some(_) => location(input.location.as_ref(), sink)?,
            None => {
                let object = input.kind.as_ref().is_some_and(|kind| kind.value == "object");
                let implied = match placeholder {
                    Some(location) => location,
                    None if object && has_body(self.operation.method) => Location::Body,
                    None => Location::Query,
                };
                let message = format!("`{name}` has no `in`; it is sent in the {}", implied.as_str());
                let help = format!("add `in: {}`, or another location", implied.as_str());
                sink.report_once(Code::ImpliedLocation, "in", input.name.span, message).help(help);
                implied
            }
        };
        Some(if given == Location::Path { placeholder.unwrap_or(given) } else { given })
    }

    /// Whether the client sets a parameter itself, or a header is declared already with other capitals.
    fn is_left_out(&mut self, input: &Input, location: Location, sink: &mut Sink) -> bool {
        let name = &input.name.value;
        let header = location == Location::Header;
        let own = self.shared.credentials.fields().any(|(field_location, field)| {
            field_location == location && if header { field.eq_ignore_ascii_case(name) } else { field == name }
        });
        // A fixed content type may be needed, but one from the caller could contradict the body.
        let content_type = header && name.eq_ignore_ascii_case("content-type") && input.value.is_none();
        if own || content_type || (header && is_reserved_header(name)) {
            let message = format!("the client sets `{name}` itself; the parameter is left out");
            sink.report_once(Code::ReservedHeader, name, input.name.span, message).help("remove the parameter");
            self.operation.left_out.push(name.clone());
            return true;
        }
        let first = if header { self.headers.get(&name.to_ascii_lowercase()).copied() } else { None };
        if let Some(first) = first {
            let message = format!("duplicate header `{name}`, which differs only in capitals; the first one is used");
            let report = sink.report_once(Code::DuplicateName, "header", input.name.span, message);
            report.label(first, FIRST).help("remove one of the two");
        }
        first.is_some()
    }

    /// A parameter with a value: fixed, or a parameter of the caller under another name.
    fn fix(&mut self, input: &Input, location: Location, value: &Node, sink: &mut Sink) {
        let constant = |value, json| Constant { name: input.name.clone(), location, value, json };
        let kind = kind(input.kind.as_ref()).unwrap_or(Kind::String);
        let Some(text) = value.scalar_text() else {
            match &value.content {
                // The key is repeated, as for an array from the caller.
                Content::Sequence(items)
                    if items.iter().all(|item| item.scalar_text().is_some()) && !location.is_body() =>
                {
                    for text in items.iter().filter_map(Node::scalar_text) {
                        self.push_constant(constant(vec![TemplatePart::Literal(text.into())].into(), None));
                    }
                }
                _ if location.is_body() && !value.is_unquoted() => {
                    self.push_constant(constant(Template::new(&[]), Some(value.to_json_of(kind, true))))
                }
                _ => {
                    let message =
                        format!("the value of `{}` must be text, but it is {}", input.name.value, value.what());
                    let report = sink.report(Code::WrongType, value.span, message);
                    if value.is_unquoted() {
                        report.quote(value.span);
                    }
                }
            }
            return;
        };
        let text = match kind {
            Kind::Integer | Kind::Number | Kind::Boolean if !matches!(value.content, Content::Text(_)) => {
                value.to_json()
            }
            _ => text,
        };
        let text = Text { value: text, span: value.span };
        let pieces = split(&text.value);
        let is_fixed = |name: &str| self.operation.constants.iter().any(|constant| constant.name.value == name);
        if let [Piece::Placeholder(name)] = pieces.as_slice()
            && !self.variables.means_variable(name)
            && is_name(name)
            && !is_fixed(name)
        {
            self.push_parameter(Parameter {
                name: name.clone(),
                wire: input.name.value.clone(),
                span: input.name.span,
                location,
                // A list is text, as it is in other text. The span says that no one declared it.
                kind: input.kind.clone().or(Some(Text { value: "string".to_owned(), span: input.name.span })),
                required: location.is_path() || input.required.unwrap_or(false),
                description: input.description.as_ref().map(|text| text.value.clone()),
                rules: input.rules.clone(),
                configured: None,
                style: None,
                counts_from: None,
            });
            return;
        }
        if pieces.iter().filter_map(Piece::name).any(|name| !self.variables.means_variable(name)) {
            return self.push_mixed(input.name.clone(), location, pieces, value.span);
        }
        let fixed = pieces.iter().all(|piece| piece.name().is_none());
        // Words such as `$count` are values of some APIs; names of variables of a shell are in capitals.
        let word =
            text.value.strip_prefix('$').filter(|word| !word.starts_with('{') && word.contains(char::is_lowercase));
        let parts = match word.filter(|word| !self.variables.knows(word)) {
            Some(_) => vec![TemplatePart::Literal(text.value.into())].into(),
            None => self.variables.template(&text, sink),
        };
        self.push_constant(constant(parts, fixed.then(|| value.to_json_of(kind, location.is_body()))));
    }
}
