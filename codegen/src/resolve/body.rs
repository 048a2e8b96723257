//! Bodies: the `body` template of an operation, or its parameters in the body.
//!
//! A parameter of location `Body` is the whole body. Parameters of location `Field` are parts of it, and
//! [`Operation::body`] says which.

use serde_json::Value;

use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Body, Constant, Location, Operation, Parameter, TemplatePart};
use crate::model::{BodyPart, Content, Node};
use crate::names::fold;
use crate::read::document::{BodySource, Input, Text};
use crate::read::yaml::{self, UNQUOTED};
use crate::template::{Piece, is_name, split};

const JSON: &str = "application/json";

/// Names of a parameter that is the whole body whatever its type.
const WHOLE: [&str; 4] = ["body", "payload", "requestbody", "data"];

/// Marks the place of a placeholder in text that is parsed as JSON: characters for private use, and a number between.
const MARKS: [char; 2] = ['\u{f8f0}', '\u{f8f1}'];

/// Links the body of an operation.
pub(super) fn link(
    operation: &mut Operation<'_>,
    source: Option<&BodySource>,
    declared: Vec<&Input>,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) {
    match source {
        Some(source) => {
            let mut template = Template { operation, declared, variables, place: source.place, required: false };
            let body = template.body(source, sink);
            template.report_unused(sink);
            operation.body = body;
            add_fixed(operation, source.place, sink);
        }
        None => members(operation, sink),
    }
}

/// Adds fixed members to a template, unless they are in it.
fn add_fixed(operation: &mut Operation<'_>, place: Place, sink: &mut Sink) {
    let fixed = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect::<Vec<_>>();
    for constant in fixed {
        let name = &constant.name.value;
        match operation.body.as_mut().map(|body| &mut body.content) {
            Some(Content::Json(Node::Object(members)) | Content::Form(members)) => {
                if !members.iter().any(|(known, _)| known == name) {
                    members.push((name.clone(), fixed_value(&constant)));
                }
            }
            _ => no_room(&constant, place, sink),
        }
    }
}

fn no_room(constant: &Constant, place: Place, sink: &mut Sink) {
    let message = format!("the fixed member `{}` cannot be added to a body that is the caller's", constant.name.value);
    sink.report(Code::Unsupported, place, message, "write the members of the body out");
}

/// Parameters in the body without a template: the whole body, if it is one and looks like it; else its members.
fn members(operation: &mut Operation<'_>, sink: &mut Sink) {
    let in_body: Vec<usize> = indices(operation);
    let fixed: Vec<_> = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect();
    if let [only] = in_body.as_slice() {
        let Some(parameter) = operation.parameters.get_mut(*only) else { return };
        let kind = parameter.kind.as_ref().map(|kind| kind.value.as_str());
        let named = WHOLE.contains(&fold(&parameter.name).as_str());
        if named || matches!(kind, None | Some("object" | "array" | "any")) {
            // Converted API descriptions say `string` where they mean nothing in particular.
            if kind == Some("string") {
                parameter.kind = None;
            }
            let place = parameter.place;
            fixed.iter().for_each(|constant| no_room(constant, place, sink));
            return;
        }
    }
    let Some(first) = in_body.first().and_then(|index| operation.parameters.get(*index)) else {
        if fixed.is_empty() {
            return;
        }
        operation.body =
            Some(object(fixed.into_iter().map(|constant| (constant.name.value.clone(), fixed_value(&constant)))));
        return;
    };
    let message = format!("the parameters in the body of `{}` are members of one JSON object", operation.name.value);
    let help = "declare one parameter `body` of type `object` if that is not meant";
    sink.report_once(Code::BodyMembers, "members", first.place, message, help);
    let fixed = fixed.into_iter().map(|constant| (constant.name.value.clone(), fixed_value(&constant)));
    let mut pairs = Vec::new();
    for index in in_body {
        if let Some(parameter) = operation.parameters.get_mut(index) {
            parameter.location = Location::Field;
            pairs.push((parameter.wire.clone(), Node::Parameter(index)));
        }
    }
    operation.body = Some(object(pairs.into_iter().chain(fixed)));
}

fn indices(operation: &Operation<'_>) -> Vec<usize> {
    let parameters = operation.parameters.iter().enumerate();
    parameters.filter(|(_, parameter)| parameter.location.is_body()).map(|(index, _)| index).collect()
}

fn object(members: impl Iterator<Item = (String, Node)>) -> Body {
    Body { media_type: JSON.to_owned(), content: Content::Json(Node::Object(members.collect())) }
}

fn fixed_value(constant: &Constant) -> Node {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => BodyPart::Literal(text.clone()),
        TemplatePart::Variable(variable) => BodyPart::Variable(*variable),
    };
    match &constant.json {
        Some(json) => Node::Json(json.to_string()),
        None => Node::Text(constant.value.iter().map(part).collect()),
    }
}

/// A `body` that is being read; its placeholders become parameters.
struct Template<'t, 'd, 'v> {
    operation: &'t mut Operation<'d>,
    declared: Vec<&'t Input>,
    variables: &'t mut Variables<'v>,
    place: Place,
    /// Whether placeholders must have a value: they stand in mere text.
    required: bool,
}

impl Template<'_, '_, '_> {
    fn body(&mut self, source: &BodySource, sink: &mut Sink) -> Option<Body> {
        let kind = source.kind.as_ref().map_or("json", |kind| kind.value.as_str());
        let essence = kind.to_ascii_lowercase();
        let data = source.data.as_ref();
        match essence.as_str() {
            "json" | JSON => self.json(data, source.kind.is_some(), sink),
            "form" | "formurlencoded" | "application/x-www-form-urlencoded" => self.form(data, sink),
            "text" | "text/plain" => self.text(data, "text/plain; charset=utf-8", sink),
            "xml" | "application/xml" => self.text(data, "application/xml", sink),
            "sparql" | "application/sparql-query" => self.text(data, "application/sparql-query", sink),
            "octet-stream" | "application/octet-stream" => self.text(only(data), "application/octet-stream", sink),
            _ => {
                let place = source.kind.as_ref().map_or(source.place, |kind| kind.place);
                let message = format!("a body of type `{kind}` cannot be sent yet");
                sink.report(Code::BodyFormat, place, message, "known are json, form, text, xml and sparql");
                None
            }
        }
    }

    fn json(&mut self, data: Option<&yaml::Node>, typed: bool, sink: &mut Sink) -> Option<Body> {
        let Some(data) = data else {
            // A body of which nothing is said is the caller's to say.
            self.whole("body", sink);
            return None;
        };
        let content = match data.scalar_text() {
            Some(raw) => match split(&raw).as_slice() {
                [Piece::Placeholder(name)] if typed && !self.is_variable(name) => {
                    let name = strip(name).to_owned();
                    self.whole(&name, sink);
                    return None;
                }
                pieces => self.raw(pieces, sink)?,
            },
            None => Content::Json(self.node(data, sink)?),
        };
        Some(Body { media_type: JSON.to_owned(), content })
    }

    /// Makes the parameter of this name the whole body.
    fn whole(&mut self, name: &str, _: &mut Sink) {
        let declared = self.declared.iter().find(|input| input.name.value == name);
        let parameter = Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            place: declared.map_or(self.place, |input| input.name.place),
            location: Location::Body,
            kind: declared.and_then(|input| input.kind.clone()).filter(|kind| kind.value != "string"),
            required: declared.is_some_and(|input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.and_then(|input| input.rules.clone()),
        };
        self.operation.parameters.push(parameter);
    }

    /// JSON text with placeholders in it, inside of strings or in the place of values.
    fn raw(&mut self, pieces: &[Piece], sink: &mut Sink) -> Option<Content> {
        let (mut text, mut names, mut in_string) = (String::new(), Vec::new(), false);
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => {
                    in_string = ends_in_string(literal, in_string);
                    text.push_str(literal);
                }
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    let [open, close] = MARKS;
                    // A mark that is doubled stands for a whole value.
                    let mark = format!("{open}{}{close}", names.len());
                    text.push_str(&if in_string { mark } else { format!("\"{open}{mark}\"") });
                    names.push(name.clone());
                }
            }
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(MARKS))) {
            sink.report(Code::BodyFormat, self.place, "the body holds characters for private use", "remove them");
            return None;
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => Some(Content::Json(self.marked(&value, &names, sink)?)),
            Err(error) => {
                // The error's own place counts in a text that has marks in it.
                let error = error.to_string();
                let problem = error.split(" at line ").next().unwrap_or_default();
                let message = format!("the body is not JSON: {problem}");
                let help = "write `type: text` above it if it is meant as text";
                sink.report(Code::BodyFormat, self.place, message, help);
                None
            }
        }
    }

    /// A parsed value with the marks in its strings made parameters again.
    fn marked(&mut self, value: &Value, names: &[String], sink: &mut Sink) -> Option<Node> {
        Some(match value {
            Value::Array(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.marked(item, names, sink)).collect();
                Node::Array(items?)
            }
            Value::Object(members) => {
                let mut pairs = Vec::new();
                for (name, value) in members {
                    pairs.push((name.clone(), self.marked(value, names, sink)?));
                }
                Node::Object(pairs)
            }
            Value::String(text) if text.contains(MARKS) => {
                let [open, _] = MARKS;
                let whole = text.strip_prefix(open).filter(|rest| rest.starts_with(open));
                let mut parts = Vec::new();
                for (index, piece) in whole.unwrap_or(text).split(MARKS).enumerate() {
                    let name = piece.parse::<usize>().ok().and_then(|number| names.get(number));
                    match name.filter(|_| index % 2 == 1) {
                        Some(name) => parts.push(self.part(name, whole.is_some(), sink)?),
                        None if piece.is_empty() => {}
                        None => parts.push(BodyPart::Literal(piece.to_owned())),
                    }
                }
                match parts.as_slice() {
                    [BodyPart::Parameter(index)] if whole.is_some() => Node::Parameter(*index),
                    _ => Node::Text(parts),
                }
            }
            plain => Node::Json(plain.to_string()),
        })
    }

    fn form(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<Body> {
        let Some(Node::Object(pairs)) = data.and_then(|data| self.node(data, sink)) else {
            let message = "the body of a form must be a mapping of its fields";
            sink.report(Code::BodyFormat, self.place, message, "write `data:` with a key for each field");
            return None;
        };
        Some(Body { media_type: "application/x-www-form-urlencoded".to_owned(), content: Content::Form(pairs) })
    }

    fn text(&mut self, data: Option<&yaml::Node>, media_type: &str, sink: &mut Sink) -> Option<Body> {
        let Some(text) = data.and_then(yaml::Node::scalar_text) else {
            let message = "the body must be text";
            sink.report(Code::BodyFormat, self.place, message, "write `data:` with one text");
            return None;
        };
        self.required = true;
        let parts: Option<Vec<_>> = split(&text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(BodyPart::Literal(text)),
                Piece::Placeholder(name) | Piece::Segments(name) => self.part(&name, false, sink),
            })
            .collect();
        Some(Body { media_type: media_type.to_owned(), content: Content::Text(parts?) })
    }

    /// A value of the template as its author wrote it in YAML.
    fn node(&mut self, source: &yaml::Node, sink: &mut Sink) -> Option<Node> {
        match &source.content {
            yaml::Content::Text(text) => {
                let pieces = split(text);
                let whole = match pieces.as_slice() {
                    [Piece::Placeholder(name)] => Some(name.as_str()),
                    [Piece::Literal(text)] => reference(text),
                    _ => None,
                };
                if let Some(name) = whole {
                    return match self.part(name, true, sink)? {
                        BodyPart::Parameter(index) => Some(Node::Parameter(index)),
                        part => Some(Node::Text(vec![part])),
                    };
                }
                if let [] | [Piece::Literal(_)] = pieces.as_slice() {
                    return Some(Node::Json(Value::from(text.as_str()).to_string()));
                }
                let parts: Option<Vec<_>> = pieces
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Literal(text) => Some(BodyPart::Literal(text)),
                        Piece::Placeholder(name) | Piece::Segments(name) => self.part(&name, false, sink),
                    })
                    .collect();
                Some(Node::Text(parts?))
            }
            yaml::Content::Sequence(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.node(item, sink)).collect();
                Some(Node::Array(items?))
            }
            yaml::Content::Mapping(entries) => {
                let mut pairs = Vec::new();
                for entry in entries {
                    if entry.key == UNQUOTED {
                        let message = "a template without quotes is a mapping in YAML";
                        sink.report(Code::WrongType, source.place, message, "put quotes around it: '{{name}}'");
                        return None;
                    }
                    pairs.push((entry.key.clone(), self.node(&entry.value, sink)?));
                }
                Some(Node::Object(pairs))
            }
            _ => Some(Node::Json(source.to_json().to_string())),
        }
    }

    fn is_variable(&self, name: &str) -> bool {
        let declared = self.declared.iter().any(|input| input.name.value == strip(name));
        !declared && self.variables.means_variable(name)
    }

    /// A placeholder: a bound variable, or a parameter. `whole` says that it is all of its value and keeps its type.
    fn part(&mut self, name: &str, whole: bool, sink: &mut Sink) -> Option<BodyPart> {
        if self.is_variable(name) {
            let text = Text { value: format!("{{{{{name}}}}}"), place: self.place };
            let parts = self.variables.template(&text, sink);
            return parts.into_iter().find_map(|part| match part {
                TemplatePart::Variable(variable) => Some(BodyPart::Variable(variable)),
                TemplatePart::Literal(_) => None,
            });
        }
        let name = strip(name);
        if !is_name(name) {
            let message = format!("`{{{{{name}}}}}` is no name, and sections and the like are not supported");
            sink.report(Code::BodyFormat, self.place, message, "write `{{name}}`");
            return None;
        }
        let parameters = &mut self.operation.parameters;
        let known = parameters.iter().position(|known| known.location == Location::Field && known.name == name);
        if let Some(index) = known {
            return Some(BodyPart::Parameter(index));
        }
        let declared = self.declared.iter().find(|input| input.name.value == name);
        let given = declared.and_then(|input| input.kind.clone());
        let any = || Text { value: "any".to_owned(), place: self.place };
        parameters.push(Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            place: declared.map_or(self.place, |input| input.name.place),
            location: Location::Field,
            // Inside of other text a value is text.
            kind: given.or_else(|| whole.then(any)),
            required: self.required || declared.is_some_and(|input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.and_then(|input| input.rules.clone()),
        });
        Some(BodyPart::Parameter(parameters.len() - 1))
    }

    /// Reports declared parameters in the body that the template does not use.
    fn report_unused(&mut self, sink: &mut Sink) {
        for input in &self.declared {
            let in_body = input.location.as_ref().is_some_and(|location| location.value == "body");
            let used = self.operation.parameters.iter().any(|p| p.location.is_body() && p.name == input.name.value);
            if in_body && !used {
                let message = format!("`{}` is in the body, and the `body` template does not use it", input.name.value);
                sink.report(Code::SeveralBodies, input.name.place, message, "put it into the template, or remove it");
                self.operation.left_out.push(input.name.value.clone());
            }
        }
    }
}

/// The only value of a mapping that has no more; else what was given.
fn only(data: Option<&yaml::Node>) -> Option<&yaml::Node> {
    match data.map(|data| &data.content) {
        Some(yaml::Content::Mapping(entries)) if entries.len() == 1 => entries.first().map(|entry| &entry.value),
        _ => data,
    }
}

/// The name behind a prefix that means "what the caller sent".
fn strip(name: &str) -> &str {
    ["tools.", "rest.", "args.", "input."].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// The name of a reference that stands without braces.
fn reference(text: &str) -> Option<&str> {
    let name = text.strip_prefix("tools.").or_else(|| text.strip_prefix("rest."))?;
    is_name(name).then_some(name)
}

/// Whether a string is open at the end of a piece of JSON text.
fn ends_in_string(text: &str, mut in_string: bool) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    in_string
}
