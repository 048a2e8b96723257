//! Documents made from a JSON Schema: one that fits it, and its variants.

use serde_json::{Map, Value, json};

/// How deep a document is, at most.
const MAX_DEPTH: usize = 6;

/// What a schema says, without null and behind references.
fn plain<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return found.map_or(&Value::Null, |found| plain(found, root));
    }
    let mut variants = schema["anyOf"].as_array().into_iter().flatten();
    match variants.find(|variant| variant["type"] != "null") {
        Some(variant) => plain(variant, root),
        None => schema,
    }
}

fn member<'s>(schema: &'s Value, name: &str) -> &'s Value {
    schema["properties"].get(name).unwrap_or(&Value::Null)
}

fn may_be_null(schema: &Value, root: &Value) -> bool {
    let found = schema["$ref"].as_str().and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    let is_null = |value: &Value| value == "null" || value.is_null() || value["type"] == "null";
    found.is_some_and(|found| may_be_null(found, root))
        || ["anyOf", "type", "enum"]
            .iter()
            .any(|key| schema[*key].as_array().is_some_and(|all| all.iter().any(is_null)))
}

fn kind(schema: &Value) -> &str {
    let first = |kinds: &'_ Value| {
        kinds.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null").map(str::to_owned)
    };
    match schema["type"].as_str() {
        Some(kind) => kind,
        None => match first(&schema["type"]).as_deref() {
            Some("string") => "string",
            Some("integer") => "integer",
            Some("number") => "number",
            Some("boolean") => "boolean",
            Some("array") => "array",
            Some("object") => "object",
            _ => "any",
        },
    }
}

/// A document with every member.
#[must_use]
pub fn sample(schema: &Value) -> Value {
    sample_at(schema, schema, 0)
}

fn sample_at(schema: &Value, root: &Value, depth: usize) -> Value {
    let schema = plain(schema, root);
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().find(|value| !value.is_null()).cloned().unwrap_or_default();
    }
    match kind(schema) {
        "string" => match schema["format"].as_str() {
            Some("uuid") => json!("6b9f7a2c-0d1e-4f3a-9b8c-7d6e5f4a3b2c"),
            Some("date-time") => json!("2026-01-02T03:04:05Z"),
            Some("byte") => json!("aGVsbG8="),
            // The only texts with a pattern are durations.
            _ if schema["pattern"].is_string() => json!("1800s"),
            _ => json!("text"),
        },
        "integer" | "number" => schema["minimum"].as_i64().filter(|least| *least > 1).unwrap_or(1).into(),
        "boolean" => json!(true),
        "array" if depth < MAX_DEPTH => json!([sample_at(&schema["items"], root, depth + 1)]),
        "array" => json!([]),
        "object" => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members = members.filter(|_| depth < MAX_DEPTH);
            members
                .map(|(name, member)| (name.clone(), sample_at(member, root, depth + 1)))
                .collect::<Map<_, _>>()
                .into()
        }
        _ => json!("anything"),
    }
}

/// The required members of an object, and of those that are objects the same.
#[must_use]
pub fn least(schema: &Value) -> Map<String, Value> {
    let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = |of: &Value| if of["properties"].is_object() { least(of).into() } else { sample(of) };
    names.map(|name| (name.to_owned(), value(member(schema, name)))).collect()
}

/// The places of a document with their schemas, from the root down.
fn places(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), document, schema)];
    while let Some((pointer, document, of)) = open.pop() {
        found.push((pointer.clone(), of.clone()));
        let of = plain(of, schema);
        match document {
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, value)| (format!("{pointer}/{name}"), value, member(of, name))))
            }
            Value::Array(items) => open.extend(
                items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item, &of["items"])),
            ),
            _ => {}
        }
    }
    found
}

fn with(document: &Value, pointer: &str, mut value: Value) -> Value {
    let mut document = document.clone();
    document.pointer_mut(pointer).into_iter().for_each(|place| *place = value.take());
    document
}

fn without(document: &Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let mut document = document.clone();
    document.pointer_mut(parent)?.as_object_mut()?.remove(name)?;
    Some(document)
}

fn is_enum(schema: &Value, root: &Value) -> bool {
    let schema = plain(schema, root);
    schema["enum"].is_array() && kind(schema) != "boolean"
}

/// What an upstream may send tomorrow: each place null, each member missing, each enum with another value, each object with
/// another member, and all of each kind at once.
#[must_use]
pub fn drifted(document: &Value, schema: &Value) -> Vec<Value> {
    let mut all = vec![document.clone(), json!({})];
    let mut unseen = document.clone();
    let mut nulls = document.clone();
    let mut longer = document.clone();
    for (pointer, of) in places(document, schema) {
        if !pointer.is_empty() {
            all.push(with(document, &pointer, Value::Null));
            all.extend(without(document, &pointer));
        }
        if pointer.matches('/').count() == 1 {
            nulls = with(&nulls, &pointer, Value::Null);
        }
        if is_enum(&of, schema) {
            all.push(with(document, &pointer, json!("unseen")));
            unseen = with(&unseen, &pointer, json!("unseen"));
        }
        if let Some(object) = document.pointer(&pointer).and_then(Value::as_object) {
            let mut object = object.clone();
            object.insert("unseen".to_owned(), json!({"deep": [1, null]}));
            all.push(with(document, &pointer, object.into()));
            if let Some(object) = longer.pointer_mut(&pointer).and_then(Value::as_object_mut) {
                object.insert("unseen".to_owned(), json!({"deep": [1, null]}));
            }
        }
    }
    all.extend([unseen, nulls, longer]);
    all
}

/// What an upstream may send by mistake: each place with a value of another kind, such as a number as text.
#[must_use]
pub fn mistyped(document: &Value, schema: &Value) -> Vec<Value> {
    let other = |value: &Value| if value.is_string() { json!(7) } else { json!(value.to_string()) };
    let places = places(document, schema).into_iter().map(|(pointer, _)| pointer);
    places.map(|pointer| with(document, &pointer, document.pointer(&pointer).map(other).unwrap_or_default())).collect()
}

/// Bodies with one mistake each, and its place.
#[must_use]
pub fn wrong(document: &Value, schema: &Value) -> Vec<(Value, String)> {
    let mut all = Vec::new();
    for (pointer, of) in places(document, schema) {
        let found = plain(&of, schema);
        let other = match kind(found) {
            "string" => json!(7),
            "any" => continue,
            _ => json!("text"),
        };
        all.push((with(document, &pointer, other), pointer.clone()));
        if is_enum(&of, schema) {
            all.push((with(document, &pointer, json!("unseen")), pointer.clone()));
        }
        // A body that is null is one that is left out.
        if !pointer.is_empty() && !may_be_null(&of, schema) {
            all.push((with(document, &pointer, Value::Null), pointer.clone()));
        }
        for name in found["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let member = format!("{pointer}/{name}");
            all.extend(without(document, &member).map(|document| (document, member)));
        }
        if let Some(object) =
            document.pointer(&pointer).and_then(Value::as_object).filter(|_| found["additionalProperties"] == false)
        {
            let mut object = object.clone();
            object.insert("misspelt".to_owned(), json!(1));
            all.push((with(document, &pointer, object.into()), format!("{pointer}/misspelt")));
        }
    }
    all
}

/// Bodies that say different things about their members: set, null, absent, and empty where they are lists.
#[must_use]
pub fn meant(document: &Value, schema: &Value) -> Vec<Value> {
    let mut all = vec![document.clone()];
    for (pointer, of) in places(document, schema) {
        let found = plain(&of, schema);
        if !pointer.is_empty() && may_be_null(&of, schema) {
            all.push(with(document, &pointer, Value::Null));
        }
        if kind(found) == "array" && found["minItems"].as_u64().is_none_or(|least| least == 0) {
            all.push(with(document, &pointer, json!([])));
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        let parent = places(document, schema).into_iter().find(|(known, _)| known == parent);
        let required = parent.map(|(_, of)| plain(&of, schema)["required"].clone()).unwrap_or_default();
        if !required.as_array().is_some_and(|names| names.iter().any(|known| known == name)) {
            all.extend(without(document, &pointer));
        }
    }
    all
}
