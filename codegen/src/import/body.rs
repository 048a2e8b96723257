//! Bodies of imported operations that are not JSON: forms, text and bytes.

use std::collections::BTreeSet;

use super::{scalar, slug};
use crate::companion::document::{Document, Operation};
use crate::companion::form::Fields;
use crate::companion::media::{Media, essence, is_binary, is_media_type};
use crate::companion::style::Styles;
use crate::lower::first_sentence;
use crate::read::yaml::{Node, quoted};
use crate::template::is_name;

/// The longest description of a field, in characters.
const DESCRIPTION: usize = 200;

/// A body that is not JSON.
pub(super) enum Body {
    /// A form: its fields, whether it is `multipart/form-data`, and the optional fields that are left out, each with the reason.
    Form { fields: Vec<Field>, is_multipart: bool, left_out: Vec<(String, &'static str)> },
    /// Text or bytes of a media type.
    Whole(String),
}

/// A field of a form.
pub(super) struct Field {
    name: String,
    /// The name of its input, which is that of the field if nothing else has it.
    input: String,
    /// The word of the format, if there is one for the schema.
    kind: Option<&'static str>,
    description: Option<String>,
    required: bool,
    is_file: bool,
    /// The media type of the part.
    media_type: Option<String>,
}

impl Body {
    /// The body of an operation; `None` if it has no fields, and may be left out.
    ///
    /// # Errors
    /// If a capability cannot send it: why.
    pub(super) fn of(document: &Document<'_>, operation: &Operation<'_>) -> Result<Option<Self>, String> {
        let node = &operation.entry.value;
        if let Some(body) = node.get("requestBody").filter(|body| document.followed(body).is_none()) {
            return Err(format!("its body `{}` is not in the document", scalar(body, &["$ref"]).unwrap_or_default()));
        }
        let media = document.request_media(node, None);
        for (form, is_multipart) in [("multipart/form-data", true), ("application/x-www-form-urlencoded", false)] {
            if let Some(media) = media.iter().find(|media| essence(&media.name) == form) {
                let all: Fields<'_> =
                    media.schema.map(|schema| Fields::of_schema(document, schema)).unwrap_or_default();
                let fields = all.of.iter().map(|(name, value)| {
                    let encoding = media.encoding.and_then(|encoding| encoding.get(name));
                    let styles = encoding.map(Styles::of_field).unwrap_or_default();
                    let required = all.required.contains(name);
                    Field::of(document, name, value, required, is_multipart, encoding, &styles)
                });
                return Self::form(is_multipart, operation.needs_body, fields.collect());
            }
        }
        let parameters = document.form_parameters(node);
        if !parameters.is_empty() {
            let is_file = |node: &&Node| scalar(node, &["type"]).as_deref() == Some("file");
            let is_multipart = parameters.iter().any(is_file);
            let field = |node: &&Node| {
                let required = node.get("required").is_some_and(Node::is_true);
                let name = scalar(node, &["name"]).unwrap_or_default();
                Field::of(document, &name, node, required, is_multipart, None, &Styles::default())
            };
            return Self::form(is_multipart, operation.needs_body, parameters.iter().map(field).collect());
        }
        let can_be_sent = |media: &&Media<'_>| {
            let essence = essence(&media.name);
            !essence.starts_with("multipart/") && (!essence.contains('*') || media.is_binary())
        };
        match media.iter().find(can_be_sent).map(|media| essence(&media.name)) {
            Some(pattern) if pattern.contains('*') => Ok(Some(Self::Whole("application/octet-stream".to_owned()))),
            Some(media_type) => Ok(Some(Self::Whole(media_type))),
            None if media.is_empty() && !operation.needs_body => Ok(None),
            None => Err("its body is neither JSON, a form, text nor bytes".to_owned()),
        }
    }

    fn form(is_multipart: bool, is_needed: bool, fields: Vec<Result<Field, Unknown>>) -> Result<Option<Self>, String> {
        let mut left_out = Vec::new();
        let mut known = Vec::new();
        for field in fields {
            match field {
                Ok(field) => known.push(field),
                Err(Unknown { name, required: true, why }) => {
                    return Err(format!("its required field `{}` {why}", name.escape_debug()));
                }
                Err(Unknown { name, why, .. }) => left_out.push((name, why)),
            }
        }
        match (known.is_empty() && left_out.is_empty(), is_needed) {
            (true, true) => Err("its form has no fields that are described".to_owned()),
            (true, false) => Ok(None),
            (false, _) => Ok(Some(Self::Form { fields: known, is_multipart, left_out })),
        }
    }

    /// Gives the inputs of fields names that no parameter has.
    pub(super) fn name_inputs(&mut self, mut taken: BTreeSet<String>) {
        let Self::Form { fields, .. } = self else { return };
        let is_usual = |field: &Field, taken: &BTreeSet<String>| is_name(&field.name) && !taken.contains(&field.name);
        let own: BTreeSet<String> = fields.iter().map(|field| field.name.clone()).collect();
        for field in fields {
            if !is_usual(field, &taken) {
                let start = match slug(&field.name) {
                    slug if slug.is_empty() => "field".to_owned(),
                    slug => format!("field-{slug}"),
                };
                let mut names =
                    (1..).map(|number| if number == 1 { start.clone() } else { format!("{start}-{number}") });
                let unused = names.find(|name| !taken.contains(name) && !own.contains(name));
                field.input = unused.unwrap_or(start);
            }
            taken.insert(field.input.clone());
        }
    }

    /// The lines of the input parameters, each with its indentation. A body that is no form has this name.
    pub(super) fn inputs(&self, whole: &str, is_needed: bool) -> Vec<(usize, String)> {
        let Self::Form { fields, .. } = self else {
            let required = format!("required: {is_needed}");
            let lines =
                [(0, format!("- name: {whole}")), (2, "in: body".into()), (2, "type: string".into()), (2, required)];
            return lines.to_vec();
        };
        let mut lines = Vec::new();
        for field in fields {
            lines.push((0, format!("- name: {}", quoted(&field.input))));
            lines.push((2, "in: body".to_owned()));
            lines.extend(field.kind.map(|kind| (2, format!("type: {kind}"))));
            lines.extend(field.description.as_ref().map(|text| (2, format!("description: {}", quoted(text)))));
            lines.push((2, format!("required: {}", field.required)));
        }
        lines
    }

    /// The lines of the `body`, each with its indentation.
    pub(super) fn template(&self, whole: &str) -> Vec<(usize, String)> {
        let (kind, fields) = match self {
            Self::Whole(media_type) => {
                let data = format!("data: '{{{{{whole}}}}}'");
                let words = ["body:".to_owned(), format!("type: {}", quoted(media_type)), data];
                return words.into_iter().zip([0, 2, 2]).map(|(words, indent)| (indent, words)).collect();
            }
            Self::Form { fields, .. } if fields.is_empty() => return Vec::new(),
            Self::Form { fields, is_multipart: true, .. } => ("multipartForm", fields),
            Self::Form { fields, is_multipart: false, .. } => ("formUrlEncoded", fields),
        };
        let mut lines = vec![(0, "body:".to_owned()), (2, format!("type: {kind}")), (2, "data:".to_owned())];
        for field in fields {
            let (name, value) = (quoted(&field.name), quoted(&format!("{{{{{}}}}}", field.input)));
            if !field.is_file && field.media_type.is_none() {
                lines.push((4, format!("{name}: {value}")));
                continue;
            }
            lines.push((4, format!("{name}:")));
            lines.push((6, format!("value: {value}")));
            lines.extend(field.is_file.then(|| (6, format!("filename: {name}"))));
            lines.extend(field.media_type.as_ref().map(|kind| (6, format!("contentType: {}", quoted(kind)))));
        }
        lines
    }
}

impl Field {
    /// A field.
    ///
    /// # Errors
    /// Where no form of a capability can have it.
    fn of(
        document: &Document<'_>,
        name: &str,
        node: &Node,
        required: bool,
        is_multipart: bool,
        encoding: Option<&Node>,
        styles: &Styles,
    ) -> Result<Self, Unknown> {
        let unknown = |why| Unknown { name: name.to_owned(), required, why };
        let schema = document.followed(node).ok_or_else(|| unknown("has a schema that is not in the document"))?;
        let items = schema.get("items").and_then(|items| document.followed(items));
        let is_file = is_multipart && (is_binary(schema) || items.is_some_and(is_binary));
        let kind = match scalar(schema, &["type"]).as_deref() {
            Some("string" | "file") => Some("string"),
            Some("integer") => Some("integer"),
            Some("number") => Some("number"),
            Some("boolean") => Some("boolean"),
            Some("array") => Some("array"),
            Some("object") => Some("object"),
            _ => None,
        };
        // A form without parts has names and texts; a style says how an object becomes several of these.
        if !is_multipart && kind == Some("object") && styles.of_object.is_none() {
            return Err(unknown("is nested, and forms are not"));
        }
        if name.is_empty() || name.contains(['{', '}']) || name.contains(char::is_control) {
            return Err(unknown("has a name that forms cannot have"));
        }
        let declared = encoding.and_then(|encoding| scalar(encoding, &["contentType"]));
        let declared = declared.filter(|it| is_media_type(it) && !it.contains([',', '*']));
        let usual = match kind {
            _ if is_file => Some("application/octet-stream"),
            Some("object") => Some("application/json"),
            _ => None,
        };
        let description = scalar(node, &["description"]).or_else(|| scalar(schema, &["description"]));
        let description = description.map(|text| one_line(&text)).filter(|text| !text.is_empty());
        let in_base64 = "The bytes in Base64";
        let description = match (description, is_file) {
            (Some(text), true) if !text.contains(in_base64) => Some(format!("{text} ({in_base64})")),
            (None, true) => Some(in_base64.to_owned()),
            (description, _) => description,
        };
        let media_type = declared.or_else(|| usual.map(str::to_owned)).filter(|_| is_multipart);
        Ok(Self { input: name.to_owned(), name: name.to_owned(), kind, description, required, is_file, media_type })
    }
}

/// A field that no form of a capability can have.
struct Unknown {
    name: String,
    required: bool,
    why: &'static str,
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    first_sentence(&line).chars().take(DESCRIPTION).collect()
}
