//! The schemas of a tool. That of its inputs is built from the parameters that the validator uses.

use naftiko_client::__private::{Defaults, Schema, rank};
use naftiko_schema::{Binding, Kind, Location, Parameter, Tool};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::about::about;
use super::choices::OutputSchemas;
use super::shape;

/// How long the schema of a tool's inputs may be because of its body, in bytes.
const BUDGET: usize = 8 << 10;

/// The keyword of MCP 2026-07-28 for an input that clients repeat in a header field.
pub(super) const HEADER: &str = "x-mcp-header";

/// What a tool takes and returns, as clients see it.
pub(super) struct Schemas {
    pub(super) input: JsonObject,
    pub(super) output: Option<JsonObject>,
    /// Whether members or values were left out, which are in the resource with the whole schemas.
    pub(super) is_cut: bool,
}

/// The URI of the resource with the whole schemas of a tool.
pub(super) fn source(tool: &Tool) -> String {
    format!("schema://{}", tool.name)
}

/// What a tool takes: an object of its inputs, in which a body has its members where they are known. It uses only keywords that
/// all models and clients support, and [`HEADER`]. And what it returns, if that is known.
pub(super) fn schemas(tool: &Tool, output: OutputSchemas, defaults: &Defaults) -> Schemas {
    let source = source(tool);
    let (mut input, is_input_cut) = input_schema(tool, &source, defaults);
    if tool.open {
        input.insert("additionalProperties".to_owned(), true.into());
    }
    let output = match (output, whole_output(&tool.binding)) {
        (OutputSchemas::Off, _) | (_, None) => None,
        (OutputSchemas::Shape, Some(whole)) => shape::output(whole, &source),
        (OutputSchemas::Full, Some(whole)) => shape::full(whole),
    };
    let is_output_cut = output.as_ref().is_some_and(|output| output.is_cut);
    Schemas { input, output: output.map(|output| output.schema), is_cut: is_input_cut || is_output_cut }
}

/// The schema of the body that a tool takes, if it is known.
pub(super) fn whole_body(binding: &Binding) -> Option<&str> {
    binding.body_input().and_then(|_| binding.target.request_schema())
}

/// The schema of what a tool returns, if it is known.
pub(super) fn whole_output(binding: &Binding) -> Option<&str> {
    binding.response_schema().filter(|_| binding.format().is_json() && !binding.target.is_bodiless())
}

/// The schema of inputs, and whether something was left out.
fn input_schema(tool: &Tool, source: &str, defaults: &Defaults) -> (JsonObject, bool) {
    let binding = &tool.binding;
    let mut schema = flat(tool, defaults);
    let body = binding.body_input().and_then(|id| binding.inputs().get(id.index()));
    let (Some(body), Some(text)) = (body, whole_body(binding)) else { return (schema, false) };
    let budget = BUDGET.saturating_sub(Value::Object(schema.clone()).to_string().len());
    let about = about(&body.description, &[&body.name, &tool.name]).unwrap_or_default();
    let shown = shape::input(text, budget, &about, source);
    let is_cut = shown.as_ref().is_none_or(|shown| shown.is_cut);
    if let Some(shown) = shown
        && let Some(property) = schema.get_mut("properties").and_then(|properties| properties.get_mut(&*body.name))
        && let Some(property) = property.as_object_mut()
    {
        let default = property.remove("default");
        *property = shown.schema;
        configure_members(property, text, defaults);
        property.extend(body.rules.keywords());
        if !property.contains_key("required") {
            property.extend(default.map(|default| ("default".to_owned(), default)));
        } else if body.required && body.default.is_some() {
            require(&mut schema, &body.name);
        }
    }
    (schema, is_cut)
}

/// Says which members of a body have values when they are left out.
fn configure_members(body: &mut JsonObject, schema: &str, defaults: &Defaults) {
    for member in Schema::of(schema).configured() {
        let Some(value) = defaults.value(member) else { continue };
        if let Some(Value::Array(required)) = body.get_mut("required") {
            required.retain(|name| *name != *member.name);
        }
        let members = body.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(property) = members.and_then(|members| members.get_mut(&*member.name)?.as_object_mut()) {
            configure(property, value);
        }
    }
    if body.get("required").is_some_and(|required| *required == json!([])) {
        body.remove("required");
    }
}

/// Says what a value is when it is left out.
fn configure(property: &mut JsonObject, value: Value) {
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{description} (default: {shown})").trim_start().to_owned();
    property.insert("description".to_owned(), description.into());
    property.insert("default".to_owned(), value);
}

/// An input whose default lacks members that are required has to be sent.
fn require(schema: &mut JsonObject, name: &str) {
    let required = schema.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(required) = required {
        required.push(name.into());
    }
}

fn flat(tool: &Tool, defaults: &Defaults) -> JsonObject {
    let mut properties = JsonObject::new();
    let mut required = Vec::new();
    for input in tool.binding.inputs() {
        let mut property = property(input, &tool.name);
        let configured = defaults.value(input);
        let is_optional = configured.is_some();
        if let Some(header) = header(input).filter(|_| !is_optional) {
            property.insert(HEADER.to_owned(), header.into());
        }
        if let Some(value) = configured {
            configure(&mut property, value);
        } else if input.required && input.default.is_none() {
            required.push(Value::from(&*input.name));
        }
        properties.insert(input.name.to_string(), property.into());
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

/// Parameters that determine where a request is routed. They have few values and are never secret.
const ROUTING: &[&str] = &["region", "zone", "location", "datacenter", "cluster", "environment"];

/// The header in which a client of MCP 2026-07-28 repeats an argument, for proxies that route without reading the body.
fn header(input: &Parameter) -> Option<String> {
    let fits = input.kind == Kind::String && input.required && rank(&input.name, ROUTING).is_some();
    let mut letters = input.name.chars().filter(char::is_ascii_alphanumeric);
    let first = letters.next().filter(|_| fits)?;
    Some(std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
}

/// An input, described unless the text says only what its name and that of the tool say.
fn property(input: &Parameter, tool: &str) -> JsonObject {
    let schema = match input.kind {
        Kind::String => json!({"type": "string"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        // Some clients reject an object schema that does not say what the object holds.
        Kind::Object => json!({"type": "object", "properties": {}, "additionalProperties": true}),
        Kind::Array if matches!(input.location, Location::Body | Location::Field) => {
            json!({"type": "array", "items": {}})
        }
        Kind::Array => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Any => json!({}),
    };
    let mut schema = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    schema.extend(input.rules.keywords());
    if let Some(about) = about(&input.description, &[&input.name, tool]) {
        schema.insert("description".to_owned(), about.into());
    }
    if let Some(default) = input.default.as_deref().and_then(|json| serde_json::from_str(json).ok()) {
        schema.insert("default".to_owned(), default);
    }
    schema
}
