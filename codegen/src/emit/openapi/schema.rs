//! What a caller may send: parameters and bodies, with schemas that say what the server's validator says.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use naftiko_schema::{Binding, CONFIGURED, Kind, Location, Parameter};

use super::components::Components;

/// A placeholder of a path, under its name there. It takes any text where it feeds no input.
pub(super) fn placeholder(name: &str, input: Option<&Parameter>, remark: Option<String>) -> Value {
    let about = input.map_or("Any text: nothing reads it.", |input| &input.description);
    let about: Vec<_> = [about].into_iter().chain(remark.as_deref()).filter(|text| !text.is_empty()).collect();
    let mut schema = match input.map(|input| input.kind) {
        Some(kind @ (Kind::Integer | Kind::Number | Kind::Boolean)) => of_kind(kind),
        _ => json!({"type": "string", "minLength": 1}),
    };
    add_rules(&mut schema, input);
    let mut parameter = json!({"name": name, "in": "path", "required": true});
    describe(&mut parameter, &about.join(" "));
    with(parameter, "schema", schema)
}

/// The parameters in query, header and cookie.
pub(super) fn parameters(inputs: &[Parameter]) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let outside = inputs
        .iter()
        .filter(|input| matches!(input.location, Location::Query | Location::Header | Location::Cookie))
        .filter(|input| {
            // What differs in case only is one header field.
            let header = input.location == Location::Header;
            let name = if header { input.name.to_ascii_lowercase() } else { input.name.to_string() };
            known.insert((input.location.as_str(), name))
        });
    outside.map(parameter).collect()
}

fn parameter(input: &Parameter) -> Value {
    let mut parameter = json!({"name": input.name, "in": input.location.as_str(), "required": is_required(input)});
    describe(&mut parameter, &input.description);
    configure(&mut parameter, input);
    let mut schema = match (input.kind, input.location) {
        (Kind::Any, _) | (Kind::Array, Location::Cookie) => json!({"type": "string"}),
        (Kind::Array, _) => json!({"type": "array", "items": {"type": "string"}}),
        (kind, _) => of_kind(kind),
    };
    add_rules(&mut schema, Some(input));
    match (input.kind, input.location) {
        // An object travels as JSON.
        (Kind::Object, _) => with(parameter, "content", json!({"application/json": {"schema": schema}})),
        (Kind::Array, Location::Query) => {
            with(with(with(parameter, "style", "form".into()), "explode", true.into()), "schema", schema)
        }
        _ => with(parameter, "schema", schema),
    }
}

/// The body, if there is one.
pub(super) fn body(binding: &Binding, schemas: &mut Components) -> Option<Value> {
    let inputs = binding.inputs();
    let whole = inputs.iter().find(|input| input.location == Location::Body);
    let fields: Vec<_> = inputs.iter().filter(|input| input.location == Location::Field).collect();
    if whole.is_none() && fields.is_empty() {
        return None;
    }
    let known = binding.target.request_schema().filter(|_| fields.is_empty() && binding.body_input().is_some());
    let known = known.and_then(|text| schemas.schema(text));
    // What is sent for a caller that leaves the body out lacks what its schema requires.
    let needed = known.as_ref().is_some_and(|known| schemas.requires(known)) && whole.is_some_and(|it| it.required);
    let mut schema = match (whole, known) {
        (Some(_), Some(known)) if needed => known,
        (Some(whole), Some(known)) => or_null(known, whole),
        (Some(whole), None) if fields.is_empty() => of_value(whole),
        _ => object(&fields, whole),
    };
    add_rules(&mut schema, whole);
    if let (true, Value::Object(schema)) = (needed, &mut schema) {
        schema.shift_remove("default");
    }
    let mut body = json!({"required": needed || whole.into_iter().chain(fields).any(is_required)});
    describe(&mut body, whole.map_or("", |whole| &whole.description));
    let content = with(json!({}), "application/json", with(json!({}), "schema", schema));
    Some(with(body, "content", content))
}

/// An object with these members, and others where an input takes the whole of it.
fn object(fields: &[&Parameter], whole: Option<&Parameter>) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of_value(field);
        describe(&mut schema, &field.description);
        add_rules(&mut schema, Some(field));
        configure(&mut schema, field);
        properties.entry(&*field.name).or_insert(schema);
    }
    let required: BTreeSet<_> = fields.iter().filter(|field| is_required(field)).map(|field| &field.name).collect();
    // Null means that the body is left out, which is valid only if nothing in it is required.
    let left_out = required.is_empty() && whole.is_some_and(|whole| whole.kind != Kind::Any && !is_required(whole));
    let mut schema = json!({"type": if left_out { json!(["object", "null"]) } else { json!("object") }});
    schema = with(schema, "properties", properties.into());
    if !required.is_empty() {
        schema = with(schema, "required", json!(required));
    }
    if whole.is_some() { schema } else { with(schema, "additionalProperties", false.into()) }
}

/// The value of a body or of one of its members.
fn of_value(input: &Parameter) -> Value {
    or_null(of_kind(input.kind), input)
}

/// The schema of an input that may be null, which means that it is left out.
fn or_null(mut schema: Value, input: &Parameter) -> Value {
    if is_required(input) {
        return schema;
    }
    if schema.get("$ref").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    if let Some(kind @ Value::String(_)) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    schema
}

/// The schema of a type.
pub(crate) fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::String => json!({"type": "string"}),
        Kind::Integer => json!({"type": "integer", "format": "int64"}),
        Kind::Number => json!({"type": "number", "format": "double"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Array => json!({"type": "array", "items": {}}),
        Kind::Object => json!({"type": "object"}),
        Kind::Any => json!({}),
    }
}

/// The server sends the default upstream for a caller that leaves the input out, so such an input is optional.
fn is_required(input: &Parameter) -> bool {
    input.required && input.default.is_none()
}

/// What the schema says of values beside their type: rules, and the default.
fn add_rules(schema: &mut Value, input: Option<&Parameter>) {
    if let (Some(input), Value::Object(schema)) = (input, &mut *schema) {
        schema.extend(input.rules.keywords());
    }
    let default = input.and_then(|input| serde_json::from_str(input.default.as_deref()?).ok());
    if let (Some(default), Value::Object(schema)) = (default, schema) {
        schema.insert("default".to_owned(), default);
    }
}

/// Names the environment variable of the server that may have the value.
fn configure(value: &mut Value, input: &Parameter) {
    if let (Value::Object(members), Some(variable)) = (value, &input.configured) {
        members.insert(CONFIGURED.to_owned(), json!({"env": variable}));
    }
}

pub(crate) fn describe(value: &mut Value, description: &str) {
    if let (Value::Object(members), false) = (value, description.is_empty()) {
        members.insert("description".to_owned(), description.into());
    }
}

/// The object with one more member. The macro would copy the value.
pub(crate) fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(name.to_owned(), value);
    }
    object
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Method, Operation, OperationId, RetrySafety, calls};

    use super::*;

    const SCHEMA: &str =
        r##"{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {}}}"##;

    const fn operation(schema: &'static str) -> Operation {
        Operation::new(OperationId(0), "create", Method::Post, RetrySafety::Never)
            .request_schema(schema)
            .parameters(const { &[Parameter::new("body", Location::Body, Kind::Object).required().default("{}")] })
    }

    static NEEDED: Operation = operation(SCHEMA);
    static EMPTY: Operation = operation(r#"{"type": "object", "properties": {"a": {}}}"#);

    fn described(operation: &'static Operation) -> Value {
        let mut components = Components::new(&mut json!({}));
        body(&Binding::new(calls(operation)), &mut components).unwrap_or_default()
    }

    #[test]
    fn body_whose_default_lacks_required_members_is_required() {
        let schema = json!({
            "type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}},
        });
        let content = json!({"application/json": {"schema": schema}});
        assert_eq!(described(&NEEDED), json!({"required": true, "content": content}));
        let schema = json!({"type": ["object", "null"], "properties": {"a": {}}, "default": {}});
        let content = json!({"application/json": {"schema": schema}});
        assert_eq!(described(&EMPTY), json!({"required": false, "content": content}));
    }
}
