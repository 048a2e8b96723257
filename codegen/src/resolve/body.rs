//! Bodies: the `body` template of an operation, or its parameters in the body.
//!
//! A parameter of location `Body` is the whole body. Parameters of location `Field` are parts of it, and
//! [`Operation::body`] says which.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{Body, BodyContent, BodyMember, BodyNode, BodyText, Kind, Location, ParameterId, TemplatePart};

use super::prefix::{IN_ARGUMENTS, strip, strip_in_body};
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::json::{self, Json};
use crate::linked::{Constant, Operation, Parameter};
use crate::names::fold;
use crate::read::document::{BodySource, Input, Text};
use crate::read::yaml::{self, UNQUOTED, quoted};
use crate::template::{Piece, is_name, split};

const JSON: &str = "application/json";

/// The names of a parameter that is the whole body, whatever its type.
const WHOLE: [&str; 4] = ["body", "payload", "requestbody", "data"];

/// Marks a placeholder in text that is parsed as JSON: two characters for private use with a number between them.
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
            let fields = operation.parameters.iter().enumerate().filter(|(_, known)| known.location == Location::Field);
            let fields = fields.rev().map(|(index, known)| (known.name.clone(), index)).collect();
            let mut template = Template {
                operation,
                declared: declared.iter().rev().map(|input| (input.name.value.as_str(), *input)).collect(),
                inputs: declared,
                fields,
                variables,
                span: source.span,
                required: false,
                plain: Kind::Any,
            };
            let body = template.body(source, sink);
            template.report_unused(sink);
            operation.body = body;
            add_fixed(operation, source.span, sink);
        }
        None => members(operation, sink),
    }
}

/// Adds fixed members to a template, unless they are in it.
fn add_fixed(operation: &mut Operation<'_>, span: Span, sink: &mut Sink) {
    let fixed = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect::<Vec<_>>();
    for constant in fixed {
        let name = &constant.name.value;
        match operation.body.as_mut().map(|body| &mut body.content) {
            Some(BodyContent::Json(BodyNode::Object(members))) => {
                if !members.iter().any(|member| member.name == *name) {
                    members.to_mut().push(fixed_member(&constant));
                }
            }
            Some(BodyContent::Form(members)) => {
                if !members.iter().any(|member| member.name == *name) {
                    // A form has texts only, so that the text that is written counts.
                    let json = constant.json.clone().filter(|_| constant.value.parts.is_empty());
                    members.to_mut().push(fixed_member(&Constant { json, ..constant }));
                }
            }
            _ => no_room(&constant, span, sink),
        }
    }
}

fn no_room(constant: &Constant, span: Span, sink: &mut Sink) {
    let message = format!(
        "the fixed member `{}` cannot be added to a body that the caller sends as a whole",
        constant.name.value
    );
    sink.report(Code::Unsupported, span, message).help("declare the members of the body one by one");
}

/// Parameters in the body without a template: a single one may be the whole body; otherwise they are its members.
fn members(operation: &mut Operation<'_>, sink: &mut Sink) {
    let in_body: Vec<usize> = indices(operation);
    let fixed: Vec<_> = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect();
    if let [only] = in_body.as_slice() {
        let Some(parameter) = operation.parameters.get_mut(*only) else { return };
        let kind = parameter.kind.as_ref().map(|kind| kind.value.as_str());
        let named = WHOLE.contains(&fold(&parameter.name).as_str());
        if named || matches!(kind, None | Some("object" | "array" | "any")) {
            // Converters of API descriptions write `string` where the type is unknown.
            if kind == Some("string") {
                parameter.kind = None;
            }
            let span = parameter.span;
            fixed.iter().for_each(|constant| no_room(constant, span, sink));
            return;
        }
    }
    let Some(first) = in_body.first().and_then(|index| operation.parameters.get(*index)) else {
        if fixed.is_empty() {
            return;
        }
        operation.body = Some(object(fixed.iter().map(fixed_member)));
        return;
    };
    let message = format!("the body parameters of `{}` are sent as members of one JSON object", operation.name.value);
    let help = "to send one parameter as the whole body, name it `body` and give it the type `object`";
    sink.report_once(Code::BodyMembers, "members", first.span, message).help(help);
    let fixed = fixed.iter().map(fixed_member);
    let mut pairs = Vec::new();
    for index in in_body {
        if let Some(parameter) = operation.parameters.get_mut(index) {
            parameter.location = Location::Field;
            pairs.push(member(parameter.wire.clone(), BodyNode::Parameter(index.into())));
        }
    }
    operation.body = Some(object(pairs.into_iter().chain(fixed)));
}

fn indices(operation: &Operation<'_>) -> Vec<usize> {
    let parameters = operation.parameters.iter().enumerate();
    parameters.filter(|(_, parameter)| parameter.location.is_body()).map(|(index, _)| index).collect()
}

fn object(members: impl Iterator<Item = BodyMember>) -> Body {
    Body { media_type: JSON.into(), content: BodyContent::Json(BodyNode::Object(members.collect())) }
}

fn member(name: String, value: BodyNode) -> BodyMember {
    BodyMember { name: name.into(), value }
}

fn fixed_member(constant: &Constant) -> BodyMember {
    member(constant.name.value.clone(), fixed_value(constant))
}

fn fixed_value(constant: &Constant) -> BodyNode {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => BodyText::Literal(text.clone()),
        TemplatePart::Variable(variable) => BodyText::Variable(*variable),
    };
    match &constant.json {
        Some(json) => BodyNode::Json(json.clone().into()),
        None => BodyNode::Text(constant.value.parts.iter().map(part).collect()),
    }
}

/// A `body` template that is being read; its placeholders become parameters.
struct Template<'t, 'd, 'v> {
    operation: &'t mut Operation<'d>,
    /// The declared parameters, by name; of several, the first.
    declared: BTreeMap<&'t str, &'t Input>,
    inputs: Vec<&'t Input>,
    /// The parameters that are parts of the body, by name.
    fields: BTreeMap<String, usize>,
    variables: &'t mut Variables<'v>,
    span: Span,
    /// Whether placeholders must have a value, as in plain text.
    required: bool,
    /// What plain scalars are: values of any type, or strings in a form.
    plain: Kind,
}

impl Template<'_, '_, '_> {
    fn body(&mut self, source: &BodySource, sink: &mut Sink) -> Option<Body> {
        let kind = source.kind.as_ref().map_or("json", |kind| kind.value.as_str());
        let essence = kind.to_ascii_lowercase();
        let data = source.data.as_ref();
        match essence.as_str() {
            "json" | JSON => self.json(data, sink),
            "form" | "formurlencoded" | "application/x-www-form-urlencoded" => self.form(data, sink),
            "text" | "text/plain" => self.text(data, "text/plain; charset=utf-8", sink),
            "xml" | "application/xml" => self.text(data, "application/xml", sink),
            "sparql" | "application/sparql-query" => self.text(data, "application/sparql-query", sink),
            "octet-stream" | "application/octet-stream" => self.text(only(data), "application/octet-stream", sink),
            _ => {
                let span = source.kind.as_ref().map_or(source.span, |kind| kind.span);
                let message = format!("bodies of type `{kind}` are not supported yet");
                let help = "use `json`, `form`, `text`, `xml`, `sparql` or `octet-stream`";
                sink.report(Code::BodyFormat, span, message).help(help);
                None
            }
        }
    }

    fn json(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<Body> {
        let Some(data) = data else {
            // A body without a description is sent by the caller as a whole.
            self.whole("body");
            return None;
        };
        let raw = match &data.content {
            yaml::Content::Text(text) => Some(text.clone()),
            yaml::Content::Bool(..) | yaml::Content::Number(..) => Some(data.to_json()),
            _ => None,
        };
        let content = match raw {
            Some(raw) => match split(&raw).as_slice() {
                [Piece::Placeholder(name)] if !self.is_variable(name) => {
                    let name = strip_in_body(name).to_owned();
                    self.whole(&name);
                    return None;
                }
                pieces => self.raw(pieces, sink)?,
            },
            None => BodyContent::Json(self.node(data, sink)?),
        };
        Some(Body { media_type: JSON.into(), content })
    }

    /// Makes the parameter of this name the whole body.
    fn whole(&mut self, name: &str) {
        let declared = self.declared.get(name).copied();
        let parameter = Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            span: declared.map_or(self.span, |input| input.name.span),
            location: Location::Body,
            kind: declared.and_then(|input| input.kind.clone()).filter(|kind| kind.value != "string"),
            required: declared.is_some_and(|input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.map(|input| input.rules.clone()).unwrap_or_default(),
            configured: None,
        };
        self.operation.parameters.push(parameter);
    }

    /// JSON text with placeholders inside strings or instead of values.
    fn raw(&mut self, pieces: &[Piece], sink: &mut Sink) -> Option<BodyContent> {
        let (mut text, mut names, mut in_string) = (String::new(), Vec::new(), false);
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => {
                    in_string = ends_in_string(literal, in_string);
                    text.push_str(literal);
                }
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    let [open, close] = MARKS;
                    // A mark that is doubled means a whole value.
                    let mark = format!("{open}{}{close}", names.len());
                    text.push_str(&if in_string { mark } else { format!("\"{open}{mark}\"") });
                    names.push(name.clone());
                }
            }
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(MARKS))) {
            sink.report(
                Code::BodyFormat,
                self.span,
                "the body contains the characters U+F8F0 or U+F8F1, which the generator uses itself",
            )
            .help("remove them");
            return None;
        }
        match json::parse(&text) {
            Ok(value) => Some(BodyContent::Json(self.marked(&value, &names, sink)?)),
            Err(problem) => {
                let problem = unmarked(&problem, &names);
                let message = format!("the body is not valid JSON: {problem}");
                let help = "correct it, or add `type: text` if it is plain text";
                sink.report(Code::BodyFormat, self.span, message).help(help);
                None
            }
        }
    }

    /// A parsed value with the marks in its strings made parameters again.
    fn marked(&mut self, value: &Json, names: &[String], sink: &mut Sink) -> Option<BodyNode> {
        Some(match value {
            Json::Array(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.marked(item, names, sink)).collect();
                BodyNode::Array(items?.into())
            }
            Json::Object(members) => {
                let mut pairs = Vec::new();
                for (name, value) in members {
                    if name.contains(MARKS) {
                        let message =
                            format!("the name `{}` in the body has placeholders in it", unmarked(name, names));
                        let help = "write the name itself; only values can have placeholders";
                        sink.report(Code::BodyFormat, self.span, message).help(help);
                        return None;
                    }
                    pairs.push(member(name.clone(), self.marked(value, names, sink)?));
                }
                BodyNode::Object(pairs.into())
            }
            Json::Text(text) if text.contains(MARKS) => {
                let [open, _] = MARKS;
                let whole = text.strip_prefix(open).filter(|rest| rest.starts_with(open));
                let mut parts = Vec::new();
                for (index, piece) in whole.unwrap_or(text).split(MARKS).enumerate() {
                    let name = piece.parse::<usize>().ok().and_then(|number| names.get(number));
                    match name.filter(|_| index % 2 == 1) {
                        Some(name) => parts.push(self.part(name, whole.is_some(), sink)?),
                        None if piece.is_empty() => {}
                        None => parts.push(BodyText::Literal(piece.to_owned().into())),
                    }
                }
                match parts.as_slice() {
                    [BodyText::Parameter(index)] if whole.is_some() => BodyNode::Parameter(*index),
                    _ => BodyNode::Text(parts.into()),
                }
            }
            Json::Text(text) => BodyNode::Json(quoted(text).into()),
            Json::Plain(text) => BodyNode::Json(text.clone().into()),
        })
    }

    fn form(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<Body> {
        self.plain = Kind::String;
        let Some(BodyNode::Object(pairs)) = data.and_then(|data| self.node(data, sink)) else {
            let message = "the body of a form must be a mapping";
            sink.report(Code::BodyFormat, self.span, message).help("write `data:` with a key for each field");
            return None;
        };
        Some(Body { media_type: "application/x-www-form-urlencoded".into(), content: BodyContent::Form(pairs) })
    }

    fn text(&mut self, data: Option<&yaml::Node>, media_type: &str, sink: &mut Sink) -> Option<Body> {
        let Some(text) = data.and_then(yaml::Node::scalar_text) else {
            let message = "the body must be text";
            sink.report(Code::BodyFormat, self.span, message).help("write one text under `data:`");
            return None;
        };
        self.required = true;
        let parts: Option<Vec<_>> = split(&text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(BodyText::Literal(text.into())),
                Piece::Placeholder(name) | Piece::Segments(name) => self.part(&name, false, sink),
            })
            .collect();
        Some(Body { media_type: media_type.to_owned().into(), content: BodyContent::Text(parts?.into()) })
    }

    /// A value of the template, written in YAML.
    fn node(&mut self, source: &yaml::Node, sink: &mut Sink) -> Option<BodyNode> {
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
                        BodyText::Parameter(index) => Some(BodyNode::Parameter(index)),
                        part => Some(BodyNode::Text(vec![part].into())),
                    };
                }
                if let [] | [Piece::Literal(_)] = pieces.as_slice() {
                    return Some(BodyNode::Json(quoted(text).into()));
                }
                let parts: Option<Vec<_>> = pieces
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Literal(text) => Some(BodyText::Literal(text.into())),
                        Piece::Placeholder(name) | Piece::Segments(name) => self.part(&name, false, sink),
                    })
                    .collect();
                Some(BodyNode::Text(parts?.into()))
            }
            yaml::Content::Sequence(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.node(item, sink)).collect();
                Some(BodyNode::Array(items?.into()))
            }
            yaml::Content::Mapping(entries) => {
                let mut pairs = Vec::new();
                for entry in entries {
                    if entry.key == UNQUOTED {
                        let message = "a template without quotes is read as a mapping";
                        sink.report(Code::WrongType, source.span, message).quote(source.span);
                        return None;
                    }
                    pairs.push(member(entry.key.clone(), self.node(&entry.value, sink)?));
                }
                Some(BodyNode::Object(pairs.into()))
            }
            yaml::Content::Null(_) => Some(BodyNode::Json("null".into())),
            _ => Some(BodyNode::Json(source.to_json_of(self.plain, true).into())),
        }
    }

    fn is_variable(&self, name: &str) -> bool {
        let declared = self.declared.contains_key(strip_in_body(name));
        !declared && self.variables.means_variable(name)
    }

    /// A placeholder: a bound variable, or a parameter. `whole` means that it is the whole value and keeps its type.
    fn part(&mut self, name: &str, whole: bool, sink: &mut Sink) -> Option<BodyText> {
        if self.is_variable(name) {
            let text = Text { value: format!("{{{{{name}}}}}"), span: self.span };
            let parts = self.variables.template(&text, sink);
            return parts.parts.iter().find_map(|part| match part {
                TemplatePart::Variable(variable) => Some(BodyText::Variable(*variable)),
                TemplatePart::Literal(_) => None,
            });
        }
        let name = strip_in_body(name);
        if !is_name(name) {
            let message = format!("`{{{{{name}}}}}` is not a valid placeholder name");
            sink.report(Code::BodyFormat, self.span, message)
                .help("write `{{name}}`; sections and partials are not supported");
            return None;
        }
        let parameters = &mut self.operation.parameters;
        if let Some(index) = self.fields.get(name) {
            return Some(BodyText::Parameter((*index).into()));
        }
        self.fields.insert(name.to_owned(), parameters.len());
        let declared = self.declared.get(name).copied();
        let given = declared.and_then(|input| input.kind.clone());
        let any = || Text { value: "any".to_owned(), span: self.span };
        parameters.push(Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            span: declared.map_or(self.span, |input| input.name.span),
            location: Location::Field,
            // Inside other text, a value is text.
            kind: given.or_else(|| whole.then(any)),
            required: self.required || declared.is_some_and(|input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.map(|input| input.rules.clone()).unwrap_or_default(),
            configured: None,
        });
        Some(BodyText::Parameter(ParameterId::from(parameters.len() - 1)))
    }

    /// Reports declared parameters in the body that the template does not use.
    fn report_unused(&mut self, sink: &mut Sink) {
        let parameters = self.operation.parameters.iter().filter(|parameter| parameter.location.is_body());
        let used: BTreeSet<String> = parameters.map(|parameter| parameter.name.clone()).collect();
        for input in &self.inputs {
            let in_body = input.location.as_ref().is_some_and(|location| location.value == "body");
            if in_body && !used.contains(&input.name.value) {
                let message =
                    format!("the parameter `{}` is not used in the `body` template; it is not sent", input.name.value);
                sink.report(Code::SeveralBodies, input.name.span, message).help("use it in the template, or remove it");
                self.operation.left_out.push(input.name.value.clone());
            }
        }
    }
}

/// The value of a mapping with a single entry; otherwise the data itself.
fn only(data: Option<&yaml::Node>) -> Option<&yaml::Node> {
    match data.map(|data| &data.content) {
        Some(yaml::Content::Mapping(entries)) if entries.len() == 1 => entries.first().map(|entry| &entry.value),
        _ => data,
    }
}

/// A text with its marks made placeholders again.
fn unmarked(text: &str, names: &[String]) -> String {
    let parts = text.split(MARKS).enumerate().map(|(index, part)| match part.parse::<usize>() {
        Ok(number) if index % 2 == 1 => names.get(number).map_or_else(String::new, |name| format!("{{{{{name}}}}}")),
        _ => part.to_owned(),
    });
    parts.collect()
}

/// The name of a reference without braces.
fn reference(text: &str) -> Option<&str> {
    strip(text, &IN_ARGUMENTS).filter(|name| is_name(name))
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
