//! The caller's inputs of a route or tool, and what `with` makes of them.

use super::unique_inputs;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink, did_you_mean};
use crate::json_path;
use crate::linked::{Location, Operation, Parameter, Source, TextPart};
use crate::model::{Kind, PathStep};
use crate::names::fold;
use crate::read::document::{Input, Invocation, Text};
use crate::read::yaml::{Content, Node, UNQUOTED};
use crate::template::{self, Piece, split};
use crate::vocabulary::{self, is_dots, location};

/// The words that mean "what the caller sent". Files use either of them in routes and in tools.
const KINDS: [&str; 2] = ["rest", "tools"];

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
    /// The route's path, or the URI of a resource; a tool has none.
    pub(super) path: Option<&'c [Piece]>,
    /// Whether callers can give nothing but what stands in the path, as with resources.
    pub(super) closed: bool,
    /// Whether an input that does not say if it is required is as the parameter that it feeds.
    pub(super) inherits: bool,
    /// Whether requests with the route's method usually have a body (RFC 9110 §9.3).
    pub(super) has_body: bool,
}

/// The caller's inputs. Where a route or tool declares none, they are derived from the parameters that they feed.
pub(super) struct Inputs<'c, 'd> {
    pub(super) inputs: Vec<Parameter>,
    /// Inputs with a fixed value.
    constants: Vec<(&'d str, &'d Node)>,
    /// How many of the inputs are declared; the others were derived.
    declared: usize,
    /// Whether none is declared.
    pub(super) open: bool,
    /// The names of the operation's parameters.
    parameters: Vec<&'c str>,
    context: &'c Context<'c, 'd>,
}

impl<'c, 'd> Inputs<'c, 'd> {
    /// The inputs that a route or tool declares.
    pub(super) fn declared(
        invocation: &'d Invocation,
        operation: &'c Operation<'_>,
        context: &'c Context<'c, 'd>,
        sink: &mut Sink,
    ) -> Self {
        unique_inputs(&invocation.inputs, sink);
        let declared: Vec<&Input> = invocation.inputs.iter().chain(context.shared).collect();
        let inputs = declared_inputs(&declared, context, sink);
        let parameters = operation.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let (count, open) = (inputs.len(), declared.is_empty());
        Self { inputs, constants: constants(&declared), declared: count, open, parameters, context }
    }

    /// The input that has the parameter's own name: exactly, or folded where that is one only.
    fn same(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        if let Some(source) = self.constant(&parameter.name) {
            return source;
        }
        if let Some(index) = self.known(&parameter.name) {
            return Source::Input(index);
        }
        if self.open && self.can_give(&parameter.name) {
            Source::Input(self.derive(&parameter.name, parameter, sink))
        } else {
            Source::Absent
        }
    }

    pub(super) fn same_or_required(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        match self.same(parameter, sink) {
            Source::Absent => self.required(parameter, sink),
            source => source,
        }
    }

    /// A required parameter that gets no argument is the caller's to give.
    pub(super) fn required(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        if let Some(index) = self.inputs.iter().position(|input| input.name == parameter.name) {
            return if parameter.required { Source::Input(index) } else { Source::Absent };
        }
        // A placeholder of a route is declared by its path.
        if self.context.path.is_some_and(|path| stands_in(path, &parameter.name)) {
            return Source::Input(self.derive(&parameter.name, parameter, sink));
        }
        if !parameter.required {
            return Source::Absent;
        }
        if self.context.closed {
            return self.unreachable(&parameter.name, self.context.place, sink);
        }
        let message = format!("nothing is given for `{}`, which is required; it becomes an input", parameter.name);
        let help = format!("add `{}:` under `with`", parameter.name);
        sink.report(Code::MissingArgument, self.context.place, message, help);
        Source::Input(self.derive(&parameter.name, parameter, sink))
    }

    /// Whether callers have a way to give what has this name.
    fn can_give(&self, name: &str) -> bool {
        !self.context.closed || self.context.path.is_some_and(|path| stands_in(path, name))
    }

    /// Readers of a resource give nothing but its URI.
    fn unreachable(&self, name: &str, place: Place, sink: &mut Sink) -> Source {
        let message = format!("readers of the resource have no way to give `{name}`: it stands nowhere in the URI");
        let help = format!("write `{{{name}}}` into the URI, or a fixed value under `with`");
        sink.report(Code::UnreachableArgument, place, message, help);
        Source::Absent
    }

    /// The fixed value of an input.
    fn constant(&self, name: &str) -> Option<Source> {
        let (_, node) = self.constants.iter().find(|(known, _)| *known == name)?;
        Some(Source::Json(node.to_json()))
    }

    /// The input of this name; or the only declared one that is equal when folded, unless it is named after another
    /// parameter.
    fn known(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.inputs.iter().position(|input| input.name == name) {
            return Some(index);
        }
        let free = |input: &Parameter| !self.parameters.contains(&input.name.as_str());
        let declared = self.inputs.iter().take(self.declared).enumerate();
        let mut like = declared.filter(|(_, input)| fold(&input.name) == fold(name) && free(input));
        like.next().filter(|_| like.next().is_none()).map(|(index, _)| index)
    }

    pub(super) fn source(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
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
        let kind = vocabulary::kind(parameter.kind.as_ref(), parameter.location).unwrap_or(Kind::String);
        let value = match (kind, node.scalar_text()) {
            (_, None) if matches!(node.content, Content::Null) => {
                if parameter.required {
                    let message = format!("`{}` is required and cannot be null", parameter.name);
                    sink.report(Code::TypeMismatch, node.place, message, "give it a value, or an input of the caller");
                }
                return Source::Absent;
            }
            (Kind::String, Some(text)) => text.into(),
            (Kind::Integer | Kind::Number | Kind::Boolean, Some(text)) => {
                serde_json::from_str(&text).unwrap_or_else(|_| text.into())
            }
            _ => node.to_json(),
        };
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
            let message = format!("`{value}` cannot be the value of `{}`", parameter.name);
            let takes = if segment { format!("a value of type {kind:?}") } else { "a segment of a path".to_owned() };
            let help = format!("it takes {}", takes.to_lowercase());
            sink.report(Code::TypeMismatch, node.place, message, help);
        }
        Source::Json(value)
    }

    /// A list or mapping: a fixed value, unless the caller's inputs are in it.
    fn nested(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        // Whatever feeds a part of a value may be anything.
        let any = Text { value: "any".to_owned(), place: node.place };
        let location = if parameter.location.is_body() { Location::Field } else { Location::Query };
        let part = Parameter { kind: Some(any), location, rules: None, ..parameter.clone() };
        match &node.content {
            Content::Sequence(items) => Source::List(items.iter().map(|item| self.nested(&part, item, sink)).collect()),
            Content::Mapping(entries) => {
                if entries.iter().any(|entry| entry.key == UNQUOTED) {
                    let message = "a template without quotes is a mapping in YAML";
                    sink.report(Code::WrongType, node.place, message, "put quotes around it: '{{name}}'");
                }
                let members = entries.iter().map(|entry| (entry.key.clone(), self.nested(&part, &entry.value, sink)));
                Source::Object(members.collect())
            }
            Content::Text(_) => self.source(&part, node, sink),
            _ => Source::Json(node.to_json()),
        }
    }

    /// The name behind a prefix that means "what the caller sent".
    fn strip<'t>(&self, text: &'t str) -> Option<&'t str> {
        let text = text.strip_prefix("$this.").unwrap_or(text);
        let (prefix, name) = text.split_once('.')?;
        let scope = self.context.scope;
        let own = scope.namespace.is_some_and(|namespace| namespace.value == prefix);
        // Names of parameters may hold anything, but prose has a blank after its full stop.
        let named = !name.is_empty() && !name.starts_with(char::is_whitespace);
        (named && (own || KINDS.contains(&prefix))).then_some(name)
    }

    fn reference(&mut self, parameter: &Parameter, name: &str, place: Place, sink: &mut Sink) -> Source {
        if let Some(source) = self.constant(name) {
            return source;
        }
        if let Some(index) = self.known(name) {
            return Source::Input(index);
        }
        if !self.can_give(name) {
            return self.unreachable(name, place, sink);
        }
        // A placeholder of a route is declared by its path.
        let in_path = self.context.path.is_some_and(|path| stands_in(path, name));
        if !self.open && !in_path {
            let known = self.inputs.iter().map(|input| input.name.as_str());
            let help = did_you_mean(name, known).map(|name| format!("did you mean `{name}`?"));
            let help = help.unwrap_or_else(|| "declare it under `inputParameters`".to_owned());
            let message = format!("the input `{name}` is not declared; it takes what `{}` takes", parameter.name);
            sink.report(Code::UnknownReference, place, message, help);
        }
        Source::Input(self.derive(name, parameter, sink))
    }

    fn text(&mut self, parameter: &Parameter, pieces: Vec<Piece>, place: Place, sink: &mut Sink) -> Source {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => parts.push(TextPart::Literal(literal)),
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    let Some(name) = self.placeholder(&name, place, sink) else { return Source::Absent };
                    // Inside other text an input is text, whatever the parameter takes.
                    let derived = Parameter { kind: None, rules: None, ..parameter.clone() };
                    match self.reference(&derived, &name, place, sink) {
                        Source::Input(index) => parts.push(TextPart::Input(index)),
                        Source::Json(serde_json::Value::String(text)) => parts.push(TextPart::Literal(text)),
                        Source::Json(value) => parts.push(TextPart::Literal(value.to_string())),
                        _ => return Source::Absent,
                    }
                }
            }
        }
        Source::Text(parts)
    }

    /// Derives an input from the parameter that it feeds.
    fn derive(&mut self, name: &str, parameter: &Parameter, sink: &mut Sink) -> usize {
        let location = self.derived_location(name, parameter);
        if self.context.path.is_some() && parameter.location.is_path() && !location.is_path() {
            let message = format!("the route has no placeholder for `{name}`; callers give it in the query");
            let help = format!("write `{{{name}}}` into the path of the route");
            sink.report_once(Code::MissingArgument, name, self.context.place, message, help);
        }
        let (name, wire) = (name.to_owned(), name.to_owned());
        let required = parameter.required || location.is_path();
        self.inputs.push(Parameter { name, wire, location, required, ..parameter.clone() });
        self.inputs.len() - 1
    }

    /// A route's input is in its path if a placeholder there has that name; else it travels as the parameter does.
    fn derived_location(&self, name: &str, parameter: &Parameter) -> Location {
        let Some(path) = self.context.path else { return parameter.location };
        match parameter.location {
            _ if stands_in(path, name) => place_in(path, name),
            Location::Path | Location::Segments => Location::Query,
            other => other,
        }
    }
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

/// Whether nothing of a source is the caller's.
fn fixed(source: &Source) -> bool {
    match source {
        Source::Absent | Source::Json(_) => true,
        Source::Input(_) | Source::Text(_) => false,
        Source::List(items) => items.iter().all(fixed),
        Source::Object(members) => members.iter().all(|(_, member)| fixed(member)),
    }
}

fn declared_inputs(declared: &[&Input], context: &Context<'_, '_>, sink: &mut Sink) -> Vec<Parameter> {
    let mut inputs: Vec<Parameter> = Vec::new();
    for value in declared.iter().filter_map(|input| input.value.as_ref()) {
        if value.scalar_text().is_some_and(|text| text.contains("{{")) {
            let message = "a template in the fixed value of an input is not supported yet";
            sink.report(Code::Unsupported, value.place, message, "write it under `with`");
        }
    }
    for input in declared.iter().filter(|input| input.value.as_ref().is_none_or(is_body_path)) {
        let member = body_member(input, sink);
        let name = &input.name.value;
        if name.is_empty() {
            let help = "give it a name, or remove it";
            sink.report_once(Code::Nameless, "input", input.name.place, "an input has no name and is left out", help);
            continue;
        }
        // The operation's own declaration comes first and replaces the shared one.
        if inputs.iter().any(|known| known.name == *name) {
            continue;
        }
        let location = match (&input.location, context.path) {
            (Some(_), _) => location(input.location.as_ref(), sink),
            (None, Some(path)) if path.iter().any(|piece| piece.name() == Some(name)) => Some(Location::Path),
            (None, Some(_)) if !context.has_body => Some(Location::Query),
            // The format's own default.
            (None, _) => Some(Location::Body),
        };
        let location = match (location.unwrap_or(Location::Query), context.path) {
            (Location::Path, Some(path)) if !stands_in(path, name) => {
                let message =
                    format!("the input `{name}` stands nowhere in the route's path; it is taken from the query");
                let help = format!("write `{{{name}}}` into the path, or `in: query`");
                sink.report(Code::UnusedPathParameter, input.name.place, message, help);
                Location::Query
            }
            (Location::Path, Some(path)) => place_in(path, name),
            (location, _) => location,
        };
        inputs.push(Parameter {
            name: name.clone(),
            wire: member.unwrap_or_else(|| name.clone()),
            place: input.name.place,
            location,
            kind: input.kind.clone(),
            // The format's inputs of tools are required unless they say otherwise. Where consumed parameters say it, too,
            // an input that says nothing is as they are.
            required: input.required.unwrap_or(location.is_path() || (context.path.is_none() && !context.inherits)),
            description: input.description.as_ref().map(|text| text.value.clone()),
            rules: input.rules.clone(),
        });
    }
    inputs
}

/// The member of the body that an input is, where its value says so: `$.name`.
fn body_member(input: &Input, sink: &mut Sink) -> Option<String> {
    let value = input.value.as_ref()?;
    let text = value.scalar_text()?;
    let in_body = input.location.as_ref().is_none_or(|location| location.value == "body");
    match json_path::parse(&text).as_deref() {
        Ok([PathStep::Key(member)]) if in_body => Some(member.clone()),
        Ok([]) if in_body => None,
        _ => {
            let message = format!("`{text}` is no member of the body; deeper paths are not supported yet");
            sink.report(Code::Unsupported, value.place, message, "write `$.member`, or take the whole body");
            None
        }
    }
}

/// Whether the value of an input says where in the body it stands: `$.name`.
fn is_body_path(value: &Node) -> bool {
    value.scalar_text().is_some_and(|text| text.starts_with('$'))
}

/// The inputs that have a fixed value: no caller sends them.
fn constants<'d>(declared: &[&'d Input]) -> Vec<(&'d str, &'d Node)> {
    let fixed = declared.iter().filter_map(|input| Some((input.name.value.as_str(), input.value.as_ref()?)));
    fixed.filter(|(_, value)| !is_body_path(value)).collect()
}

fn stands_in(path: &[Piece], name: &str) -> bool {
    path.iter().filter_map(Piece::name).any(|known| fold(known) == fold(name))
}

fn place_in(path: &[Piece], name: &str) -> Location {
    let several = |piece: &Piece| matches!(piece, Piece::Segments(known) if fold(known) == fold(name));
    if path.iter().any(several) { Location::Segments } else { Location::Path }
}
