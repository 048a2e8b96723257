//! Consumed operations: their parameters, and where in a request these are.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::http::percent_decode;
use naftiko_schema::{ApiId, Kind, Location, Method, Template, TemplatePart};

use super::body;
use super::format;
use super::path;
use super::placeholder::Placeholders;
use super::variables::Variables;
use crate::Sources;
use crate::codes::Code;
use crate::credential::Credentials;
use crate::diagnostic::{FIRST, Sink, Span, excerpt};
use crate::linked::{Constant, Operation, Parameter};
use crate::names::Index;
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, Input, Text};
use crate::read::yaml::{Content, Node};
use crate::template::{Piece, is_name, split, split_path};
use crate::vocabulary::{is_reserved_header, is_token, kind, location, method};

/// The name of a piece of a path that is no placeholder, in look-ups.
const NO_NAME: &str = "\0";

/// What all operations of an API have in common.
pub(super) struct Shared<'c, 'd> {
    pub(super) index: ApiId,
    pub(super) source: &'d Consumes,
    pub(super) credentials: &'c Credentials,
    pub(super) sources: &'c Sources,
    /// Whether the path of an operation is the whole path, rather than appended to that of its resource.
    pub(super) own_paths_are_whole: bool,
}

/// Links one operation; `None` if its path cannot be read.
pub(super) fn link<'d>(
    shared: &Shared<'_, 'd>,
    resource: &'d ConsumedResource,
    operation: &'d ConsumedOperation,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Option<Operation<'d>> {
    let method = method(operation.method.as_ref(), sink)?;
    let path = path::of_operation(shared, resource, operation, sink)?;
    let (pieces, query) = path::pieces_of_operation(&path, sink)?;
    let mut linked = Operation {
        api: shared.index,
        name: &operation.name,
        method,
        description: operation.description.as_ref(),
        note: None,
        output_format: operation.output_format.as_ref(),
        format: format::link(operation, shared.sources, sink),
        output_media_type: operation.output_media_type.as_ref(),
        limit: operation.limit,
        output_headers: output_headers(&operation.output_headers, sink),
        path,
        pieces,
        parameters: Vec::new(),
        constants: Vec::new(),
        outputs: &operation.outputs,
        body: None,
        credentials: Vec::new(),
        left_out: Vec::new(),
        is_guessed: false,
    };
    let mut builder = Builder::new(&mut linked, shared, variables);
    if let Some(query) = query {
        builder.query(&query, sink);
    }
    // A parameter of the operation replaces one of the resource, which replaces one of the API.
    super::unique_inputs(&operation.inputs, sink);
    for input in &operation.inputs {
        builder.append(input, sink);
        builder.add(input, operation.body.is_some(), sink);
    }
    for inputs in [&resource.inputs, &shared.source.inputs] {
        super::unique_inputs(inputs, sink);
        for input in inputs {
            builder.add(input, operation.body.is_some(), sink);
        }
    }
    builder.declare_query(sink);
    let mixed = builder.mixed;
    declare_placeholders(&mut linked, variables, sink);
    let declared: Vec<_> = operation.inputs.iter().chain(&resource.inputs).chain(&shared.source.inputs).collect();
    fill_values(&mut linked, mixed, &declared, variables, sink);
    add_credentials(&mut linked, shared, sink);
    body::link(&mut linked, operation.body.as_ref(), &declared, variables, sink);
    shared_names(&linked, sink);
    Some(linked)
}

/// The names of header fields of responses that callers may get.
fn output_headers(names: &[Text], sink: &mut Sink) -> Vec<String> {
    let mut kept = Vec::new();
    for name in names {
        let lowercase = name.value.to_ascii_lowercase();
        if !lowercase.starts_with("x-") || !is_token(&lowercase) {
            let message = format!("`{}` cannot be passed to callers; it is left out", name.value);
            let help = "remove it; only fields with `x-` at their start can be added";
            sink.report(Code::OutputHeader, name.span, message).help(help);
        } else if !kept.contains(&lowercase) {
            kept.push(lowercase);
        }
    }
    kept
}

/// Adds the credentials that callers send a part of, and those that are members of the body.
fn add_credentials(operation: &mut Operation<'_>, shared: &Shared<'_, '_>, sink: &mut Sink) {
    let (members, credentials) = shared.credentials.of_operation(operation);
    operation.credentials = credentials;
    for member in members {
        if has_body(operation.method) {
            operation.constants.push(member);
        } else {
            let message = format!("`{}` has no body for the API key `{}`", operation.name.value, member.name.value);
            let help = "place the key in the header or the query, if the API accepts it there";
            sink.report(Code::CredentialKind, member.name.span, message).help(help);
        }
    }
}

struct Builder<'b, 'v, 'c, 'd> {
    operation: &'b mut Operation<'d>,
    shared: &'b Shared<'c, 'd>,
    variables: &'b mut Variables<'v>,
    /// Parameters in the query of the path: the name in the request, the placeholder, and whether it is required.
    query: Vec<(String, String, bool)>,
    /// The placeholders among them.
    in_query: BTreeSet<String>,
    /// The names of the pieces of the path.
    pieces: Index,
    /// Where the parameters are in their list.
    parameters: BTreeMap<(Location, String), usize>,
    constants: BTreeSet<(Location, String)>,
    /// Headers, in lower case.
    headers: BTreeMap<String, Span>,
    /// Which constants have what callers send in them, and the pieces of their values.
    mixed: Vec<(usize, Vec<Piece>, Span)>,
}

impl<'b, 'v, 'c, 'd> Builder<'b, 'v, 'c, 'd> {
    fn new(operation: &'b mut Operation<'d>, shared: &'b Shared<'c, 'd>, variables: &'b mut Variables<'v>) -> Self {
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

    fn push_parameter(&mut self, parameter: Parameter) {
        let Parameter { name, location, span, .. } = &parameter;
        self.parameters.entry((*location, name.clone())).or_insert(self.operation.parameters.len());
        if *location == Location::Header {
            self.headers.entry(name.to_ascii_lowercase()).or_insert(*span);
        }
        self.operation.parameters.push(parameter);
    }

    fn push_constant(&mut self, constant: Constant) {
        let Constant { name, location, .. } = &constant;
        self.constants.insert((*location, name.value.clone()));
        if *location == Location::Header {
            self.headers.entry(name.value.to_ascii_lowercase()).or_insert(name.span);
        }
        self.operation.constants.push(constant);
    }

    /// A constant with what callers send in it.
    fn push_mixed(&mut self, name: Text, location: Location, pieces: Vec<Piece>, span: Span) {
        self.mixed.push((self.operation.constants.len(), pieces, span));
        self.push_constant(Constant { name, location, value: Template::new(&[]), json: None });
    }

    /// The query of a path: fixed values stay fixed, placeholders become parameters.
    fn query(&mut self, query: &str, sink: &mut Sink) {
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
    fn append(&mut self, input: &Input, sink: &mut Sink) {
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

    fn add(&mut self, input: &Input, has_template: bool, sink: &mut Sink) {
        let name = &input.name.value;
        if name.is_empty() {
            let message = format!("a parameter of `{}` has no name; it is left out", self.operation.name.value);
            sink.report_once(Code::MissingName, "parameter", input.name.span, message)
                .help("give it a name, or remove it");
            return;
        }
        if input.location.as_ref().is_some_and(|location| location.value == "environment") {
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
            });
            return;
        }
        if pieces.iter().filter_map(Piece::name).any(|name| !self.variables.means_variable(name)) {
            return self.push_mixed(input.name.clone(), location, pieces, value.span);
        }
        let fixed = pieces.iter().all(|piece| piece.name().is_none());
        let parts = self.variables.template(&text, sink);
        self.push_constant(constant(parts, fixed.then(|| value.to_json_of(kind, location.is_body()))));
    }

    /// Gives the parameters in the query of the path their names in the request, and adds those that are not declared.
    fn declare_query(&mut self, sink: &mut Sink) {
        for (wire, name, required) in std::mem::take(&mut self.query) {
            let known = self.parameters.get(&(Location::Query, name.clone()));
            if let Some(parameter) = known.and_then(|index| self.operation.parameters.get_mut(*index)) {
                parameter.wire = decode(&wire);
                continue;
            }
            undeclared(self.operation, &name, "query", sink);
            let declared = required_string(&name, Location::Query, self.operation.path.span);
            self.push_parameter(Parameter { wire: decode(&wire), required, ..declared });
        }
    }

    /// Where in the path the placeholder of a parameter is. If the parameter is declared to be in the path, a placeholder
    /// that differs only in separators or case is renamed to it.
    fn location_in_path(&mut self, input: &Input) -> Option<Location> {
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
        for index in self.pieces.like(name).to_vec() {
            if let Some(piece) = pieces.get_mut(index)
                && let Piece::Placeholder(known) | Piece::Segments(known) = piece
            {
                self.pieces.rename(index, known, name);
                known.clone_from(name);
                found = Some(location(piece));
            }
        }
        found
    }
}

/// A placeholder that is not declared becomes a required string, because a path needs all its segments. These parameters
/// come first, like declared ones.
fn declare_placeholders(operation: &mut Operation<'_>, variables: &mut Variables<'_>, sink: &mut Sink) {
    let mut bound: Vec<Constant> = Vec::new();
    let mut is_guessed = false;
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
            is_guessed = true;
            let location = if matches!(piece, Piece::Segments(_)) { Location::Segments } else { Location::Path };
            synthesised.push(required_string(name, location, operation.path.span));
        }
    }
    operation.is_guessed |= is_guessed;
    operation.parameters.splice(0..0, synthesised);
    operation.constants.extend(bound);
}

/// Whether a placeholder of a path is a variable. A name in capitals can be that of a parameter.
fn means_variable(variables: &Variables<'_>, name: &str) -> bool {
    variables.knows(name) || name.starts_with("env.")
}

/// Fills the constants that have what callers send in them. Only now the positions of all other parameters are known.
fn fill_values(
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

/// One name can be two parameters in different locations of a request. Callers send one value for both.
fn shared_names(operation: &Operation<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<&str, &Parameter> = BTreeMap::new();
    for parameter in &operation.parameters {
        let earlier = *first.entry(&parameter.name).or_insert(parameter);
        if !std::ptr::eq(earlier, parameter) {
            let message = format!(
                "`{}` is a parameter of `{}` in the {} and in the {}; both get the same value",
                parameter.name,
                operation.name.value,
                earlier.location.as_str(),
                parameter.location.as_str()
            );
            let report = sink.report_once(Code::SharedName, "name", parameter.span, message);
            report.label(earlier.span, "also declared here").help("rename one of the two if their values can differ");
        }
    }
}

/// Whether requests with a method usually have a body (RFC 9110 §9.3).
pub(super) fn has_body(method: Method) -> bool {
    matches!(method, Method::Post | Method::Put | Method::Patch)
}

/// A name or value of a query without its percent-encoding.
fn decode(text: &str) -> String {
    percent_decode(&text.replace('+', " ")).into_owned()
}
