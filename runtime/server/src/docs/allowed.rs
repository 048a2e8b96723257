//! The OpenAPI document for callers who may not use all routes: what is not allowed is not there.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use axum::body::Bytes;
use http::Method;
use serde_json::Value;

/// What names a part of the document.
const COMPONENTS: &str = "#/components/";
/// The components that are not about operations.
const KEPT: &str = "securitySchemes";

/// The document for the callers of each rule of the policy file, or of all. Each is made when it is first asked for.
pub(super) struct Documents(Box<[OnceLock<Bytes>]>);

impl Documents {
    /// Documents for so many rules.
    pub(super) fn new(rules: usize) -> Self {
        Self((0..rules).map(|_| OnceLock::new()).collect())
    }

    /// The document for the callers of the rule with this number.
    pub(super) fn of(&self, rule: usize, make: impl FnOnce() -> Bytes) -> Bytes {
        self.0.get(rule).map_or_else(Bytes::new, |document| document.get_or_init(make).clone())
    }
}

/// The document with the operations that are allowed, and with the tags and components that they name. A path with placeholders is
/// one that its own route takes.
pub(super) fn only(document: &[u8], is_allowed: impl Fn(&Method, &str) -> bool) -> Bytes {
    let Ok(mut document) = serde_json::from_slice::<Value>(document) else { return Bytes::from_static(b"{}\n") };
    let mut tags = BTreeSet::new();
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, item) in paths.iter_mut().filter_map(|(path, item)| Some((path, item.as_object_mut()?))) {
            item.retain(|method, operation| {
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
                let is_kept = method.is_ok_and(|method| is_allowed(&method, path));
                let named = operation.get("tags").and_then(Value::as_array).filter(|_| is_kept);
                tags.extend(named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
                is_kept
            });
        }
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    if let Some(Value::Array(all)) = document.get_mut("tags") {
        all.retain(|tag| tag.get("name").and_then(Value::as_str).is_some_and(|name| tags.contains(name)));
    }
    let named = named(&document);
    if let Some(Value::Object(components)) = document.get_mut("components") {
        for (kind, all) in components.iter_mut().filter(|(kind, _)| *kind != KEPT) {
            if let Value::Object(all) = all {
                all.retain(|name, _| named.contains(&format!("{COMPONENTS}{kind}/{name}")));
            }
        }
    }
    format!("{document:#}\n").into()
}

/// The components that paths name, directly or through others.
fn named(document: &Value) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut waiting: Vec<&Value> = document.get("paths").into_iter().collect();
    while let Some(node) = waiting.pop() {
        match node {
            Value::Array(items) => waiting.extend(items),
            Value::Object(members) => waiting.extend(members.values()),
            Value::String(text) if text.starts_with(COMPONENTS) && named.insert(text.clone()) => {
                waiting.extend(text.strip_prefix('#').and_then(|pointer| document.pointer(pointer)));
            }
            _ => {}
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_allowed_leaves_no_trace() {
        let document = json!({
            "tags": [{"name": "a"}, {"name": "b"}],
            "paths": {
                "/x/{id}": {
                    "get": {"tags": ["a"], "schema": {"$ref": "#/components/schemas/One"}},
                    "put": {"tags": ["b"], "schema": {"$ref": "#/components/schemas/Other"}}
                },
                "/y": {"get": {"tags": ["b"]}}
            },
            "components": {
                "securitySchemes": {"key": {}},
                "schemas": {"One": {"items": {"$ref": "#/components/schemas/Two"}}, "Two": {}, "Other": {}}
            }
        });
        let only = only(document.to_string().as_bytes(), |method, path| method == Method::GET && path == "/x/{id}");
        let expected = json!({
            "tags": [{"name": "a"}],
            "paths": {"/x/{id}": {"get": {"tags": ["a"], "schema": {"$ref": "#/components/schemas/One"}}}},
            "components": {
                "securitySchemes": {"key": {}},
                "schemas": {"One": {"items": {"$ref": "#/components/schemas/Two"}}, "Two": {}}
            }
        });
        assert_eq!(serde_json::from_slice::<Value>(&only).expect("JSON"), expected);
    }
}
