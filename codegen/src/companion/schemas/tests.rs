//! What the schemas of tiny documents say, each with one trap.

use serde_json::{Value, json};

use super::*;
use crate::companion::json_schema::Style;
use crate::read::yaml;

/// The schema of the component `Body` of a document with these components.
fn of_style(components: &str, style: Style) -> Value {
    let text = format!(
        "openapi: 3.0.3\nbody: {{$ref: '#/components/schemas/Body'}}\ncomponents:\n  schemas:\n{}",
        components.lines().map(|line| format!("    {line}\n")).collect::<String>()
    );
    let mut sink = Sink::new("shop.openapi.yaml");
    let root = yaml::parse(&text, 0, &mut sink).expect("it is YAML");
    let document = Document::new(&root).expect("it is a document");
    let mut schemas = Schemas::new(&document);
    let read = schemas.read(root.get("body").expect("a body"), &mut sink);
    assert!(!sink.has_errors());
    serde_json::from_str(&schemas.shapes.schema(&read, style)).expect("JSON")
}

fn request(components: &str) -> Value {
    of_style(components, Style::REQUEST)
}

/// A closed object with these members.
fn object(members: Value, required: &[&str]) -> Value {
    let mut schema = json!({"type": "object", "properties": members, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn string() -> Value {
    json!({"type": "string"})
}

#[test]
fn members_beside_variants_are_in_every_variant() {
    let schema = request(
        "Body: {required: [k], properties: {k: {type: string}}, oneOf: [{properties: {u: {type: string}}}, {properties: {w: {type: string}}}]}",
    );
    let form = |name: &str| object(json!({"k": string(), name: string()}), &["k"]);
    assert_eq!(schema, json!({"anyOf": [form("u"), form("w")]}));
    let schema = request(
        "Body: {properties: {k: {type: string}}, anyOf: [{$ref: '#/components/schemas/A'}]}\nA: {properties: {a: {type: string}}}",
    );
    assert_eq!(schema, object(json!({"a": string(), "k": string()}), &[]));
    let schema = request("Body: {properties: {a: {}, b: {}}, anyOf: [{required: [a]}, {required: [b]}]}");
    assert_eq!(schema, object(json!({"a": {}, "b": {}}), &[]), "variants that are conditions are no forms");
}

#[test]
fn base_that_lists_its_subtypes_gives_them_its_members_whichever_is_read_first() {
    let components = "
Base:
  properties: {kind: {type: string}, next: {$ref: '#/components/schemas/Cat'}}
  oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
Cat: {allOf: [{$ref: '#/components/schemas/Base'}, {properties: {lives: {type: integer}}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Base'}, {properties: {bark: {type: boolean}}}]}
";
    for first in ["Base", "Cat"] {
        let schema =
            request(&format!("Body: {{properties: {{pet: {{$ref: '#/components/schemas/{first}'}}}}}}{components}"));
        let text = schema.to_string();
        assert!(text.contains(r#""kind":{"type":"string"},"lives":{"type":"integer"}"#), "{first}: {schema}");
        let pet = request(&format!("Body: {{$ref: '#/components/schemas/Base'}}{components}"));
        let dog = object(json!({"bark": {"type": "boolean"}, "kind": string(), "next": {"$ref": "#/$defs/Cat"}}), &[]);
        assert!(pet["anyOf"].as_array().is_some_and(|forms| forms.len() == 2 && forms.contains(&dog)), "{pet}");
    }
}

#[test]
fn base_with_a_discriminator_is_one_of_its_subtypes_or_itself() {
    for (discriminator, names) in [
        ("{propertyName: kind, mapping: {dog: Dog, cat: '#/components/schemas/Cat'}}", ["dog", "cat"]),
        ("{propertyName: kind}", ["Dog", "Cat"]),
        ("kind", ["Dog", "Cat"]),
    ] {
        let components = format!(
            "Body: {{$ref: '#/components/schemas/Pet'}}
Pet: {{type: object, required: [kind], properties: {{kind: {{type: string}}}}, discriminator: {discriminator}}}
Dog: {{allOf: [{{$ref: '#/components/schemas/Pet'}}, {{properties: {{bark: {{type: boolean}}}}}}]}}
Cat: {{allOf: [{{$ref: '#/components/schemas/Pet'}}, {{properties: {{lives: {{type: integer}}}}}}]}}"
        );
        let schema = request(&components);
        let forms = schema["anyOf"].as_array().expect("a union");
        let dog = object(json!({"bark": {"type": "boolean"}, "kind": string()}), &["kind"]);
        let itself = object(json!({"kind": string()}), &["kind"]);
        assert!(forms.len() == 3 && forms.contains(&dog) && forms.contains(&itself), "{schema}");
        let _ = names;
    }
}

#[test]
fn base_with_too_many_subtypes_is_open() {
    let subtypes: String = (0..40)
        .map(|index| {
            format!(
                "S{index}: {{allOf: [{{$ref: '#/components/schemas/Body'}}, {{properties: {{s{index}: {{}}}}}}]}}\n"
            )
        })
        .collect();
    let schema = request(&format!(
        "Body: {{type: object, properties: {{kind: {{type: string}}}}, discriminator: {{propertyName: kind}}}}\n{subtypes}"
    ));
    assert_eq!(schema, json!({"type": "object", "properties": {"kind": string()}}));
}

#[test]
fn parts_that_are_unions_or_scalars_are_merged() {
    let schema = request(
        "Body: {allOf: [{oneOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {type: string}}}]}, {required: [z], properties: {z: {type: string}}}]}
A: {required: [a], properties: {a: {type: string}}}",
    );
    let first = object(json!({"a": string(), "z": string()}), &["a", "z"]);
    let second = object(json!({"b": string(), "z": string()}), &["z"]);
    assert!(
        schema["anyOf"]
            .as_array()
            .is_some_and(|forms| forms.len() == 2 && forms.contains(&first) && forms.contains(&second)),
        "{schema}"
    );
    for (body, expected) in [
        ("{allOf: [{type: string}, {enum: [a, b]}]}", json!({"type": "string", "enum": ["a", "b"]})),
        (
            "{allOf: [{type: string, minLength: 2}, {maxLength: 5, minLength: 1}]}",
            json!({"type": "string", "minLength": 2, "maxLength": 5}),
        ),
        ("{allOf: [{type: number}, {type: integer}]}", json!({"type": "integer"})),
        (
            "{type: string, oneOf: [{format: date}, {format: date-time}]}",
            json!({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
        ),
        ("{type: string, allOf: [{format: date}]}", json!({"type": "string", "format": "date"})),
        (
            "{type: integer, anyOf: [{enum: [1]}, {minimum: 5}]}",
            json!({"anyOf": [{"type": "integer", "minimum": 5}, {"enum": [1]}]}),
        ),
        ("{allOf: [{type: string}, {type: object}]}", json!({})),
        (
            "{allOf: [{type: string, format: password}, {description: It.}]}",
            json!({"type": "string", "format": "password", "x-naftiko-secret": true}),
        ),
        (
            "{additionalProperties: true, allOf: [{properties: {a: {}}}]}",
            json!({"type": "object", "properties": {"a": {}}}),
        ),
    ] {
        assert_eq!(request(&format!("Body: {body}")), expected, "{body}");
    }
}

#[test]
fn object_that_may_be_null_and_says_no_more_is_null() {
    let schema = request(
        "Body: {properties: {x: {anyOf: [{$ref: '#/components/schemas/X'}, {type: object, nullable: true}]}}}\nX: {type: string}",
    );
    assert_eq!(schema["properties"]["x"], json!({"type": ["string", "null"]}));
}

#[test]
fn members_that_travel_one_way_are_required_only_there() {
    let components = "
Body:
  required: [id, created, name, pin]
  properties:
    id: {allOf: [{$ref: '#/components/schemas/Id'}]}
    created: {type: string, readOnly: true}
    name: {type: string}
    pin: {type: string, writeOnly: true}
Id: {type: string, readOnly: true}
";
    assert_eq!(request(components)["required"], json!(["name", "pin"]));
    assert_eq!(of_style(components, Style::RESPONSE)["required"], json!(["created", "id", "name"]));
    let merged = format!(
        "Body: {{allOf: [{{$ref: '#/components/schemas/B'}}, {{required: [name, id]}}]}}{}",
        components.replace("Body", "B")
    );
    assert_eq!(request(&merged)["required"], json!(["name", "pin"]));
}

#[test]
fn other_members_of_an_object_that_are_any_object_are_any_value() {
    let schema = of_style("Body: {properties: {a: {}}, additionalProperties: {type: object}}", Style::RESPONSE);
    assert_eq!(schema, json!({"type": "object", "properties": {"a": {}}}));
}

#[test]
fn bases_of_bases_give_their_own_members_whichever_is_read_first() {
    let components = "
Pet: {properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {dog: Dog}}}
Canine: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {teeth: {type: integer}}}], discriminator: {propertyName: kind, mapping: {dog: Dog}}}
Dog: {allOf: [{$ref: '#/components/schemas/Canine'}, {properties: {bark: {type: boolean}}}]}
";
    let dog = object(json!({"bark": {"type": "boolean"}, "kind": string(), "teeth": {"type": "integer"}}), &[]);
    assert_eq!(request(&format!("Body: {{$ref: '#/components/schemas/Dog'}}{components}")), dog);
    for (first, own) in
        [("Canine", json!({"kind": string(), "teeth": {"type": "integer"}})), ("Pet", json!({"kind": string()}))]
    {
        let schema = request(&format!("Body: {{$ref: '#/components/schemas/{first}'}}{components}"));
        let forms = schema["anyOf"].as_array().expect("a union");
        assert!(forms.len() == 2 && forms.contains(&dog) && forms.contains(&object(own, &[])), "{first}: {schema}");
    }
}

#[test]
fn parts_of_a_component_that_is_being_read_have_its_members() {
    let schema = request(
        "Body: {properties: {name: {type: string}, child: {allOf: [{$ref: '#/components/schemas/Body'}, {description: It.}]}}}",
    );
    assert_eq!(schema["$defs"]["Body"]["properties"]["child"], json!({"$ref": "#/$defs/Body"}));
    let schema = request(
        "Body: {properties: {name: {type: string}, child: {allOf: [{$ref: '#/components/schemas/Body'}, {properties: {age: {}}}]}}}",
    );
    let child = &schema["properties"]["child"];
    assert_eq!(*child, object(json!({"age": {}, "child": {}, "name": string()}), &[]), "{schema}");
}

#[test]
fn exclusive_limits_of_version_3_0_are_those_of_version_3_1() {
    let body =
        request("Body: {type: integer, minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false}");
    assert_eq!(body, json!({"type": "integer", "exclusiveMinimum": 0, "maximum": 9}));
    let body = request("Body: {type: integer, exclusiveMinimum: 0, maximum: 9}");
    assert_eq!(body, json!({"type": "integer", "exclusiveMinimum": 0, "maximum": 9}));
}

#[test]
fn names_in_references_are_those_of_the_components() {
    let body = request(
        "Body: {$ref: '#/components/schemas/Page%3CUser~1s%3E'}\n\
         Page<User/s>: {properties: {next: {$ref: '#/components/schemas/Page%3CUser~1s%3E'}}}",
    );
    let name = body["$defs"].as_object().and_then(|all| all.keys().next()).expect("a component");
    assert_eq!(body["$ref"], format!("#/$defs/{name}"));
    assert!(!name.contains(['%', '/', '~']), "{body}");
}

#[test]
fn discriminator_in_a_part_is_that_of_the_schema() {
    let components = "Body: {$ref: '#/components/schemas/Node'}
Entity:
  properties: {id: {type: string}, kind: {type: string}}
  discriminator: {propertyName: kind, mapping: {node: Node, user: User}}
Node:
  allOf:
  - {$ref: '#/components/schemas/Entity'}
  - {properties: {since: {type: string}}, discriminator: {propertyName: kind, mapping: {node: Node, user: User}}}
User: {allOf: [{$ref: '#/components/schemas/Node'}, {properties: {name: {type: string}}}]}
";
    let node = object(json!({"id": string(), "kind": string(), "since": string()}), &[]);
    let user = object(json!({"id": string(), "kind": string(), "since": string(), "name": string()}), &[]);
    let body = request(components);
    let variants = body["anyOf"].as_array().expect("variants");
    assert!(variants.len() == 2 && variants.contains(&node) && variants.contains(&user), "{body}");
    assert_eq!(request(&components.replacen("Node'", "User'", 1)), user);
}
