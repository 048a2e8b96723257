use serde_json::{Map, Value, json};

use super::output::BUDGET;
use super::*;

fn shown(schema: &Value, budget: usize) -> Value {
    input(&schema.to_string(), budget, "", "schema://t").map_or(Value::Null, |shown| shown.schema.into())
}

/// Whether a schema has only what models and clients take.
fn is_portable(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().all(|(name, value)| match name.as_str() {
            "$ref" | "$defs" | "nullable" => false,
            "type" => value.is_string(),
            "properties" => value.as_object().is_some_and(|members| members.values().all(is_portable)),
            "enum" => true,
            _ => is_portable(value),
        }),
        Value::Array(items) => items.iter().all(is_portable),
        _ => true,
    }
}

#[test]
fn levels_are_left_out_from_the_deepest_up() {
    let members: Map<_, _> = (0..20).map(|n| (format!("m{n}"), json!({"type": "string"}))).collect();
    let inner = json!({"type": "object", "properties": members});
    let properties = json!({"optional_and_with_a_name_that_takes_more_room_than_a_note_about_it": {"type": "integer"}, "deep": inner});
    let schema = json!({"type": "object", "required": ["deep"], "properties": properties});
    assert_eq!(shown(&schema, 1000)["properties"]["deep"]["properties"]["m19"], json!({"type": "string"}));
    let deep = json!({
        "type": "object", "properties": {}, "additionalProperties": true, "description": "(20 more members, see resource schema://t)",
    });
    let mut cut = schema.clone();
    cut["properties"]["deep"] = deep.clone();
    assert_eq!(shown(&schema, 330), cut);
    let needed = json!({
        "type": "object", "required": ["deep"], "properties": {"deep": deep},
        "description": "(1 more members, see resource schema://t)",
    });
    assert_eq!(shown(&schema, needed.to_string().len()), needed, "what is needed stays");
    assert_eq!(shown(&schema, 20), Value::Null);
}

#[test]
fn documents_that_contain_each_other_fit() {
    // Every definition has all of them as members, as those of health records do.
    let names: Vec<_> = (0..100).map(|number| format!("D{number}")).collect();
    let members: Map<_, _> =
        names.iter().map(|name| (name.clone(), json!({"$ref": format!("#/$defs/{name}")}))).collect();
    let definition = json!({"type": "object", "properties": members, "description": "One of many. It has others."});
    let definitions: Map<_, _> = names.iter().map(|name| (name.clone(), definition.clone())).collect();
    let schema = json!({"$ref": "#/$defs/D0", "$defs": definitions});
    let start = std::time::Instant::now();
    for budget in [500, 2 << 10, 8 << 10, 64 << 10] {
        let shown = shown(&schema, budget);
        let length = shown.to_string().len();
        assert!(length <= budget && length > 300 && is_portable(&shown), "{length} of {budget}: {shown}");
    }
    let output = output(&schema.to_string(), "schema://t").expect("a shape");
    assert!(output.is_cut && Value::Object(output.schema).to_string().len() <= BUDGET);
    assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
}

#[test]
fn values_of_several_kinds_are_portable() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": ["string", "null"], "enum": ["x", null], "description": "One.\nTwo."},
        "b": {"type": ["string", "integer"]},
        "c": {"anyOf": [{"$ref": "#/$defs/C"}, {"type": "array", "items": {"type": "string", "format": "byte"}}]},
        "d": {"type": "object", "additionalProperties": {"type": "string"}},
        "e": {"type": "integer", "format": "uint32", "minimum": 0},
        "f": {},
    }, "$defs": {"C": {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}}}}});
    let shown = shown(&schema, 2000);
    assert!(is_portable(&shown), "{shown}");
    assert_eq!(
        shown["properties"],
        json!({
            "a": {"anyOf": [{"enum": ["x"], "type": "string"}, {"type": "null"}], "description": "One."},
            "b": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "c": {"anyOf": [
                {"type": "object", "properties": {"c": {
                    "type": "object", "properties": {}, "additionalProperties": true,
                    "description": "(1 members, as above)",
                }}},
                {"type": "array", "items": {"type": "string", "description": "(base64)"}},
            ]},
            "d": {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
            "e": {"type": "integer", "minimum": 0},
            "f": {},
        })
    );
}

#[test]
fn members_that_exclude_each_other_are_named() {
    let schema = json!({"type": "object", "properties": {"a": {}, "b": {}}, "x-naftiko-alternatives": [["a", "b"]]});
    assert_eq!(shown(&schema, 500)["description"], "(at most one of a, b)");
}

#[test]
fn shapes_of_outputs_say_kinds_and_allow_every_value() {
    let leaf = |kind: &str| json!({"anyOf": [{"type": kind}, {"minLength": 0}]});
    let schema = json!({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
        "a": {"type": "string", "enum": ["x"], "format": "uuid"},
        "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": ["integer", "null"]}}}},
        "d": {"$ref": "#/$defs/D"},
    }, "$defs": {"D": {"type": "object", "properties": {"d": {"$ref": "#/$defs/D"}}}}});
    assert_eq!(
        output(&schema.to_string(), "schema://t").map(|shown| (Value::from(shown.schema), shown.is_cut)),
        Some((
            json!({"type": "object", "properties": {
                "a": {"minLength": 0},
                "b": {"items": {"properties": {"c": leaf("integer")}}},
                "d": {"properties": {"d": leaf("object")}},
            }}),
            false
        ))
    );
    let full = full(&schema.to_string()).map(|shown| Value::from(shown.schema));
    assert_eq!(full, Some(schema), "a whole schema is the true one");
    for other in [json!({"type": "array"}), json!({"anyOf": [{"type": "object"}, {"type": "string"}]}), json!({})] {
        assert!(output(&other.to_string(), "schema://t").is_none(), "{other}");
    }
}
