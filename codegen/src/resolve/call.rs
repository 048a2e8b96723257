//! Calls: from a route or a tool to an operation, with every argument traced to its source.

use super::unique_inputs;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink, did_you_mean};
use crate::linked::{Call, Linked, Location, Operation, Parameter, Source, TextPart};
use crate::model::Kind;
use crate::names::fold;
use crate::read::document::{Input, Invocation, Text};
use crate::read::yaml::{Content, Node, UNQUOTED};
use crate::template::{self, Piece, split};
use crate::vocabulary::{self, is_dots, location};

/// The prefixes that mean "what the caller sent".
pub(super) struct Scope<'c> {
    /// `rest` or `tools`, which mean the route or the tool itself.
    pub(super) kind: &'static str,
    pub(super) namespace: Option<&'c Text>,
    pub(super) variables: &'c Variables<'c>,
}

pub(super) struct Context<'c, 'd> {
    /// The place of the route or tool, for findings about the whole of it.
    pub(super) place: Place,
    pub(super) scope: &'c Scope<'c>,
    /// Input parameters that the route shares with its siblings.
    pub(super) shared: &'d [Input],
    /// The route's path; a tool has none.
    pub(super) path: Option<&'c [Piece]>,
}

pub(super) fn link<'d>(
    linked: &Linked<'d>,
    invocation: &'d Invocation,
    context: &Context<'_, 'd>,
    sink: &mut Sink,
) -> Option<Call<'d>> {
    let Some(call) = &invocation.call else {
        let help = "add `call: namespace.operation`";
        sink.report(Code::MissingKey, context.place, "nothing is called: there is no `call`", help);
        return None;
    };
    let index = target(linked, call, sink)?;
    let operation = linked.operations.get(index)?;
    unique_inputs(&invocation.inputs, sink);
    let declared: Vec<&Input> = invocation.inputs.iter().chain(context.shared).collect();
    let mut inputs = Inputs { inputs: declared_inputs(&declared, context, sink), open: declared.is_empty(), context };
    let sources = match &invocation.with {
        Some(with) => bind(operation, with, &mut inputs, sink),
        None => operation.parameters.iter().map(|parameter| inputs.same(parameter)).collect(),
    };
    for (parameter, source) in operation.parameters.iter().zip(&sources) {
        if parameter.required && *source == Source::Absent {
            let message = format!("`{}` needs `{}`, and nothing is given for it", operation.name.value, parameter.name);
            sink.report(
                Code::MissingArgument,
                context.place,
                message,
                format!("add `{}:` under `with`", parameter.name),
            );
        }
    }
    let mut inputs = inputs.inputs;
    settle(&mut inputs, operation, &sources, sink);
    if context.path.is_none() {
        follow_parameters(&mut inputs, operation, &sources);
    } else {
        check_body(&inputs, operation, &sources, sink);
    }
    Some(Call { operation: index, inputs, sources, outputs: &invocation.outputs })
}

/// An input that feeds a required parameter is required, whatever it says; one that feeds nothing is not.
fn settle(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source], sink: &mut Sink) {
    for (index, input) in inputs.iter_mut().enumerate() {
        let feeds = |source: &Source| match source {
            Source::Input(fed) => *fed == index,
            Source::Text(parts) => parts.contains(&TextPart::Input(index)),
            Source::Absent | Source::Json(_) => false,
        };
        let mut fed = operation.parameters.iter().zip(sources).filter(|(_, source)| feeds(source)).peekable();
        if fed.peek().is_none() {
            let message = format!("the input `{}` goes nowhere; callers may leave it out", input.name);
            sink.report(Code::UnusedInput, input.place, message, "pass it on under `with`, or remove it");
            input.required = input.location == Location::Path;
        }
        input.required |= fed.any(|(parameter, _)| parameter.required);
    }
}

/// The inputs of a tool travel nowhere themselves; what they may hold depends on where the parameters travel.
fn follow_parameters(inputs: &mut [Parameter], operation: &Operation<'_>, sources: &[Source]) {
    for (parameter, source) in operation.parameters.iter().zip(sources) {
        if let Source::Input(index) = source
            && let Some(input) = inputs.get_mut(*index)
        {
            input.location = parameter.location;
        }
    }
}

/// The body of a route is one input and feeds the body of the operation. Inputs that are fields of it come later.
fn check_body(inputs: &[Parameter], operation: &Operation<'_>, sources: &[Source], sink: &mut Sink) {
    for (index, input) in inputs.iter().enumerate().filter(|(_, input)| input.location == Location::Body) {
        let feeds_body = operation
            .parameters
            .iter()
            .zip(sources)
            .any(|(parameter, source)| parameter.location == Location::Body && *source == Source::Input(index));
        if !feeds_body {
            let message = format!("the input `{}` is a field of the body, and that is not supported yet", input.name);
            sink.report(Code::Unsupported, input.place, message, "take it `in: query`, or pass the whole body on");
        }
    }
}

fn target(linked: &Linked<'_>, call: &Text, sink: &mut Sink) -> Option<usize> {
    let full_name = |operation: &Operation<'_>| {
        let namespace = linked.apis.get(operation.api).map_or("", |api| api.source.namespace.value.as_str());
        format!("{namespace}.{}", operation.name.value)
    };
    let found = linked.operations.iter().position(|operation| full_name(operation) == call.value);
    if found.is_none() {
        let names: Vec<String> = linked.operations.iter().map(full_name).collect();
        let help = match did_you_mean(&call.value, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "a call is `namespace.operation`, both from `consumes`".to_owned(),
        };
        sink.report(Code::UnknownCall, call.place, format!("there is no operation `{}`", call.value), help);
    }
    found
}

fn declared_inputs(declared: &[&Input], context: &Context<'_, '_>, sink: &mut Sink) -> Vec<Parameter> {
    let mut inputs: Vec<Parameter> = Vec::new();
    for input in declared {
        // The operation's own declaration comes first and replaces the shared one.
        if inputs.iter().any(|known| known.name == input.name.value) {
            continue;
        }
        if let Some(value) = &input.value {
            let message = format!("a fixed value of the input `{}` is not supported yet", input.name.value);
            sink.report(Code::Unsupported, value.place, message, "write the value under `with`");
        }
        let location = match &input.location {
            Some(_) => location(input.location.as_ref(), sink),
            None => Some(if context.path.is_some() { Location::Query } else { Location::Body }),
        };
        inputs.push(Parameter {
            name: input.name.value.clone(),
            place: input.name.place,
            location: location.unwrap_or(Location::Query),
            kind: input.kind.clone(),
            // Exposed parameters are required unless they say otherwise; see the format's tool parameters.
            required: input.required.unwrap_or(context.path.is_none() || location == Some(Location::Path)),
            description: input.description.as_ref().map(|text| text.value.clone()),
        });
    }
    inputs
}

fn bind(operation: &Operation<'_>, with: &[(Text, Node)], inputs: &mut Inputs<'_, '_>, sink: &mut Sink) -> Vec<Source> {
    for (name, _) in with {
        if !operation.parameters.iter().any(|parameter| parameter.name == name.value) {
            let known = operation.parameters.iter().map(|parameter| parameter.name.as_str());
            let help =
                did_you_mean(&name.value, known).map(|name| format!("did you mean `{name}`?")).unwrap_or_default();
            let message = format!("`{}` has no parameter `{}`", operation.name.value, name.value);
            sink.report(Code::UnknownParameter, name.place, message, help);
        }
    }
    operation
        .parameters
        .iter()
        .map(|parameter| match with.iter().find(|(name, _)| name.value == parameter.name) {
            Some((_, node)) => inputs.source(parameter, node, sink),
            // What `with` leaves out may still come from an input of that name: from a declared one, and always where
            // the path has no meaning without it.
            None if !inputs.open || parameter.location == Location::Path => inputs.same(parameter),
            None => Source::Absent,
        })
        .collect()
}

/// The caller's inputs. Where a route or tool declares none, they are derived from the parameters that they feed.
struct Inputs<'c, 'd> {
    inputs: Vec<Parameter>,
    open: bool,
    context: &'c Context<'c, 'd>,
}

impl Inputs<'_, '_> {
    /// The input that has the parameter's own name.
    fn same(&mut self, parameter: &Parameter) -> Source {
        self.input(&parameter.name, parameter).map_or(Source::Absent, Source::Input)
    }

    fn source(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        let Content::Text(text) = &node.content else { return self.literal(parameter, node, sink) };
        let pieces = split(text);
        if let [Piece::Placeholder(name)] = pieces.as_slice() {
            return match self.placeholder(name, node.place, sink) {
                Some(name) => self.reference(parameter, &name, node.place, sink),
                None => Source::Absent,
            };
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Placeholder(_))) {
            return self.text(parameter, pieces, node.place, sink);
        }
        match self.strip(text) {
            Some(name) => self.reference(parameter, name, node.place, sink),
            None => {
                if looks_like_reference(text) {
                    let message = format!("`{text}` is sent as it stands: no part of the capability has that name");
                    let own = self.context.scope.namespace.map_or("", |namespace| namespace.value.as_str());
                    let kind = self.context.scope.kind;
                    let help = format!("what the caller sends is `{own}.name` or `{kind}.name`");
                    sink.report(Code::LiteralReference, node.place, message, help);
                }
                self.literal(parameter, node, sink)
            }
        }
    }

    /// The name of the caller's input that a placeholder stands for.
    fn placeholder(&self, name: &str, place: Place, sink: &mut Sink) -> Option<String> {
        if self.context.scope.variables.knows(name) {
            let message = format!("`{{{{{name}}}}}` is a bound variable, and these are not supported under `with` yet");
            sink.report(
                Code::Unsupported,
                place,
                message,
                "use it in `authentication` or in a fixed value of `consumes`",
            );
            return None;
        }
        let name = self.strip(name).unwrap_or(name);
        if !template::is_name(name) {
            let message = format!("`{{{{{name}}}}}` is no name, and sections and the like are not supported");
            sink.report(Code::Unsupported, place, message, "write `{{name}}`");
            return None;
        }
        Some(name.to_owned())
    }

    /// A fixed value. It must fit its parameter, and whatever it holds is sent as it stands.
    fn literal(&self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        if !self.is_plain(node, sink) {
            return Source::Absent;
        }
        let kind = vocabulary::kind(parameter.kind.as_ref(), parameter.location).unwrap_or(Kind::String);
        let value = match (kind, node.scalar_text()) {
            (_, None) if matches!(node.content, Content::Null) => return Source::Absent,
            (Kind::String, Some(text)) => text.into(),
            (Kind::Integer | Kind::Number | Kind::Boolean, Some(text)) => {
                serde_json::from_str(&text).unwrap_or_else(|_| text.into())
            }
            _ => node.to_json(),
        };
        let fits = match kind {
            Kind::String => value.is_string(),
            Kind::Integer => value.is_i64() || value.is_u64(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::Array => !value.is_object(),
            Kind::Object => value.is_object(),
            Kind::Any => true,
        };
        let is_segment = |text: &str| !text.is_empty() && !is_dots(text);
        let segment = parameter.location != Location::Path || value.as_str().is_none_or(is_segment);
        if !fits || !segment {
            let message = format!("`{value}` cannot be the value of `{}`", parameter.name);
            let takes = if segment { format!("a value of type {kind:?}") } else { "a segment of a path".to_owned() };
            let help = format!("it takes {}", takes.to_lowercase());
            sink.report(Code::TypeMismatch, node.place, message, help);
        }
        Source::Json(value)
    }

    /// Whether a fixed value holds no template and no reference in its depth, where they would be sent as text.
    fn is_plain(&self, node: &Node, sink: &mut Sink) -> bool {
        match &node.content {
            Content::Sequence(items) => items.iter().all(|item| self.is_plain_inside(item, sink)),
            Content::Mapping(entries) => entries.iter().all(|entry| {
                if entry.key == UNQUOTED {
                    let message = "a template without quotes is a mapping in YAML";
                    sink.report(Code::WrongType, node.place, message, "put quotes around it: '{{name}}'");
                    return false;
                }
                self.is_plain_inside(&entry.value, sink)
            }),
            _ => true,
        }
    }

    fn is_plain_inside(&self, node: &Node, sink: &mut Sink) -> bool {
        let Content::Text(text) = &node.content else { return self.is_plain(node, sink) };
        if text.contains("{{") || self.strip(text).is_some() {
            let message = format!(
                "`{text}` would be sent as it stands: references inside lists and mappings are not supported yet"
            );
            sink.report(Code::Unsupported, node.place, message, "pass a whole input on");
            return false;
        }
        true
    }

    /// The name behind a prefix that means "what the caller sent".
    fn strip<'t>(&self, text: &'t str) -> Option<&'t str> {
        let text = text.strip_prefix("$this.").unwrap_or(text);
        let (prefix, name) = text.split_once('.')?;
        let scope = self.context.scope;
        let own = scope.namespace.is_some_and(|namespace| namespace.value == prefix);
        ((own || scope.kind == prefix) && is_name(name)).then_some(name)
    }

    fn reference(&mut self, parameter: &Parameter, name: &str, place: Place, sink: &mut Sink) -> Source {
        match self.input(name, parameter) {
            Some(index) => Source::Input(index),
            None => {
                let known = self.inputs.iter().map(|input| input.name.as_str());
                let help = did_you_mean(name, known).map(|name| format!("did you mean `{name}`?"));
                let help = help.unwrap_or_else(|| "declare it under `inputParameters`".to_owned());
                sink.report(Code::UnknownReference, place, format!("the caller has no input `{name}`"), help);
                Source::Absent
            }
        }
    }

    fn text(&mut self, parameter: &Parameter, pieces: Vec<Piece>, place: Place, sink: &mut Sink) -> Source {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => parts.push(TextPart::Literal(literal)),
                Piece::Placeholder(name) => {
                    let Some(name) = self.placeholder(&name, place, sink) else { return Source::Absent };
                    // Inside other text an input is text, whatever the parameter takes.
                    let derived = Parameter { kind: None, ..parameter.clone() };
                    match self.reference(&derived, &name, place, sink) {
                        Source::Input(index) => parts.push(TextPart::Input(index)),
                        _ => return Source::Absent,
                    }
                }
            }
        }
        Source::Text(parts)
    }

    /// The index of the input with this name, derived from `parameter` if it may be and is not there yet.
    fn input(&mut self, name: &str, parameter: &Parameter) -> Option<usize> {
        if let Some(index) = self.inputs.iter().position(|input| input.name == name) {
            return Some(index);
        }
        if !self.open {
            return None;
        }
        let location = self.derived_location(name, parameter);
        self.inputs.push(Parameter { name: name.to_owned(), location, ..parameter.clone() });
        Some(self.inputs.len() - 1)
    }

    /// A route's input is in its path if a placeholder there has that name; else it travels as the parameter does.
    fn derived_location(&self, name: &str, parameter: &Parameter) -> Location {
        let Some(path) = self.context.path else { return parameter.location };
        let in_path = path.iter().any(|piece| matches!(piece, Piece::Placeholder(known) if fold(known) == fold(name)));
        match parameter.location {
            _ if in_path => Location::Path,
            Location::Path => Location::Query,
            other => other,
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// Whether a literal has the shape of a reference, as `tools.name` in a route: probably not meant as text.
fn looks_like_reference(text: &str) -> bool {
    let word = |part: &str| {
        part.chars().next().is_some_and(char::is_alphabetic)
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    };
    let text = text.strip_prefix("$this.").unwrap_or(text);
    text.split_once('.').is_some_and(|(prefix, name)| word(prefix) && word(name))
}
