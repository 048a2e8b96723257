//! The OpenAPI document of a group: those of its members, joined.

use std::collections::BTreeSet;

use naftiko_schema::Group;
use serde_json::{Map, Value, json};

use super::Member;
use crate::emit::MARKER;
use crate::emit::openapi::visible;
use crate::json::pretty;

/// Where a document says what it refers to.
const COMPONENTS: &str = "#/components/";

/// The document of all routes; empty if there are none. Operations have the name of their member as their only tag. A component
/// that means something else in an earlier document gets the name of its member.
pub(super) fn document(group: &Group, members: &[Member<'_>]) -> String {
    let documents = group.members.iter().zip(members).filter_map(|(member, source)| {
        Some((&*member.name, source, serde_json::from_str::<Value>(source.openapi).ok()?))
    });
    let documents: Vec<_> = documents.collect();
    let Some((_, _, first)) = documents.first() else { return String::new() };
    let emptied = |(name, value): (&String, &Value)| {
        let value = if matches!(name.as_str(), "paths" | "components") { json!({}) } else { value.clone() };
        (name.clone(), value)
    };
    let mut joined: Value = first.as_object().into_iter().flatten().map(emptied).collect();
    let titles: Vec<_> = documents.iter().map(|(_, member, _)| &*member.capability.title).collect();
    set(&mut joined, "x-generated", json!(format!("{MARKER}. Do not edit: change the specifications instead.")));
    for (name, value) in [("title", json!(group.about.title)), ("description", json!(titles.join("; ")))] {
        joined.get_mut("info").into_iter().for_each(|info| set(info, name, value.clone()));
    }
    let tags = documents.iter().map(|(name, member, _)| json!({"name": name, "description": member.capability.title}));
    set(&mut joined, "tags", tags.collect());
    let (mut ids, repeated) = (BTreeSet::new(), repeated_ids(documents.iter().map(|(_, _, document)| document)));
    for (name, _, document) in documents {
        let document = with_own_components(document, name, joined.get("components").unwrap_or(&Value::Null));
        let Value::Object(mut document) = document else { continue };
        if let Some(components) = joined.get_mut("components") {
            add_components(components, document.remove("components").unwrap_or_default());
        }
        let Some(Value::Object(paths)) = document.remove("paths") else { continue };
        for (path, item) in paths {
            let Value::Object(mut item) = item else { continue };
            for operation in item.values_mut().filter_map(Value::as_object_mut) {
                operation.insert("tags".to_owned(), json!([name]));
                let Some(id) = operation.get("operationId").and_then(Value::as_str).map(str::to_owned) else {
                    continue;
                };
                let mut own = if repeated.contains(&id) { format!("{}_{id}", name.replace('-', "_")) } else { id };
                while !ids.insert(own.clone()) {
                    own.push('_');
                }
                operation.insert("operationId".to_owned(), own.into());
            }
            let Some(Value::Object(all)) = joined.get_mut("paths") else { continue };
            add_path(all, path, item);
        }
    }
    visible(pretty(&joined))
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// The ids that operations of several documents have.
fn repeated_ids<'d>(documents: impl Iterator<Item = &'d Value>) -> BTreeSet<String> {
    let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for document in documents {
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let operations = paths.filter_map(Value::as_object).flat_map(Map::values);
        let ids = operations.filter_map(|operation| operation.get("operationId")?.as_str()).map(str::to_owned);
        repeated.extend(ids.filter(|id| !seen.insert(id.clone())));
    }
    repeated
}

/// A document whose components have no name that means something else in `known`. A component with a changed reference has changed,
/// so what refers to it has to change as well, until nothing does. Each gets a name of its own once.
fn with_own_components(mut document: Value, member: &str, known: &Value) -> Value {
    let mut own: BTreeSet<String> = BTreeSet::new();
    loop {
        let others = others(&document, known).filter(|name| !own.contains(name)).collect::<BTreeSet<_>>();
        if others.is_empty() {
            return document;
        }
        rename(&mut document, &others, member);
        own.extend(others.iter().filter_map(|name| renamed(name, member)));
    }
}

/// The components that mean something else in `known`, as `section/name`.
fn others<'d>(document: &'d Value, known: &'d Value) -> impl Iterator<Item = String> + 'd {
    let sections = document.get("components").and_then(Value::as_object).into_iter().flatten();
    let sections = sections.filter(|(section, _)| *section != "securitySchemes");
    sections.flat_map(move |(section, components)| {
        let known = known.get(section);
        let components = components.as_object().into_iter().flatten();
        let is_other = move |(name, component): &(&String, &Value)| {
            known.and_then(|known| known.get(*name)).is_some_and(|known| known != *component)
        };
        components.filter(is_other).map(move |(name, _)| format!("{section}/{name}"))
    })
}

/// A component, as `section/name`, with the name of a member in its own.
fn renamed(component: &str, member: &str) -> Option<String> {
    let (section, name) = component.split_once('/')?;
    Some(format!("{section}/{member}-{name}"))
}

/// Gives these components, as `section/name`, the name of a member, and the references to them.
fn rename(node: &mut Value, components: &BTreeSet<String>, member: &str) {
    if let Some(Value::Object(sections)) = node.get_mut("components") {
        for (section, all) in sections.iter_mut() {
            let Value::Object(all) = all else { continue };
            let own = std::mem::take(all).into_iter().map(|(name, component)| {
                let key = format!("{section}/{name}");
                (if components.contains(&key) { format!("{member}-{name}") } else { name }, component)
            });
            *all = own.collect();
        }
    }
    redirect(node, components, member);
}

fn redirect(node: &mut Value, components: &BTreeSet<String>, member: &str) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, components, member)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                let target = value.as_str().filter(|_| name == "$ref").and_then(|text| text.strip_prefix(COMPONENTS));
                let target = target.filter(|target| components.contains(*target));
                match target.and_then(|target| renamed(target, member)) {
                    Some(target) => *value = format!("{COMPONENTS}{target}").into(),
                    None => redirect(value, components, member),
                }
            }
        }
        _ => {}
    }
}

/// Adds what is not there yet.
fn add_components(all: &mut Value, components: Value) {
    let (Value::Object(all), Value::Object(components)) = (all, components) else { return };
    for (section, components) in components {
        let Value::Object(components) = components else { continue };
        let Value::Object(known) = all.entry(section).or_insert_with(|| json!({})) else { continue };
        for (name, component) in components {
            known.entry(name).or_insert(component);
        }
    }
}

/// Adds the operations of a path. OpenAPI takes paths for one that differ only in the names of placeholders, so those of an earlier
/// document stay.
fn add_path(all: &mut Map<String, Value>, path: String, mut item: Map<String, Value>) {
    let same = all.keys().find(|known| anonymous(known) == anonymous(&path)).cloned();
    let known = same.unwrap_or_else(|| path.clone());
    let renamed: Vec<_> = placeholders(&path).into_iter().zip(placeholders(&known)).collect();
    for parameter in item.values_mut().filter_map(|operation| operation.get_mut("parameters")?.as_array_mut()).flatten()
    {
        if parameter.get("in").and_then(Value::as_str) != Some("path") {
            continue;
        }
        let own = parameter.get("name").and_then(Value::as_str);
        if let Some((_, name)) = renamed.iter().find(|(from, _)| Some(*from) == own) {
            set(parameter, "name", (*name).into());
        }
    }
    if let Value::Object(operations) = all.entry(known).or_insert_with(|| json!({})) {
        for (method, operation) in item {
            operations.entry(method).or_insert(operation);
        }
    }
}

fn placeholders(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// A path without the names of its placeholders.
fn anonymous(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Capability, GroupMember};

    use super::*;

    #[test]
    fn components_and_ids_that_mean_something_else_get_the_name_of_their_member() {
        let document = |path: &str, kind: &str| {
            json!({"openapi": "3.1.0", "info": {},
                "paths": {path: {"get": {"operationId": "get", "parameters": [{"name": "key", "in": "path"}], "responses": {
                    "200": {"$ref": "#/components/responses/Thing"}, "500": {"$ref": "#/components/responses/Error"}}}}},
                "components": {"responses": {"Error": {}, "Thing": {"$ref": "#/components/schemas/Thing"}},
                    "schemas": {"Thing": {"type": kind}}}})
            .to_string()
        };
        let (one, other) = (document("/a/{key}", "string"), document("/b", "integer"));
        let put = r#"{"paths": {"/a/{id}": {"put": {"parameters": [{"name": "id", "in": "path"}]}}}}"#;
        let capability = Capability::new("c", "A title", "1");
        let group = Group::new(Capability::new("g", "Group", "1")).members(
            const { &[GroupMember::new("s-a", "a"), GroupMember::new("s-b", "b"), GroupMember::new("s-c", "c")] },
        );
        let member = |openapi| Member { capability: &capability, adapter: "", rest: None, mcp: None, openapi };
        let joined = document_of(&group, &[member(&one), member(&other), member(put)]);
        let operation = |path: &str, method: &str| joined["paths"][path][method].clone();
        assert_eq!(operation("/a/{key}", "get")["operationId"], "a_get");
        assert_eq!(operation("/b", "get")["operationId"], "b_get");
        assert_eq!(operation("/b", "get")["tags"], json!(["b"]));
        assert_eq!(operation("/b", "get")["responses"]["200"]["$ref"], "#/components/responses/b-Thing");
        assert_eq!(operation("/b", "get")["responses"]["500"]["$ref"], "#/components/responses/Error");
        assert_eq!(joined["components"]["responses"]["b-Thing"]["$ref"], "#/components/schemas/b-Thing");
        assert_eq!(joined["components"]["schemas"]["b-Thing"]["type"], "integer");
        assert_eq!(operation("/a/{key}", "put")["parameters"][0]["name"], "key");
    }

    fn document_of(group: &Group, members: &[Member<'_>]) -> Value {
        serde_json::from_str(&document(group, members)).expect("JSON")
    }
}
