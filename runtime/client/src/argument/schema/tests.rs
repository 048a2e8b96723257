use proptest::prelude::*;
use serde_json::json;

use super::*;

fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let found = Schema::read(&schema.to_string()).violations("body", document, false);
    found.first().iter().map(|it| format!("{} {}", it.pointer.as_deref().unwrap_or("#"), it.problem)).collect()
}

#[test]
fn each_keyword_is_checked_and_its_violation_says_where_and_what_is_allowed() {
    let secret = json!({
        "type": "object",
        "required": ["name", "project_id"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]*$"},
            "project_id": {"type": "string"},
            "type": {"enum": ["opaque", "key_value"]},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": true},
            "description": {"type": ["string", "null"]},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 1, "minProperties": 1},
            "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        },
    });
    let good = json!({"name": "a", "project_id": "p"});
    for (member, value, expected) in [
        ("name", json!("abc"), None),
        ("name", json!("é"), Some("/name must match `^[a-z]*$`")),
        ("name", json!(""), Some("/name must have at least 1 characters")),
        ("name", json!("abcd"), Some("/name must have at most 3 characters")),
        ("name", json!(null), Some("/name must be a string")),
        ("type", json!("opaque"), None),
        ("type", json!("opaqe"), Some("/type must be one of `opaque`, `key_value`")),
        ("tags", json!([]), None),
        ("tags", json!(["a", 1]), Some("/tags/1 must be a string")),
        ("tags", json!(["a", "a"]), Some("/tags must not have the same item twice")),
        ("tags", json!(["a", "b", "c"]), Some("/tags must have at most 2 items")),
        ("tags", json!(null), Some("/tags must be an array")),
        ("description", json!(null), None),
        ("description", json!(true), Some("/description must be a string or null")),
        ("labels", json!({"a/b": "c"}), None),
        ("labels", json!({"a/b": 1}), Some("/labels/a~1b must be a string")),
        ("labels", json!({}), Some("/labels must have at least 1 members")),
        ("labels", json!({"a": "", "b": ""}), Some("/labels must have at most 1 members")),
        ("count", json!(9.0), None),
        ("count", json!(1.5), Some("/count must be a whole number")),
        ("count", json!("1"), Some("/count must be a whole number")),
        ("count", json!(0), Some("/count must be at least 1")),
        ("count", json!(10), Some("/count must be less than 10")),
        ("share", json!(0), Some("/share must be more than 0")),
        ("share", json!(1.5), Some("/share must be at most 1")),
        ("nme", json!("a"), Some("/nme is not a member; did you mean `name`?")),
        ("Type", json!("a"), Some("/Type is not a member; did you mean `type`?")),
        (
            "colour",
            json!("a"),
            Some(
                "/colour is not a member; expected one of `count`, `description`, `labels`, `name`, `project_id`, \
                 `share`, `tags`, `type`",
            ),
        ),
    ] {
        let mut document = good.clone();
        document[member] = value;
        if member == "nme" {
            document.as_object_mut().expect("an object").remove("name");
            assert_eq!(violations(&secret, &document), ["/name is required", expected.expect("it is wrong")]);
        } else {
            assert_eq!(violations(&secret, &document), Vec::from_iter(expected), "{document}");
        }
    }
    assert_eq!(violations(&secret, &json!([])), ["# must be an object"]);
    assert_eq!(violations(&secret, &json!({})), ["/name is required", "/project_id is required"]);
}

#[test]
fn lenient_checks_require_no_member_and_still_refuse_what_is_wrong() {
    let schema = json!({
        "type": "object", "required": ["a", "b"], "additionalProperties": false,
        "properties": {"a": {"type": "string"}, "b": {"type": "object", "required": ["c"], "properties": {"c": {}}}},
    });
    let schema = Schema::read(&schema.to_string());
    let found = |document: Value| schema.violations("body", &document, true).first().len();
    assert_eq!([json!({}), json!({"b": {}}), json!({"a": 1}), json!({"c": 1})].map(found), [0, 0, 1, 1]);
}

#[test]
fn of_alternatives_at_most_one_has_a_value() {
    let schema = json!({"type": "object", "x-naftiko-alternatives": [["a", "b", "c"], ["d", "e"]]});
    for good in [json!({}), json!({"a": 1, "d": 1}), json!({"a": null, "b": 1, "c": null})] {
        assert!(violations(&schema, &good).is_empty(), "{good}");
    }
    assert_eq!(
        violations(&schema, &json!({"c": 1, "a": 1, "d": 1, "e": false})),
        ["/c excludes `a`: send at most one of `a`, `b`, `c`", "/e excludes `d`: send at most one of `d`, `e`"]
    );
}

#[test]
fn unions_report_the_form_that_is_meant() {
    let schema = json!({
        "anyOf": [
            {"type": "string"},
            {"type": "object", "required": ["kind", "size"], "properties": {"kind": {"enum": ["disk"]}, "size": {"type": "integer"}}},
            {"$ref": "#/$defs/Net"},
        ],
        "$defs": {"Net": {"type": "object", "properties": {"kind": {"enum": ["net"]}, "mac": {"type": "string"}}, "required": ["kind"]}},
    });
    for (document, expected) in [
        (json!("a"), None),
        (json!({"kind": "net"}), None),
        (json!(1), Some("# must be a string or an object")),
        (json!({"kind": "disk"}), Some("/size is required")),
        (json!({"kind": "net", "mac": 1}), Some("/mac must be a string")),
        (json!({"kind": "other"}), Some("# must be of one of 2 forms, and is of none")),
    ] {
        assert_eq!(violations(&schema, &document), Vec::from_iter(expected), "{document}");
    }
    let numbers = json!({"anyOf": [{"enum": [1, 2]}, {"enum": ["auto"]}]});
    assert_eq!(violations(&numbers, &json!(3)), ["# must be one of `1`, `2`, `auto`"]);
    assert!(violations(&numbers, &json!(2.0)).is_empty());
    let nullable = json!({"anyOf": [{"type": "object", "required": ["a"]}, {"type": "null"}]});
    assert_eq!(violations(&nullable, &json!({})), ["/a is required"]);
}

#[test]
fn documents_that_contain_themselves_are_checked_in_linear_time() {
    let schema = json!({
        "$ref": "#/$defs/Tree",
        "$defs": {"Tree": {
            "type": "object",
            "additionalProperties": false,
            "properties": {"left": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Other"}]}},
        }, "Other": {"$ref": "#/$defs/Tree"}},
    });
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "left": inner }));
    assert!(violations(&schema, &deep).is_empty());
    let wrong = (0..100).fold(json!({"lefd": 1}), |inner, _| json!({ "left": inner }));
    let found = violations(&schema, &wrong);
    assert!(found.len() == 1 && found[0].ends_with("must be of one of 2 forms, and is of none"), "{found:?}");
    let endless = json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}});
    assert_eq!(violations(&endless, &json!(1)), ["# is nested too deeply"]);
}

#[test]
fn violations_and_their_pointers_are_bounded() {
    let schema = Schema::read(r#"{"type": "object", "additionalProperties": {"type": "string"}}"#);
    let long = "x\u{202e}".repeat(1000);
    let document: Value = (0..100).map(|number| (format!("{long}{number}"), json!(1))).collect();
    let found = schema.violations("body", &document, false);
    assert_eq!((found.first().len(), found.omitted()), (20, 80));
    let pointer = found.first()[0].pointer.as_deref().expect("a pointer");
    assert!(pointer.len() < 500 && !pointer.contains('\u{202e}'), "{pointer}");
}

#[test]
fn numbers_count_with_all_their_digits() {
    let schema = Schema::read(r#"{"properties": {"n": {"type": "integer", "maximum": 18446744073709551615}}}"#);
    for (json, good) in [
        ("{\"n\": 18446744073709551615}", true),
        ("{\"n\": 1e2}", true),
        ("{\"n\": 12345678901234567890123}", false),
        ("{\"n\": 0.10}", false),
        ("{\"n\": 1e999}", false),
    ] {
        assert_eq!(schema.violations_in("body", json.as_bytes(), false).is_empty(), good, "{json}");
    }
    // What cannot be read cannot be checked.
    let deep = [vec![b'['; 200], vec![b']'; 200]].concat();
    assert!(!schema.violations_in("body", &deep, false).is_empty());
}

#[test]
fn members_and_secrets_are_found_behind_references() {
    let schema = Schema::read(
        &json!({
            "$ref": "#/$defs/Root",
            "$defs": {
                "Root": {"properties": {
                    "a": {"type": "string", "x-naftiko-secret": true},
                    "b": {"type": ["string", "null"]},
                    "c": {"$ref": "#/$defs/Secret"},
                    "d": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Secret"}},
                    "e": {"type": "array", "items": {"properties": {"f": {"x-naftiko-secret": true}}}},
                }},
                "Secret": {"x-naftiko-secret": true},
            },
        })
        .to_string(),
    );
    assert_eq!(schema.member("a"), Some(Member { nullable: false }));
    assert_eq!(schema.member("b"), Some(Member { nullable: true }));
    assert_eq!(schema.member("x"), None);
    assert_eq!(Vec::from_iter(schema.secrets()), ["a", "c", "d", "f"]);
}

/// Documents and schemas alike: any JSON, with the words of schemas as names.
fn document() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(
        &[
            "type",
            "properties",
            "items",
            "anyOf",
            "enum",
            "$ref",
            "$defs",
            "required",
            "additionalProperties",
            "pattern",
            "minimum",
            "maxLength",
            "uniqueItems",
            "a",
            "b",
        ][..],
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&["string", "object", "null", "#/$defs/a", "#/$defs/b", "a", "(", ""][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_checked_against_any_schema_without_panic(schema in document(), document in document(), name in ".{0,8}") {
        let schema = Schema::read(&schema.to_string());
        let found = schema.violations("body", &document, false);
        prop_assert!(found.first().len() <= 20);
        let text = document.to_string();
        prop_assert_eq!(found, schema.violations_in("body", text.as_bytes(), false));
        schema.member(&name);
    }
}
