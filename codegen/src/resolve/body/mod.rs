//! Bodies: the `body` template of an operation, or its parameters in the body. Each kind of body has a module.
//!
//! A parameter of location `Body` is the whole body. Parameters of location `Field` are parts of it, and
//! [`Operation::body`] says which.

mod document;
mod form;
mod members;
mod multipart;

use std::collections::BTreeSet;

use naftiko_schema::{Body, BodyContent, Location};

use super::placeholder::Placeholders;
use super::prefix::strip_in_body;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Operation, Parameter};
use crate::read::document::{BodySource, Input};
use crate::read::yaml;
use crate::template::{Piece, split};
use crate::vocabulary::is_token;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";
const PLAIN: &str = "text/plain";
const BYTES: &str = "application/octet-stream";

/// Links the body of an operation.
pub(super) fn link(
    operation: &mut Operation<'_>,
    source: Option<&BodySource>,
    declared: &[&Input],
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) {
    let Some(source) = source else {
        return members::link(operation, declared, sink);
    };
    let placeholders = Placeholders::new(operation, declared, variables, Location::Field, source.span);
    let mut template = Template { placeholders, inputs: declared };
    let body = template.body(source, sink);
    template.report_unused(sink);
    operation.body = body;
    members::add_fixed(operation, source.span, sink);
}

/// A `body` template that is being read; its placeholders become parameters.
struct Template<'t, 'd, 'v> {
    placeholders: Placeholders<'t, 'd, 'v>,
    inputs: &'t [&'t Input],
}

/// What a `type` says about a body.
enum Format {
    Json,
    Form,
    Multipart,
    Text,
    Bytes,
}

impl Template<'_, '_, '_> {
    fn body(&mut self, source: &BodySource, sink: &mut Sink) -> Option<Body> {
        let Some(kind) = &source.kind else {
            return self.json(source.data.as_ref(), JSON, true, sink);
        };
        let Some((media_type, format)) = format(&kind.value) else {
            let message = format!("bodies of type `{}` are not supported", kind.value);
            let help = "use `json`, `formUrlEncoded`, `multipartForm`, `text`, `xml`, `sparql` or `binary`";
            sink.report(Code::BodyFormat, kind.span, message).help(help);
            return None;
        };
        let data = source.data.as_ref();
        let content = match format {
            Format::Json => return self.json(data, &media_type, false, sink),
            Format::Form => self.form(data, sink),
            Format::Multipart => self.multipart(data, sink),
            Format::Text => self.text(data, sink).map(BodyContent::Text),
            Format::Bytes => self.text(only(data), sink).map(BodyContent::Bytes),
        };
        Some(Body { media_type: media_type.into(), content: content? })
    }

    /// Makes the parameter of this name the whole body. Unless it is declared, `required` says whether it must be there.
    fn whole(&mut self, name: &str, required: bool) {
        let declared = self.placeholders.declared(name);
        if declared.is_none() && required {
            self.placeholders.operation.guessed.insert(name.to_owned());
        }
        let parameter = Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            span: declared.map_or(self.placeholders.span, |input| input.name.span),
            location: Location::Body,
            kind: declared.and_then(|input| input.kind.clone()).filter(|kind| kind.value != "string"),
            required: declared.map_or(required, |input| input.required == Some(true)),
            description: declared.and_then(|input| input.description.as_ref()).map(|text| text.value.clone()),
            rules: declared.map(|input| input.rules.clone()).unwrap_or_default(),
            configured: None,
            style: None,
            counts_from: None,
        };
        self.placeholders.operation.parameters.push(parameter);
    }

    /// A text in which values are inserted. They must be there, because text without them is another text.
    fn text(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<naftiko_schema::Template> {
        let Some(text) = data.and_then(yaml::Node::scalar_text) else {
            let message = "the body must be text";
            sink.report(Code::BodyFormat, self.placeholders.span, message).help("write one text under `data:`");
            return None;
        };
        // A body that is one value is left out with it.
        let is_optional =
            |name: String| self.placeholders.declared(&name).is_some_and(|input| input.required == Some(false));
        self.placeholders.required = !sole(&text).is_some_and(is_optional);
        self.placeholders.template(&text, sink)
    }

    /// Reports declared parameters in the body that the template does not use.
    fn report_unused(&mut self, sink: &mut Sink) {
        let operation = &mut *self.placeholders.operation;
        let parameters = operation.parameters.iter().filter(|parameter| parameter.location.is_body());
        let used: BTreeSet<String> = parameters.map(|parameter| parameter.name.clone()).collect();
        for input in self.inputs {
            let in_body =
                input.location.as_ref().is_some_and(|location| matches!(location.value.as_str(), "body" | "formData"));
            if in_body && !used.contains(&input.name.value) {
                let message =
                    format!("the parameter `{}` is not used in the `body` template; it is not sent", input.name.value);
                sink.report(Code::SeveralBodies, input.name.span, message).help("use it in the template, or remove it");
                operation.left_out.push(input.name.value.clone());
            }
        }
    }
}

/// The media type and the format of a body of this `type`, which is a word of the format or a media type.
fn format(kind: &str) -> Option<(String, Format)> {
    let lower = kind.to_ascii_lowercase();
    let essence = lower.split(';').next().unwrap_or_default().trim();
    let (known, format) = match essence {
        "json" | JSON => (JSON, Format::Json),
        "form" | "formurlencoded" | FORM => (FORM, Format::Form),
        "multipart" | "multipartform" | "formdata" | MULTIPART => (MULTIPART, Format::Multipart),
        "text" | "text/plain" => (PLAIN, Format::Text),
        "xml" | "application/xml" => ("application/xml", Format::Text),
        "sparql" | "application/sparql-query" => ("application/sparql-query", Format::Text),
        "binary" | "octet-stream" | BYTES => (BYTES, Format::Bytes),
        other if other.starts_with("application/") && other.ends_with("+json") => (kind, Format::Json),
        other if other.starts_with("text/") || other.ends_with("+xml") => (kind, Format::Text),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json-seq" => {
            (kind, Format::Text)
        }
        "application/yaml" | "application/x-yaml" | "application/graphql" => (kind, Format::Text),
        other if other.starts_with("multipart/") => return None,
        other => match other.split_once('/') {
            Some((top, subtype)) if is_token(top) && is_token(subtype) && !other.contains('*') => (kind, Format::Bytes),
            _ => return None,
        },
    };
    Some((known.to_owned(), format))
}

/// The value of a mapping with a single entry; otherwise the data itself.
fn only(data: Option<&yaml::Node>) -> Option<&yaml::Node> {
    match data.map(|data| &data.content) {
        Some(yaml::Content::Mapping(entries)) if entries.len() == 1 => entries.first().map(|entry| &entry.value),
        _ => data,
    }
}

/// The name of the only placeholder that a text is.
fn sole(text: &str) -> Option<String> {
    match split(text).as_slice() {
        [Piece::Placeholder(name)] => Some(strip_in_body(name).to_owned()),
        _ => None,
    }
}
