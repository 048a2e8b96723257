//! JSON documents.

use bytes::Bytes;
use naftiko_schema::{BodyMember, BodyNode, Kind, ParameterId};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::argument::{Argument, scalar_text};
use crate::template::Values;

/// A document. `None` if it is a single argument that was left out.
pub(super) fn document(values: &Values<'_>, root: &BodyNode) -> Option<Bytes> {
    let mut json = Vec::new();
    let present = node(values, root, &mut json);
    match root {
        BodyNode::Object(_) if !present => Some(Bytes::from_static(b"{}")),
        _ => present.then(|| Bytes::from(json)),
    }
}

/// Writes a node as JSON. Returns false and writes nothing if the node is left out.
pub(super) fn node(values: &Values<'_>, node: &BodyNode, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let present = match node {
        BodyNode::Json(json) => {
            out.extend_from_slice(json.as_bytes());
            true
        }
        BodyNode::Parameter(id) => argument(values, *id, out),
        BodyNode::Bare(id) => bare(values, *id, out),
        BodyNode::Quoted(id) => quoted(values, *id, out),
        BodyNode::Text(template) => values.fill(template).map(|text| string(&text, out)).is_some(),
        BodyNode::Object(members) => object(values, members, out),
        BodyNode::Array(items) => {
            out.push(b'[');
            let first = out.len();
            for item in items.iter() {
                let before = separate(first, out);
                if !self::node(values, item, out) {
                    out.truncate(before);
                }
            }
            out.push(b']');
            true
        }
    };
    if !present {
        out.truncate(start);
    }
    present
}

fn object(values: &Values<'_>, members: &[BodyMember], out: &mut Vec<u8>) -> bool {
    out.push(b'{');
    let first = out.len();
    for member in members {
        let before = separate(first, out);
        let name = match &member.made {
            Some(template) => values.fill(template),
            None => Some(member.name.clone().into_owned()),
        };
        let present = name.is_some_and(|name| {
            string(&name, out);
            out.push(b':');
            node(values, &member.value, out)
        });
        if !present {
            out.truncate(before);
        }
    }
    let present = out.len() > first || members.is_empty();
    out.push(b'}');
    present
}

/// Writes a comma unless nothing was written since `first`. Returns where it was written.
fn separate(first: usize, out: &mut Vec<u8>) -> usize {
    let before = out.len();
    if before > first {
        out.push(b',');
    }
    before
}

fn argument(values: &Values<'_>, id: ParameterId, out: &mut Vec<u8>) -> bool {
    let kind = values.operation.parameter(id).map(|parameter| parameter.kind);
    match values.arguments.get(id) {
        Some(Argument::Json(json)) => out.extend_from_slice(json.trim_ascii()),
        // A whole number that came as 10.0 is written as 10, because many servers accept only that.
        Some(Argument::Value(value)) => match scalar_text(value).filter(|_| kind == Some(Kind::Integer)) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(value.to_string().as_bytes()),
        },
        // The arguments were checked, so parts of a body are never raw.
        Some(Argument::Raw(_)) | None => return false,
    }
    true
}

/// An argument without quotes: text that is JSON is inserted as it is, unless it is known of which type the value must be.
fn bare(values: &Values<'_>, id: ParameterId, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    if !argument(values, id, out) {
        return false;
    }
    let written = out.get(start..).filter(|json| json.starts_with(b"\"") && values.operation.request_schema.is_none());
    let text = written.and_then(|json| serde_json::from_slice::<String>(json).ok());
    if let Some(json) = text.as_deref().and_then(|text| serde_json::from_str::<&RawValue>(text).ok()) {
        out.truncate(start);
        out.extend_from_slice(json.get().as_bytes());
    }
    true
}

/// An argument in quotes: a number, a boolean or null of no declared type is text.
fn quoted(values: &Values<'_>, id: ParameterId, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    if !argument(values, id, out) {
        return false;
    }
    let is_typed = values.operation.parameter(id).is_some_and(|parameter| parameter.kind != Kind::Any);
    if !is_typed && !matches!(out.get(start), Some(b'"' | b'[' | b'{')) {
        let json = out.split_off(start);
        let text = String::from_utf8_lossy(&json);
        string(if text == "null" { "" } else { &text }, out);
    }
    true
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::from(text).to_string().as_bytes());
}
