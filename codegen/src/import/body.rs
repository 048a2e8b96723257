//! Bodies of imported operations that are not JSON: forms and bytes.

use std::collections::BTreeSet;

use super::scalar;
use crate::companion::document::{Document, Operation, entries};
use crate::lower::first_sentence;
use crate::read::yaml::{Node, quoted};
use crate::template::is_name;

/// The longest description of a field, in characters.
const DESCRIPTION: usize = 200;

/// A body that is not JSON.
pub(super) enum Body {
    /// A form: its fields, whether it is `multipart/form-data`, and the names of optional fields that are left out.
    Form { fields: Vec<Field>, is_multipart: bool, left_out: Vec<String> },
    /// Bytes of a media type.
    Bytes(String),
}

/// A field of a form.
pub(super) struct Field {
    pub(super) name: String,
    /// The word of the format, if there is one for the schema.
    kind: Option<&'static str>,
    description: Option<String>,
    required: bool,
    is_file: bool,
    /// The media type of the part.
    media_type: Option<String>,
}

impl Body {
    /// The body of an operation.
    ///
    /// # Errors
    /// If a capability cannot send it: why.
    pub(super) fn of(document: &Document<'_>, operation: &Operation<'_>) -> Result<Self, String> {
        let node = &operation.entry.value;
        let content = document.request_content(node);
        let find = |wanted: &str| content.iter().find(|entry| essence(&entry.key) == wanted);
        let form = |is_multipart: bool, schema: Option<&Node>, encoding: Option<&Node>| {
            let schema = schema.and_then(|schema| document.followed(schema));
            let required: BTreeSet<String> = schema
                .map(|schema| super::values(schema, "required").iter().filter_map(Node::scalar_text).collect())
                .unwrap_or_default();
            let properties = schema.and_then(|schema| schema.get("properties")).map(entries).unwrap_or_default();
            let fields = properties.iter().map(|entry| {
                let (name, encoding) = (&entry.key, encoding.and_then(|encoding| encoding.get(&entry.key)));
                Field::of(document, name, &entry.value, required.contains(name), is_multipart, encoding)
            });
            Self::form(is_multipart, fields.collect())
        };
        for (media_type, is_multipart) in [("multipart/form-data", true), ("application/x-www-form-urlencoded", false)]
        {
            if let Some(entry) = find(media_type) {
                return form(is_multipart, entry.value.get("schema"), entry.value.get("encoding"));
            }
        }
        let parameters = document.form_parameters(node);
        if !parameters.is_empty() {
            let is_file = |node: &&Node| scalar(node, &["type"]).as_deref() == Some("file");
            let is_multipart = parameters.iter().any(is_file);
            let field = |node: &&Node| {
                let required = node.get("required").is_some_and(Node::is_true);
                let name = scalar(node, &["name"]).unwrap_or_default();
                Field::of(document, &name, node, required, is_multipart, None)
            };
            return Self::form(is_multipart, parameters.iter().map(field).collect());
        }
        let is_bytes = |media_type: &str| {
            let kind = media_type.split('/').next().unwrap_or_default();
            media_type == "application/octet-stream"
                || matches!(kind, "image" | "audio" | "video") && !media_type.contains('*')
        };
        match content.iter().map(|entry| essence(&entry.key)).find(|media_type| is_bytes(media_type)) {
            Some(media_type) => Ok(Self::Bytes(media_type)),
            None => Err("its body is neither JSON nor a form".to_owned()),
        }
    }

    fn form(is_multipart: bool, fields: Vec<Result<Field, (String, bool)>>) -> Result<Self, String> {
        let mut left_out = Vec::new();
        let mut known = Vec::new();
        for field in fields {
            match field {
                Ok(field) => known.push(field),
                Err((name, true)) => return Err(format!("its required field `{name}` is nested, and forms are not")),
                Err((name, false)) => left_out.push(name),
            }
        }
        if known.is_empty() && left_out.is_empty() {
            return Err("its form has no fields that are described".to_owned());
        }
        Ok(Self::Form { fields: known, is_multipart, left_out })
    }

    /// The names of its fields.
    pub(super) fn names(&self) -> Vec<&String> {
        match self {
            Self::Form { fields, .. } => fields.iter().map(|field| &field.name).collect(),
            Self::Bytes(_) => Vec::new(),
        }
    }

    /// The lines of the input parameters, each with its indentation.
    pub(super) fn inputs(&self) -> Vec<(usize, String)> {
        let Self::Form { fields, .. } = self else {
            let lines = [(0, "- name: body"), (2, "in: body"), (2, "type: string"), (2, "required: true")];
            return lines.map(|(indent, words)| (indent, words.to_owned())).to_vec();
        };
        let mut lines = Vec::new();
        for field in fields {
            lines.push((0, format!("- name: {}", quoted(&field.name))));
            lines.push((2, "in: body".to_owned()));
            lines.extend(field.kind.map(|kind| (2, format!("type: {kind}"))));
            lines.extend(field.description.as_ref().map(|text| (2, format!("description: {}", quoted(text)))));
            lines.push((2, format!("required: {}", field.required)));
        }
        lines
    }

    /// The lines of the `body`, each with its indentation.
    pub(super) fn template(&self) -> Vec<(usize, String)> {
        let (kind, fields) = match self {
            Self::Bytes(media_type) => {
                let words = ["body:".to_owned(), format!("type: {media_type}"), "data: '{{body}}'".to_owned()];
                return words.into_iter().zip([0, 2, 2]).map(|(words, indent)| (indent, words)).collect();
            }
            Self::Form { fields, .. } if fields.is_empty() => return Vec::new(),
            Self::Form { fields, is_multipart: true, .. } => ("multipartForm", fields),
            Self::Form { fields, is_multipart: false, .. } => ("formUrlEncoded", fields),
        };
        let mut lines = vec![(0, "body:".to_owned()), (2, format!("type: {kind}")), (2, "data:".to_owned())];
        for field in fields {
            let (name, value) = (quoted(&field.name), quoted(&format!("{{{{{}}}}}", field.name)));
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
    /// A field; as an error its name and whether it is required, where no form of a capability can have it.
    fn of(
        document: &Document<'_>,
        name: &str,
        node: &Node,
        required: bool,
        is_multipart: bool,
        encoding: Option<&Node>,
    ) -> Result<Self, (String, bool)> {
        let unknown = || (name.to_owned(), required);
        let schema = document.followed(node).ok_or_else(unknown)?;
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
        // A form without parts has names and texts; brackets in names are a matter of each API.
        let is_nested = encoding.and_then(|encoding| scalar(encoding, &["style"])).as_deref() == Some("deepObject");
        if !is_name(name) || (!is_multipart && (is_nested || kind == Some("object"))) {
            return Err(unknown());
        }
        let declared = encoding.and_then(|encoding| scalar(encoding, &["contentType"]));
        let declared = declared.filter(|media_type| !media_type.contains([',', '*']));
        let usual = match kind {
            _ if is_file => Some("application/octet-stream"),
            Some("object") => Some("application/json"),
            _ => None,
        };
        let description = scalar(node, &["description"]).or_else(|| scalar(schema, &["description"]));
        let description = description.map(|text| one_line(&text)).filter(|text| !text.is_empty());
        let in_base64 = "The bytes in Base64";
        let description = match (description, is_file) {
            (Some(text), true) => Some(format!("{text} ({in_base64})")),
            (None, true) => Some(in_base64.to_owned()),
            (description, false) => description,
        };
        let media_type = declared.or_else(|| usual.map(str::to_owned)).filter(|_| is_multipart);
        Ok(Self { name: name.to_owned(), kind, description, required, is_file, media_type })
    }
}

/// Whether a schema is of bytes (OpenAPI 3.1, "Considerations for File Uploads").
fn is_binary(schema: &Node) -> bool {
    let text = |key: &str| scalar(schema, &[key]);
    text("type").as_deref() == Some("file")
        || text("format").as_deref() == Some("binary")
        || (text("contentMediaType").is_some() && text("contentEncoding").is_none())
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    first_sentence(&line).chars().take(DESCRIPTION).collect()
}
