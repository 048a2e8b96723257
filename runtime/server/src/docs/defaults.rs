//! The OpenAPI document with the defaults that are in effect.

use std::borrow::Cow;

use axum::body::Bytes;
use naftiko_client::__private::Defaults;
use naftiko_schema::CONFIGURED;
use serde_json::{Map, Value};

/// The document, in which what has a default may be left out.
pub(super) fn configured(document: Cow<'static, str>, defaults: &[&Defaults]) -> Bytes {
    let is_static = defaults.iter().all(|defaults| defaults.is_empty()) || !document.contains(CONFIGURED);
    let parsed = if is_static { None } else { serde_json::from_str(&document).ok() };
    match (parsed, document) {
        (Some(mut configured), _) => {
            configure(&mut configured, defaults);
            format!("{configured:#}\n").into()
        }
        (None, Cow::Borrowed(document)) => Bytes::from_static(document.as_bytes()),
        (None, Cow::Owned(document)) => document.into(),
    }
}

fn configure(node: &mut Value, defaults: &[&Defaults]) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| configure(item, defaults)),
        Value::Object(node) => {
            optional_members(node, defaults);
            if let Some(text) = text(node, defaults).map(str::to_owned) {
                let is_parameter = node.contains_key("in");
                if is_parameter {
                    node.insert("required".to_owned(), false.into());
                }
                let schema =
                    if is_parameter { node.get_mut("schema").and_then(Value::as_object_mut) } else { Some(&mut *node) };
                if let Some(schema) = schema {
                    schema.insert("default".to_owned(), value(&text, schema));
                }
            }
            node.values_mut().for_each(|inside| configure(inside, defaults));
        }
        _ => {}
    }
}

/// The text of the default that a parameter or a member has.
fn text<'d>(node: &Map<String, Value>, defaults: &[&'d Defaults]) -> Option<&'d str> {
    let variable = node.get(CONFIGURED)?.get("env")?.as_str()?;
    defaults.iter().find_map(|defaults| defaults.text(variable))
}

/// Makes the members of an object optional that have a default.
fn optional_members(node: &mut Map<String, Value>, defaults: &[&Defaults]) {
    let Some(Value::Object(members)) = node.get("properties") else { return };
    let is_configured = |member: &Value| member.as_object().is_some_and(|member| text(member, defaults).is_some());
    let names: Vec<String> =
        members.iter().filter(|(_, member)| is_configured(member)).map(|(name, _)| name.clone()).collect();
    if let Some(Value::Array(required)) = node.get_mut("required") {
        required.retain(|name| !names.iter().any(|known| name == known));
        if required.is_empty() {
            node.shift_remove("required");
        }
    }
}

fn value(text: &str, schema: &Map<String, Value>) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use naftiko_client::__private::Connection;
    use naftiko_client::ClientBuilder;
    use naftiko_schema::{Api, Capability, Kind, Location, Parameter};

    use super::*;

    static CAPABILITY: Capability = Capability::new("shop", "Shop", "1")
        .apis(const { &[Api::new("shop").base_uri("http://127.0.0.1:9")] })
        .defaults(
            const {
                &[
                    Parameter::new("shelf", Location::Query, Kind::Integer).configured("SHELF"),
                    Parameter::new("name", Location::Field, Kind::String).configured("NAME"),
                ]
            },
        );

    fn document(defaults: &[(&str, &str)]) -> Value {
        const DOCUMENT: &str = r#"{
            "parameters": [
                {"name": "shelf", "in": "query", "required": true, "x-naftiko-default": {"env": "SHELF"},
                 "schema": {"type": "integer"}},
                {"name": "x", "in": "query", "required": true, "schema": {"type": "string"}}
            ],
            "schema": {"required": ["name", "other"], "properties": {
                "name": {"type": "string", "x-naftiko-default": {"env": "NAME"}}, "other": {}
            }}
        }"#;
        let builder = ClientBuilder::<Connection>::new(&CAPABILITY);
        let builder = defaults.iter().fold(builder, |builder, (name, value)| builder.default_value(*name, *value));
        let connection = builder.build().expect("a connection");
        serde_json::from_slice(&configured(DOCUMENT.into(), &[connection.defaults()])).expect("JSON")
    }

    #[test]
    fn what_has_a_default_may_be_left_out() {
        let whole = document(&[("shelf", "7"), ("name", "a")]);
        assert_eq!(whole["parameters"][0]["required"], false);
        assert_eq!(whole["parameters"][0]["schema"]["default"], 7);
        assert_eq!(whole["parameters"][1]["required"], true);
        assert_eq!(whole["schema"]["required"], serde_json::json!(["other"]));
        assert_eq!(whole["schema"]["properties"]["name"]["default"], "a");
        let one = document(&[("name", "a")]);
        assert_eq!(one["parameters"], document(&[])["parameters"]);
        assert_ne!(one["schema"], document(&[])["schema"]);
    }
}
