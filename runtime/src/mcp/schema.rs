//! The input schema of a tool, made from the same parameters that the validator reads.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::operation::{Kind, Location, Parameter};
use crate::paging::rank;

/// A flat object schema. Models and clients differ in what they take, so it uses the keywords that all of them know.
pub(super) fn input_schema(inputs: &[Parameter]) -> JsonObject {
    let mut properties = JsonObject::new();
    let mut required = Vec::new();
    for input in inputs {
        properties.insert(input.name.to_owned(), property(input));
        if input.required && input.default.is_none() {
            required.push(Value::from(input.name));
        }
    }
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// Parameters that say where a request belongs: few values, none of them a secret.
const ROUTING: &[&str] = &["region", "zone", "location", "datacenter", "cluster", "environment"];

/// The header in which a client of MCP 2026-07-28 repeats an argument, for whatever routes requests without reading them.
fn header(input: &Parameter) -> Option<String> {
    let fits = input.kind == Kind::String && input.required && rank(input.name, ROUTING).is_some();
    let mut letters = input.name.chars().filter(char::is_ascii_alphanumeric);
    let first = letters.next().filter(|_| fits)?;
    Some(std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
}

fn property(input: &Parameter) -> Value {
    let mut schema = match input.kind {
        Kind::String => json!({"type": "string"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Object => json!({"type": "object"}),
        Kind::Array if matches!(input.location, Location::Body | Location::Field) => {
            json!({"type": "array", "items": {}})
        }
        Kind::Array => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Any => json!({}),
    };
    if let Value::Object(schema) = &mut schema {
        if let Some(Value::Object(rules)) = input.rules.and_then(|json| serde_json::from_str(json).ok()) {
            schema.extend(rules);
        }
        if !input.description.is_empty() {
            schema.insert("description".to_owned(), input.description.into());
        }
        if let Some(default) = input.default.and_then(|json| serde_json::from_str(json).ok()) {
            schema.insert("default".to_owned(), default);
        }
        if let Some(header) = header(input) {
            schema.insert("x-mcp-header".to_owned(), header.into());
        }
    }
    schema
}
