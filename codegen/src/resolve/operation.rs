//! Consumed operations: which parameters they have and where these travel.

use super::body;
use super::credential::Credentials;
use super::path;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Authentication, Constant, Location, Operation, Parameter, TemplatePart};
use crate::names::fold;
use crate::read::document::{ConsumedOperation, ConsumedResource, Consumes, Input, Text};
use crate::read::yaml::{Content, Node};
use crate::template::{Piece, split, split_path};
use crate::vocabulary::{is_reserved_header, location};

/// What all operations of an API share.
pub(super) struct Shared<'c, 'd> {
    pub(super) index: usize,
    pub(super) source: &'d Consumes,
    pub(super) credentials: &'c Credentials,
    /// Whether an operation's own path is the whole path, and not what follows the resource's.
    pub(super) own_paths_are_whole: bool,
}

/// Links one operation. A path that cannot be read leaves it out.
pub(super) fn link<'d>(
    shared: &Shared<'_, 'd>,
    resource: &'d ConsumedResource,
    operation: &'d ConsumedOperation,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Option<Operation<'d>> {
    let path = path::of_operation(shared, resource, operation, sink)?;
    let (pieces, query) = path::pieces_of_operation(&path, sink)?;
    let mut linked = Operation {
        api: shared.index,
        name: &operation.name,
        method: operation.method.as_ref(),
        description: operation.description.as_ref(),
        output_format: operation.output_format.as_ref(),
        path,
        pieces,
        parameters: Vec::new(),
        constants: Vec::new(),
        body: None,
        left_out: Vec::new(),
    };
    let mut builder = Builder { operation: &mut linked, shared, variables, query: Vec::new() };
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
    declare_placeholders(&mut linked, sink);
    prove(&mut linked, shared, sink);
    let declared = operation.inputs.iter().chain(&resource.inputs).chain(&shared.source.inputs).collect();
    body::link(&mut linked, operation.body.as_ref(), declared, variables, sink);
    shared_names(&linked, sink);
    Some(linked)
}

/// Adds the credentials that travel in the body.
fn prove(operation: &mut Operation<'_>, shared: &Shared<'_, '_>, sink: &mut Sink) {
    for member in &shared.credentials.members {
        if has_body(operation.method) {
            operation.constants.push(member.clone());
        } else {
            let message =
                format!("`{}` has no body that the API key `{}` could be in", operation.name.value, member.name.value);
            let help = "place it in the header or query, if the API takes it there";
            sink.report(Code::CredentialKind, member.name.place, message, help);
        }
    }
}

struct Builder<'b, 'v, 'c, 'd> {
    operation: &'b mut Operation<'d>,
    shared: &'b Shared<'c, 'd>,
    variables: &'b mut Variables<'v>,
    /// Parameters of the path's query: the name that travels, the placeholder, and whether it must be given.
    query: Vec<(String, String, bool)>,
}

impl Builder<'_, '_, '_, '_> {
    /// The query of a path: fixed values stay fixed, placeholders become parameters.
    fn query(&mut self, query: &str, sink: &mut Sink) {
        let path = &self.operation.path;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(placeholder) = value.strip_prefix("{?").and_then(|value| value.strip_suffix('}')) {
                self.query.push((name.to_owned(), placeholder.to_owned(), false));
                continue;
            }
            match split_path(value).as_deref() {
                Ok([Piece::Placeholder(placeholder)]) => {
                    self.query.push((name.to_owned(), placeholder.clone(), true));
                }
                Ok([] | [Piece::Literal(_)]) if !name.contains(['{', '}']) => {
                    let name = Text { value: decode(name), place: path.place };
                    let value = vec![TemplatePart::Literal(decode(value))];
                    self.operation.constants.push(Constant { name, location: Location::Query, value, json: None });
                }
                _ => {
                    let message = format!("`{pair}` in the query of `{}` mixes text and placeholders", path.value);
                    let help = "declare it as a query parameter";
                    sink.report(Code::BadPath, path.place, message, help);
                }
            }
        }
        let message = format!("the query of `{}` becomes query parameters", self.operation.path.value);
        let help = "declare them as input parameters with `in: query`";
        sink.report_once(Code::QueryInPath, "consumed", self.operation.path.place, message, help);
    }

    /// Puts a path parameter of the operation itself that stands nowhere at the end of the path. Files that list
    /// `/items` once and under it what is done to all of them and to one mean it so; and without its identifier, what
    /// deletes one would reach out for all.
    fn append(&mut self, input: &Input, sink: &mut Sink) {
        let name = &input.name.value;
        let wanted = input.required != Some(false) && input.value.is_none() && !name.is_empty();
        let in_path = input.location.as_ref().is_some_and(|location| location.value == "path");
        let in_query = self.query.iter().any(|(_, placeholder, _)| placeholder == name);
        if !wanted || !in_path || in_query || stands_in_path(self.operation, input).is_some() {
            return;
        }
        let operation = &mut *self.operation;
        let before = operation.path.value.clone();
        let (path, rest) = before.split_at(before.find(['?', '#']).unwrap_or(before.len()));
        operation.path.value = format!("{}/{{{name}}}{rest}", path.trim_end_matches('/'));
        if let Some(Piece::Literal(last)) = operation.pieces.last_mut() {
            last.truncate(last.trim_end_matches('/').len());
        }
        operation.pieces.push(Piece::Literal("/".to_owned()));
        operation.pieces.push(Piece::Placeholder(name.clone()));
        let message = format!("the path parameter `{name}` stands nowhere in `{before}`; it is put at its end");
        let help = format!("write `{}`", operation.path.value);
        sink.report(Code::UnusedPathParameter, input.name.place, message, help);
    }

    fn add(&mut self, input: &Input, has_template: bool, sink: &mut Sink) {
        let name = &input.name.value;
        if name.is_empty() {
            let message = format!("a parameter of `{}` has no name and is left out", self.operation.name.value);
            sink.report_once(Code::Nameless, "parameter", input.name.place, message, "give it a name, or remove it");
            return;
        }
        if input.location.as_ref().is_some_and(|location| location.value == "environment") {
            return;
        }
        let placeholder = stands_in_path(self.operation, input);
        let Some(location) = self.location(input, placeholder, sink) else { return };
        let known = self.operation.parameters.iter().any(|known| known.name == *name && known.location == location)
            || self.operation.constants.iter().any(|known| known.name.value == *name && known.location == location);
        if known || (location.is_body() && has_template && input.value.is_none()) {
            return;
        }
        if matches!(location, Location::Header | Location::Query | Location::Cookie)
            && self.is_left_out(input, location, sink)
        {
            return;
        }
        if location.is_path() && placeholder.is_none() {
            let message =
                format!("the path parameter `{name}` stands nowhere in `{}`; it is ignored", self.operation.path.value);
            let help = format!("write `{{{name}}}` into the path");
            sink.report(Code::UnusedPathParameter, input.name.place, message, help);
            self.operation.left_out.push(name.clone());
            return;
        }
        if let Some(value) = &input.value {
            return self.fix(input, location, value, sink);
        }
        // The client asks for JSON by itself, so nobody has to.
        let accept = location == Location::Header && name.eq_ignore_ascii_case("accept");
        self.operation.parameters.push(Parameter {
            name: name.clone(),
            wire: name.clone(),
            place: input.name.place,
            location,
            kind: input.kind.clone(),
            required: location.is_path() || (input.required.unwrap_or(false) && !accept),
            description: input.description.as_ref().map(|text| text.value.clone()),
            rules: input.rules.clone(),
        });
    }

    fn location(&mut self, input: &Input, placeholder: Option<Location>, sink: &mut Sink) -> Option<Location> {
        let name = &input.name.value;
        if self.query.iter().any(|(_, placeholder, _)| placeholder == name) {
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
                let message = format!("`{name}` has no `in`; it is taken for one in the {}", implied.as_str());
                let help = "say where it travels: `in: query`, for one";
                sink.report_once(Code::ImpliedLocation, "in", input.name.place, message, help);
                implied
            }
        };
        Some(if given == Location::Path { placeholder.unwrap_or(given) } else { given })
    }

    /// Whether a parameter is the client's own to set, or a header that is declared already in other letters.
    fn is_left_out(&mut self, input: &Input, location: Location, sink: &mut Sink) -> bool {
        let name = &input.name.value;
        let header = location == Location::Header;
        let own = self.shared.credentials.credentials.iter().any(|credential| match credential {
            Authentication::Header { name: own, .. } => header && own.eq_ignore_ascii_case(name),
            Authentication::Bearer { .. } | Authentication::Basic { .. } => {
                header && name.eq_ignore_ascii_case("authorization")
            }
            Authentication::Query { name: own, .. } => location == Location::Query && own == name,
            Authentication::Cookie { name: own, .. } => location == Location::Cookie && own == name,
        });
        // A fixed content type says something that the client cannot know; a caller's would contradict the body.
        let content_type = header && name.eq_ignore_ascii_case("content-type") && input.value.is_none();
        if own || content_type || (header && is_reserved_header(name)) {
            let message = format!("`{name}` is set by the client itself; the parameter is left out");
            sink.report_once(Code::ReservedHeader, name, input.name.place, message, "remove the parameter");
            self.operation.left_out.push(name.clone());
            return true;
        }
        let headers = self.operation.parameters.iter().filter(|parameter| parameter.location == Location::Header);
        let fixed = self.operation.constants.iter().filter(|constant| constant.location == Location::Header);
        let mut known = headers.map(|known| &known.name).chain(fixed.map(|known| &known.name.value));
        let twice = header && known.any(|known| known.eq_ignore_ascii_case(name));
        if twice {
            let message = format!("the header `{name}` is declared in other letters already; the first one counts");
            sink.report_once(Code::DuplicateName, "header", input.name.place, message, "remove one of the two");
        }
        twice
    }

    /// A parameter with a value: fixed, or under another name the caller's.
    fn fix(&mut self, input: &Input, location: Location, value: &Node, sink: &mut Sink) {
        let mut push = |value, json| {
            self.operation.constants.push(Constant { name: input.name.clone(), location, value, json });
        };
        let Some(text) = value.scalar_text() else {
            match &value.content {
                // The key is repeated, as for a caller's array.
                Content::Sequence(items)
                    if items.iter().all(|item| item.scalar_text().is_some()) && !location.is_body() =>
                {
                    for text in items.iter().filter_map(Node::scalar_text) {
                        push(vec![TemplatePart::Literal(text)], None);
                    }
                }
                _ if location.is_body() && !value.is_unquoted() => push(Vec::new(), Some(value.to_json())),
                _ => {
                    let message =
                        format!("the value of `{}` must be text, and this is {}", input.name.value, value.what());
                    sink.report(Code::WrongType, value.place, message, "put quotes around a template: '{{name}}'");
                }
            }
            return;
        };
        let text = Text { value: text, place: value.place };
        let pieces = split(&text.value);
        if let [Piece::Placeholder(name)] = pieces.as_slice()
            && !self.variables.means_variable(name)
        {
            self.operation.parameters.push(Parameter {
                name: name.clone(),
                wire: input.name.value.clone(),
                place: input.name.place,
                location,
                kind: input.kind.clone(),
                required: location.is_path() || input.required.unwrap_or(false),
                description: input.description.as_ref().map(|text| text.value.clone()),
                rules: input.rules.clone(),
            });
            return;
        }
        if pieces.iter().filter_map(Piece::name).any(|name| !self.variables.means_variable(name)) {
            let message = format!("the value of `{}` mixes text with what callers send", input.name.value);
            sink.report(Code::Unsupported, value.place, message, "let the callers send the whole of it");
            return;
        }
        let fixed = pieces.iter().all(|piece| piece.name().is_none());
        let parts = self.variables.template(&text, sink);
        push(parts, fixed.then(|| value.to_json()));
    }

    /// Gives the parameters of the path's query the names that travel there, and declares those that nobody declared.
    fn declare_query(&mut self, sink: &mut Sink) {
        for (wire, name, required) in std::mem::take(&mut self.query) {
            let operation = &mut *self.operation;
            let known = operation.parameters.iter_mut().find(|p| p.name == name && p.location == Location::Query);
            if let Some(parameter) = known {
                parameter.wire = decode(&wire);
                continue;
            }
            undeclared(operation, &name, "query", sink);
            let place = operation.path.place;
            let declared = required_string(&name, Location::Query, place);
            operation.parameters.push(Parameter { wire: decode(&wire), required, ..declared });
        }
    }
}

/// Where in the path a placeholder of the parameter's name stands. One that differs in separators or case only is
/// meant, too, where the parameter says that it is in the path; it takes the parameter's name then.
fn stands_in_path(operation: &mut Operation<'_>, input: &Input) -> Option<Location> {
    let location = |piece: &Piece| match piece {
        Piece::Segments(_) => Location::Segments,
        _ => Location::Path,
    };
    let name = &input.name.value;
    if let Some(piece) = operation.pieces.iter().find(|piece| piece.name() == Some(name)) {
        return Some(location(piece));
    }
    if input.location.as_ref().is_some_and(|location| location.value != "path") {
        return None;
    }
    let mut found = None;
    for piece in &mut operation.pieces {
        if let Piece::Placeholder(known) | Piece::Segments(known) = piece
            && fold(known) == fold(name)
        {
            known.clone_from(name);
            found = Some(location(piece));
        }
    }
    found
}

/// A placeholder that nobody declared is a required string: the path has no meaning without it. It comes first, as
/// declared ones do.
fn declare_placeholders(operation: &mut Operation<'_>, sink: &mut Sink) {
    let mut synthesised: Vec<Parameter> = Vec::new();
    for piece in &operation.pieces {
        let Some(name) = piece.name() else { continue };
        let mut known = operation.parameters.iter().chain(&synthesised);
        let declared = known.any(|known| known.location.is_path() && known.name == name)
            || operation.constants.iter().any(|known| known.location.is_path() && known.name.value == name);
        if !declared {
            undeclared(operation, name, "path", sink);
            let location = if matches!(piece, Piece::Segments(_)) { Location::Segments } else { Location::Path };
            synthesised.push(required_string(name, location, operation.path.place));
        }
    }
    operation.parameters.splice(0..0, synthesised);
}

fn undeclared(operation: &Operation<'_>, name: &str, location: &str, sink: &mut Sink) {
    let message = format!(
        "the placeholder `{{{name}}}` of `{}` is declared nowhere; it is taken for a string",
        operation.path.value
    );
    let help = format!("add an input parameter `{name}` with `in: {location}`");
    sink.report_once(Code::UndeclaredPlaceholder, name, operation.path.place, message, help);
}

fn required_string(name: &str, location: Location, place: Place) -> Parameter {
    let (name, wire) = (name.to_owned(), name.to_owned());
    Parameter { name, wire, place, location, kind: None, required: true, description: None, rules: None }
}

/// One name may be a parameter in two places of a request. A caller has one value for it.
fn shared_names(operation: &Operation<'_>, sink: &mut Sink) {
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let earlier = operation.parameters.iter().take(index).find(|other| other.name == parameter.name);
        if let Some(earlier) = earlier {
            let message = format!(
                "`{}` is a parameter of `{}` in the {} and in the {}; a caller's value goes to both",
                parameter.name,
                operation.name.value,
                earlier.location.as_str(),
                parameter.location.as_str()
            );
            sink.report_once(Code::SharedName, "name", parameter.place, message, "give one of the two another name");
        }
    }
}

/// Whether requests with a method usually have a body (RFC 9110 §9.3).
fn has_body(method: Option<&Text>) -> bool {
    method.is_some_and(|method| ["POST", "PUT", "PATCH"].iter().any(|name| method.value.eq_ignore_ascii_case(name)))
}

/// A name or value of a query without its percent-encoding.
fn decode(text: &str) -> String {
    crate::linked::percent_decode(&text.replace('+', " "))
}
