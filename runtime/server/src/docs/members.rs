//! The OpenAPI document of a group of which only some members are served.

use std::borrow::Cow;
use std::collections::HashSet;

use naftiko_schema::GroupMember;
use serde_json::Value;

/// The document with the operations of these members only. Each operation has the name of its member as its first tag.
pub(super) fn only(document: &'static str, all: &[GroupMember], served: &[&str]) -> Cow<'static, str> {
    let served: HashSet<_> = served.iter().copied().collect();
    if all.iter().all(|member| served.contains(&*member.name)) {
        return document.into();
    }
    let Ok(mut only) = serde_json::from_str::<Value>(document) else { return document.into() };
    let is_served = |name: Option<&str>| name.is_some_and(|name| served.contains(name));
    if let Some(Value::Array(tags)) = only.get_mut("tags") {
        tags.retain(|tag| is_served(tag.get("name").and_then(Value::as_str)));
    }
    if let Some(Value::Object(paths)) = only.get_mut("paths") {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| is_served(operation.pointer("/tags/0").and_then(Value::as_str)));
        }
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    format!("{only:#}\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_of_other_members_are_left_out() {
        const DOCUMENT: &str = r#"{"tags": [{"name": "a"}, {"name": "b"}],
            "paths": {"/x": {"get": {"tags": ["a"]}, "put": {"tags": ["b"]}}, "/y": {"get": {"tags": ["b"]}}}}"#;
        let all = [GroupMember::new("s-a", "a"), GroupMember::new("s-b", "b")];
        assert_eq!(only(DOCUMENT, &all, &["a", "b"]), DOCUMENT);
        let one: Value = serde_json::from_str(&only(DOCUMENT, &all, &["a"])).expect("JSON");
        assert_eq!(one, serde_json::json!({"tags": [{"name": "a"}], "paths": {"/x": {"get": {"tags": ["a"]}}}}));
    }
}
