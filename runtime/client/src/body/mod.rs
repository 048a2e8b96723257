//! Builds request bodies from several arguments and fixed text. Each kind of body has a module.

mod escape;
mod form;
mod json;
mod multipart;
mod text;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use naftiko_schema::{Body, BodyContent, BodyNode, TemplatePart};
use serde_json::value::RawValue;

use crate::argument::{Violation, json_text};
use crate::template::Values;

/// A body that was built, and its media type.
pub(crate) struct Built {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// Builds a body. `None` if it is a single argument that was left out.
pub(crate) fn build(values: &Values<'_>, body: &Body) -> Result<Option<Built>, Violation> {
    let mut media_type = body.media_type.clone().into_owned();
    let bytes = match &body.content {
        BodyContent::Json(root) => json::document(values, root),
        BodyContent::Form(pairs) => Some(form::pairs(values, pairs).into()),
        BodyContent::Multipart(parts) => {
            let (boundary, bytes) = multipart::parts(values, parts);
            media_type = format!("{media_type}; boundary={boundary}");
            Some(bytes.into())
        }
        // One value is the whole body, which is left out with it.
        BodyContent::Text(template)
            if matches!(&*template.parts, [TemplatePart::Parameter(_)]) && values.fill(template).is_none() =>
        {
            None
        }
        BodyContent::Text(template) => {
            let text = text::text(values, template, &media_type)?;
            // Without it, text of this type is ASCII (RFC 6657 §4).
            if media_type == "text/plain" && !text.is_ascii() {
                media_type.push_str("; charset=utf-8");
            }
            Some(text.into())
        }
        BodyContent::Bytes(template) => values.fill(template).map(|text| decoded(text).into()),
    };
    Ok(bytes.map(|bytes| Built { media_type, bytes }))
}

/// Whether a node is there, and not left out.
pub(crate) fn has(values: &Values<'_>, node: &BodyNode) -> bool {
    json::node(values, node, &mut Vec::new())
}

/// The texts of a value in a form: one for each item of an array, none for null or what is left out.
fn texts(values: &Values<'_>, node: &BodyNode) -> Vec<String> {
    let mut json = Vec::new();
    if !json::node(values, node, &mut json) {
        return Vec::new();
    }
    let text = |json: &[u8]| (json.trim_ascii() != b"null").then(|| json_text(json));
    match serde_json::from_slice::<Vec<&RawValue>>(&json) {
        Ok(items) => items.iter().filter_map(|item| text(item.get().as_bytes())).collect(),
        Err(_) => text(&json).into_iter().collect(),
    }
}

/// The bytes of a text that is Base64 (RFC 4648 §4), and otherwise those of the text itself.
fn decoded(text: String) -> Vec<u8> {
    STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes())
}

#[cfg(test)]
mod tests;
