//! `cargo xtask drift`: what changed in a document, by shape and by which way values travel.

use std::fs;

use naftiko_codegen::{Change, Drift, Impact, Incomparable, Sources, drift};
use serde_json::{Value, json};
use tempfile::tempdir;
use xtask::drift::{Format, Options, compared, lines};

const PATH: &str = "spec/acme/shop.yaml";
const OTHER: &str = "new.yaml";

/// A capability of what is at a path, with these operations.
fn capability(path: &str, operations: &str) -> String {
    format!(
        "naftiko: 1.0.0-alpha2
info: {{label: Shop}}
capability:
  consumes:
  - type: http
    namespace: shop
    baseUri: https://api.test
    resources:
    - name: things
      path: {path}
      operations:
{operations}"
    )
}

/// A capability that lists things and adds one.
fn things() -> String {
    capability(
        "/things/{{id}}",
        "      - name: get-thing
        method: GET
        inputParameters: [{name: id, in: path}, {name: page, in: query}]
      - {name: add-thing, method: POST, inputParameters: [{name: id, in: path}, {name: body, in: body, type: object, required: false}]}
",
    )
}

/// A document with the schemas of what is sent and received, the rest as it is.
fn document(request: &Value, response: &Value) -> Value {
    let page = json!({"name": "page", "in": "query", "schema": {"type": "integer", "maximum": 50}});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/things/{id}": {
            "parameters": [id],
            "get": {
                "parameters": [page],
                "responses": {"200": {"description": "It.", "content": {"application/json": {"schema": response}}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": request}}},
                "responses": {"204": {"description": "Done."}},
            },
        }},
    })
}

fn sources(before: &Value) -> Sources {
    Sources::from([(PATH.to_owned(), things()), ("spec/acme/shop.openapi.json".to_owned(), before.to_string())])
}

fn drifted(before: &Value, after: &Value) -> Drift {
    let text = after.to_string();
    match drift(&sources(before), PATH, (OTHER, &text)) {
        Ok(drift) => drift,
        Err(Incomparable::Errors(diagnostics)) => panic!("{}", diagnostics.render(&sources(before), false)),
        Err(error) => panic!("{error:?}"),
    }
}

/// A change as a test writes it: `!` is breaking, `+` additive; place, kind and values.
fn short(change: &Change) -> String {
    let Change { impact, place, kind, before, after, .. } = change;
    let sign = if *impact == Impact::Breaking { '!' } else { '+' };
    format!("{sign} {place}: {kind} {before}>{after}")
}

fn changes(before: &Value, after: &Value) -> Vec<String> {
    drifted(before, after).changes.iter().map(short).collect()
}

/// An object with a member `a` of this schema.
fn with_a(schema: &Value) -> Value {
    json!({"type": "object", "properties": {"a": schema}})
}

#[test]
fn changes_of_values_break_what_sends_or_receives_them() {
    let text = json!({"type": "string"});
    let letters = |letters: &[&str]| json!({"type": "string", "enum": letters});
    let object = |required: &[&str], members: &[&str]| {
        let members = members.iter().map(|name| ((*name).to_owned(), json!({"type": "string"})));
        json!({"type": "object", "required": required, "properties": members.collect::<serde_json::Map<_, _>>()})
    };
    let sized = |keyword: &str, limit: u32| json!({"type": "string", keyword: limit});
    let list = |item: &Value| json!({"type": "array", "items": item});
    let either = |kinds: &[&str]| json!({"anyOf": kinds.iter().map(|kind| json!({"type": kind})).collect::<Vec<_>>()});
    // Before, after, what it is in a request, and in a response.
    let cases: &[(Value, Value, &[&str], &[&str])] = &[
        (
            text.clone(),
            json!({"type": "integer"}),
            &["! /a: type changed string>integer"],
            &["! /a: type changed string>integer"],
        ),
        (
            json!({"type": "integer"}),
            json!({"type": "number"}),
            &["+ /a: type changed integer>number"],
            &["! /a: type changed integer>number"],
        ),
        (
            json!({"type": "number"}),
            json!({"type": "integer"}),
            &["! /a: type changed number>integer"],
            &["+ /a: type changed number>integer"],
        ),
        (text.clone(), json!({}), &["+ /a: type changed string>any JSON"], &["! /a: type changed string>any JSON"]),
        (
            letters(&["a"]),
            text.clone(),
            &["+ /a: type changed enum of 1>string"],
            &["! /a: type changed enum of 1>string"],
        ),
        (
            text.clone(),
            either(&["string", "integer"]),
            &["+ /a: type changed string>2 alternatives"],
            &["! /a: type changed string>2 alternatives"],
        ),
        (
            object(&[], &["b"]),
            json!({"type": "object"}),
            &["+ /a: type changed object>map"],
            &["! /a: type changed object>map"],
        ),
        (text.clone(), json!({"type": ["string", "null"]}), &["+ /a: null allowed >"], &["! /a: null allowed >"]),
        (
            json!({"type": "string", "nullable": true}),
            text.clone(),
            &["! /a: null no longer allowed >"],
            &["+ /a: null no longer allowed >"],
        ),
        (
            text.clone(),
            json!({"type": "string", "format": "uuid"}),
            &["! /a: format changed >uuid"],
            &["+ /a: format changed >uuid"],
        ),
        (
            json!({"type": "string", "format": "date"}),
            json!({"type": "string", "format": "date-time"}),
            &["! /a: format changed date>date-time"],
            &["! /a: format changed date>date-time"],
        ),
        (
            letters(&["a", "b"]),
            letters(&["c", "a"]),
            &["! /a: value removed \"b\">", "+ /a: value added >\"c\""],
            &["+ /a: value added >\"c\"", "+ /a: value removed \"b\">"],
        ),
        (
            object(&[], &["b"]),
            object(&[], &["c"]),
            &["! /a/b: member removed string>", "+ /a/c: member added >string"],
            &["! /a/b: member removed string>", "+ /a/c: member added >string"],
        ),
        (
            object(&[], &["b"]),
            object(&["c"], &["b", "c"]),
            &["! /a/c: required member added >string"],
            &["+ /a/c: member added >string"],
        ),
        (
            object(&[], &["b"]),
            object(&["b"], &["b"]),
            &["! /a/b: member became required >"],
            &["+ /a/b: member became required >"],
        ),
        (
            object(&["b"], &["b"]),
            object(&[], &["b"]),
            &["+ /a/b: member became optional >"],
            &["! /a/b: member became optional >"],
        ),
        (
            sized("maxLength", 9),
            sized("maxLength", 8),
            &["! /a: limit narrowed maxLength 9>maxLength 8"],
            &["+ /a: limit narrowed maxLength 9>maxLength 8"],
        ),
        (
            sized("minLength", 9),
            sized("minLength", 8),
            &["+ /a: limit widened minLength 9>minLength 8"],
            &["+ /a: limit widened minLength 9>minLength 8"],
        ),
        (
            text.clone(),
            json!({"type": "string", "pattern": "^a"}),
            &["! /a: limit narrowed >pattern \"^a\""],
            &["+ /a: limit narrowed >pattern \"^a\""],
        ),
        (
            list(&text),
            list(&json!({"type": "boolean"})),
            &["! /a/*: type changed string>boolean"],
            &["! /a/*: type changed string>boolean"],
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
            &["! /a/*: type changed string>boolean"],
            &["! /a/*: type changed string>boolean"],
        ),
        (
            either(&["string", "integer"]),
            either(&["string", "integer", "boolean"]),
            &["+ /a: alternative added >boolean"],
            &["! /a: alternative added >boolean"],
        ),
        (
            either(&["string", "integer", "boolean"]),
            either(&["string", "integer"]),
            &["! /a: alternative removed boolean>"],
            &["+ /a: alternative removed boolean>"],
        ),
        (
            either(&["string", "integer"]),
            either(&["string", "boolean"]),
            &["! /a: type changed integer>boolean"],
            &["! /a: type changed integer>boolean"],
        ),
        (text.clone(), json!({"type": "string", "description": "Another text.", "example": "b"}), &[], &[]),
    ];
    for (before, after, in_request, in_response) in cases {
        let (before, after) = (with_a(before), with_a(after));
        let in_request: Vec<_> = in_request.iter().map(|it| it.replacen(" /", " request/", 1)).collect();
        let in_response: Vec<_> = in_response.iter().map(|it| it.replacen(" /", " response/", 1)).collect();
        let same = with_a(&json!({}));
        assert_eq!(changes(&document(&before, &same), &document(&after, &same)), in_request, "{before} {after}");
        assert_eq!(changes(&document(&same, &before), &document(&same, &after)), in_response, "{before} {after}");
    }
}

#[test]
fn limits_that_become_exclusive_and_other_members_are_compared() {
    let number = |limits: &str| {
        let mut schema: Value = serde_json::from_str(limits).expect("JSON");
        schema["type"] = "integer".into();
        with_a(&schema)
    };
    let of = |before: &Value, after: &Value| changes(&document(before, before), &document(after, after));
    let (open, strict) = (number(r#"{"minimum": 0}"#), number(r#"{"exclusiveMinimum": 0}"#));
    assert_eq!(of(&number(r#"{"minimum": 0, "exclusiveMinimum": true}"#), &strict), [""; 0]);
    assert_eq!(
        of(&open, &strict),
        [
            "! request/a: limit narrowed minimum 0>exclusiveMinimum 0",
            "+ response/a: limit narrowed minimum 0>exclusiveMinimum 0",
        ]
    );
    assert_eq!(
        of(&strict, &open),
        [
            "+ response/a: limit widened exclusiveMinimum 0>minimum 0",
            "+ request/a: limit widened exclusiveMinimum 0>minimum 0",
        ]
    );
    let with_others = |others: Value| {
        let mut schema = with_a(&json!({"type": "string"}));
        schema["additionalProperties"] = others;
        schema
    };
    let (none, texts) = (with_a(&json!({"type": "string"})), with_others(json!({"type": "string"})));
    assert_eq!(of(&none, &texts), ["+ request: other members allowed >"]);
    assert_eq!(
        of(&texts, &none),
        ["! request: other members no longer allowed >", "+ response: other members no longer allowed >"]
    );
    assert_eq!(
        of(&texts, &with_others(json!({"type": "integer"}))),
        ["! response/*: type changed string>integer", "! request/*: type changed string>integer"]
    );
}

#[test]
fn fields_of_forms_are_compared() {
    let capability = capability(
        "/things",
        "      - name: add-thing
        method: POST
        inputParameters: [{name: kept, in: body, required: true}, {name: gone, in: body}, {name: count, in: body, required: false}]
        body: {type: formUrlEncoded, data: {kept: '{{kept}}', gone: '{{gone}}', count: '{{count}}'}}
",
    );
    let document = |fields: &Value, required: &[&str]| {
        let schema = json!({"type": "object", "properties": fields, "required": required});
        let body = json!({"content": {"application/x-www-form-urlencoded": {"schema": schema}}});
        json!({"openapi": "3.0.3", "paths": {"/things": {"post": {"requestBody": body, "responses": {}}}}})
    };
    let text = json!({"type": "string"});
    let before = document(&json!({"kept": text, "gone": text, "count": {"type": "integer"}, "unsent": text}), &[]);
    let after = document(
        &json!({"kept": text, "count": {"type": "array"}, "new": text, "needed": text}),
        &["count", "kept", "needed"],
    );
    let sources =
        Sources::from([(PATH.to_owned(), capability), ("spec/acme/shop.openapi.json".to_owned(), before.to_string())]);
    let of = |after: &Value| {
        let drift = drift(&sources, PATH, (OTHER, &after.to_string())).expect("they are comparable");
        drift.changes.iter().map(short).collect::<Vec<_>>()
    };
    assert_eq!(of(&before), [""; 0]);
    assert_eq!(
        of(&after),
        [
            "! request/count: member became required >",
            "! request/count: type changed integer>array",
            "! request/gone: member removed >",
            "! request/needed: required member added >",
            "+ request/new: member added >",
        ]
    );
}

#[test]
fn changes_of_operations_parameters_and_bodies_are_found() {
    let before = document(&with_a(&json!({})), &with_a(&json!({})));
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut after = before.clone();
        edit(&mut after["paths"]["/things/{id}"]);
        after
    };
    let remove = |value: &mut Value, name: &str| drop(value.as_object_mut().expect("an object").remove(name));
    let page = before["paths"]["/things/{id}"]["get"]["parameters"][0].clone();
    let added =
        |required: bool| json!({"name": "new", "in": "header", "required": required, "schema": {"type": "string"}});
    type Edit<'e> = &'e dyn Fn(&mut Value);
    let cases: &[(Edit<'_>, &[&str])] = &[
        (&|item| remove(item, "post"), &["! : operation removed >"]),
        (&|item| item["put"] = json!({"responses": {}}), &["+ : operation added >"]),
        (&|item| remove(&mut item["get"], "parameters"), &["! query page: parameter removed >"]),
        (
            &|item| item["get"]["parameters"][0]["required"] = json!(true),
            &["! query page: parameter became required >"],
        ),
        (&|item| item["get"]["parameters"] = json!([page, added(true)]), &["! header new: required parameter added >"]),
        (&|item| item["get"]["parameters"] = json!([page, added(false)]), &["+ header new: parameter added >"]),
        (
            &|item| item["get"]["parameters"][0]["schema"]["maximum"] = json!(20),
            &["! query page: limit narrowed maximum 50>maximum 20"],
        ),
        (
            &|item| item["parameters"][0]["schema"] = json!({"type": "integer"}),
            &["! path id: type changed string>integer"; 2],
        ),
        (&|item| remove(&mut item["post"], "requestBody"), &["! request: body removed >"]),
        (&|item| item["post"]["requestBody"]["required"] = json!(true), &["! request: body became required >"]),
        (&|item| remove(&mut item["get"]["responses"]["200"], "content"), &["! response: body removed >"]),
        (&|item| item["post"]["responses"] = item["get"]["responses"].clone(), &["+ response: body added >"]),
        (&|item| item["get"]["requestBody"] = item["post"]["requestBody"].clone(), &["+ request: body added >"]),
    ];
    for (edit, expected) in cases {
        assert_eq!(changes(&before, &edited(edit)), *expected);
    }
    let failing = |kind: &str| {
        edited(&|item| {
            let schema = json!({"type": "object", "properties": {"code": {"type": kind}}});
            item["get"]["responses"]["404"] =
                json!({"description": "No.", "content": {"application/json": {"schema": schema}}});
        })
    };
    let expected = ["! response 404/code: type changed string>integer"];
    assert_eq!(changes(&failing("string"), &failing("integer")), expected);
    let optional = edited(&|item| item["get"]["parameters"][0]["required"] = json!(true));
    assert_eq!(changes(&optional, &before), ["+ query page: parameter became optional >"]);
    // The name of a placeholder is of no importance.
    let mut renamed = before.clone();
    let mut item = renamed["paths"]["/things/{id}"].take();
    item["parameters"][0]["name"] = json!("key");
    renamed["paths"] = json!({"/things/{key}": item});
    assert_eq!(changes(&before, &renamed), [""; 0]);
}

/// The members of every object in reverse order.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().rev().map(|(name, value)| (name, reversed(value))).collect(),
        Value::Array(items) => items.into_iter().map(reversed).collect(),
        other => other,
    }
}

#[test]
fn names_of_components_and_order_of_keys_are_no_change() {
    let schema = json!({"$ref": "#/components/schemas/Node"});
    let mut before = document(&schema, &schema);
    let status = json!({"type": "string", "enum": ["on", "off"]});
    let node = json!({"type": "object", "required": ["status"], "properties": {
        "status": {"$ref": "#/components/schemas/Status"}, "next": {"$ref": "#/components/schemas/Node"},
    }});
    before["components"] = json!({"schemas": {"Node": node, "Status": status}});
    let text = reversed(before.clone()).to_string().replace("Node", "acme.v2.Element").replace("Status", "State");
    let after: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(changes(&before, &after), [""; 0]);
    let text = before.to_string().replace("\"off\"", "\"out\"");
    let after: Value = serde_json::from_str(&text).expect("JSON");
    let expected = [
        "! request/status: value removed \"off\">",
        "+ response/status: value added >\"out\"",
        "+ response/status: value removed \"off\">",
        "+ request/status: value added >\"out\"",
    ];
    assert_eq!(changes(&before, &after), expected);
}

#[test]
fn changes_of_a_kind_are_limited_and_texts_stay_on_their_line() {
    let many: Vec<String> = (0..250).map(|number| format!("value\n{number}")).collect();
    let before = document(&with_a(&json!({"type": "string", "enum": ["a"]})), &json!({}));
    let after = document(&with_a(&json!({"type": "string", "enum": many})), &json!({}));
    let drift = drifted(&before, &after);
    assert_eq!((drift.changes.len(), drift.others), (101, 150));
    let text = lines(&drift);
    assert_eq!(text.lines().count(), 103);
    assert!(text.ends_with("150 more are not shown\n2 operations: 1 breaking changes, 100 additive"), "{text}");
    let first = "breaking: POST /things/{id} request/a: value removed: \"a\"";
    assert_eq!(text.lines().next(), Some(first));
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let before = document(&json!({}), &json!({}));
    let own = sources(&before);
    let result = drift(&own, PATH, (OTHER, "no: document"));
    assert!(matches!(result, Err(Incomparable::Errors(_))), "{result:?}");
    let result = drift(&own, PATH, (OTHER, "openapi: 3.1.0\npaths: {}"));
    assert!(matches!(result, Err(Incomparable::AnotherApi)), "{result:?}");
    let alone = Sources::from([(PATH.to_owned(), things())]);
    let result = drift(&alone, PATH, (OTHER, &before.to_string()));
    assert!(matches!(result, Err(Incomparable::NothingKnown)), "{result:?}");
}

#[test]
fn command_compares_with_a_file_or_a_folder() {
    let (root, other) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let before = document(&with_a(&json!({})), &with_a(&json!({})));
    for (path, text) in sources(&before) {
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
        fs::write(file, text).expect("it is written");
    }
    let file = other.path().join("shop.json");
    fs::write(&file, document(&json!({"type": "object", "properties": {"b": {}}}), &with_a(&json!({}))).to_string())
        .expect("it is written");
    let options = |against: &std::path::Path| Options {
        name: "acme-shop".to_owned(),
        against: against.to_owned(),
        format: Format::Human,
    };
    for against in [file.as_path(), other.path()] {
        let drift = compared(root.path(), &options(against)).expect("they are compared");
        let expected = "breaking: POST /things/{id} request/a: member removed: any JSON\n\
                        additive: POST /things/{id} request/b: member added: any JSON\n\
                        2 operations: 1 breaking changes, 1 additive";
        assert_eq!(lines(&drift), expected);
    }
    let error = compared(root.path(), &options(&other.path().join("gone.yaml"))).expect_err("it does not exist");
    assert!(error.to_string().starts_with("no OpenAPI document at "), "{error}");
}

#[test]
fn style_or_media_type_that_changes_breaks_requests() {
    let document = |explode: bool, media_type: &str| {
        let mut document = document(&json!({}), &json!({}));
        let ids = json!({"name": "page", "in": "query", "explode": explode, "schema": {"type": "array", "items": {}}});
        document["paths"]["/things/{id}"]["get"]["parameters"] = json!([ids]);
        let content = json!({media_type: {"schema": {"type": "object"}}});
        document["paths"]["/things/{id}"]["post"]["requestBody"] = json!({"content": content});
        document
    };
    let (json, patch) = ("application/json", "application/merge-patch+json");
    assert_eq!(changes(&document(true, json), &document(true, "*/*")), [""; 0]);
    let media_type = format!("! request: media type changed {json}>{patch}");
    let expected = ["! query page: style changed >".to_owned(), media_type];
    assert_eq!(changes(&document(true, json), &document(false, patch)), expected);
}
