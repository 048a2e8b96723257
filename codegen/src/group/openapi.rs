//! The OpenAPI document of a group: those of its members, joined.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{Group, Text};
use serde_json::{Map, Value, json};

use super::Member;
use crate::emit::MARKER;
use crate::emit::openapi::text;

/// Where a document says what it refers to.
const COMPONENTS: &str = "#/components/";

/// The document of all routes; empty if there are none. Operations have the name of their member as their only tag. A component
/// that means something else in an earlier document gets the name of its member.
pub(super) fn document(group: &Group, members: Vec<Member<'_>>) -> String {
    let members = group.members.iter().zip(members).filter_map(|(member, source)| match source.openapi {
        Some(Value::Object(document)) => Some((&member.name, &*source.capability.title, document)),
        _ => None,
    });
    let mut members = members.peekable();
    let Some((_, _, first)) = members.peek() else { return String::new() };
    let about = first.iter().filter(|(name, _)| !matches!(name.as_str(), "paths" | "components"));
    let mut joined: Map<_, _> = about.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut components = json!({});
    let (mut all, mut titles, mut tags) = (Vec::new(), Vec::new(), Vec::new());
    for (name, title, mut document) in members {
        let mut paths = document.remove("paths").unwrap_or_default();
        let mut own = document.remove("components").unwrap_or_else(|| json!({}));
        with_own_names(&mut own, &mut paths, name, &components);
        add_components(&mut components, own);
        titles.push(title);
        tags.push(json!({"name": name, "description": title}));
        all.push((name, paths));
    }
    let paths = joined_paths(all);
    let operations = paths.values().filter_map(Value::as_object).map(Map::len).sum();
    joined
        .insert("x-generated".to_owned(), format!("{MARKER}. Do not edit: change the specifications instead.").into());
    if let Some(Value::Object(info)) = joined.get_mut("info") {
        info.insert("title".to_owned(), (*group.about.title).into());
        info.insert("description".to_owned(), titles.join("; ").into());
    }
    joined.extend([
        ("tags".to_owned(), tags.into()),
        ("paths".to_owned(), paths.into()),
        ("components".to_owned(), components),
    ]);
    text(&Value::Object(joined), operations)
}

/// The paths of all documents, whose operations have ids of their own.
fn joined_paths(documents: Vec<(&Text, Value)>) -> Map<String, Value> {
    let repeated = repeated_ids(documents.iter().map(|(_, paths)| paths));
    let (mut ids, mut all, mut known) = (BTreeSet::new(), Map::new(), BTreeMap::new());
    for (name, paths) in documents {
        let Value::Object(paths) = paths else { continue };
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
            add_path(&mut all, &mut known, path, item);
        }
    }
    all
}

/// The ids that operations of several documents have.
fn repeated_ids<'d>(documents: impl Iterator<Item = &'d Value>) -> BTreeSet<String> {
    let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for paths in documents {
        let paths = paths.as_object().into_iter().flat_map(Map::values);
        let operations = paths.filter_map(Value::as_object).flat_map(Map::values);
        let ids = operations.filter_map(|operation| operation.get("operationId")?.as_str());
        repeated.extend(ids.filter(|id| !seen.insert(*id)).map(str::to_owned));
    }
    repeated
}

/// Names the components of a document so that none has the name of another one in `known`. A component
/// with a changed reference has changed, so what refers to it has to change as well, until nothing does. Each gets a name of its own
/// once.
fn with_own_names(components: &mut Value, paths: &mut Value, member: &str, known: &Value) {
    let mut own: BTreeSet<String> = BTreeSet::new();
    loop {
        let others = others(components, known).filter(|name| !own.contains(name)).collect::<BTreeSet<_>>();
        if others.is_empty() {
            return;
        }
        rename(components, &others, member);
        redirect(components, &others, member);
        redirect(paths, &others, member);
        own.extend(others.iter().filter_map(|name| renamed(name, member)));
    }
}

/// The components that mean something else in `known`, as `section/name`.
fn others<'d>(components: &'d Value, known: &'d Value) -> impl Iterator<Item = String> + 'd {
    let sections = components.as_object().into_iter().flatten();
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

/// Gives these components, as `section/name`, the name of a member.
fn rename(components: &mut Value, others: &BTreeSet<String>, member: &str) {
    for (section, all) in components.as_object_mut().into_iter().flatten() {
        let Value::Object(all) = all else { continue };
        let own = std::mem::take(all).into_iter().map(|(name, component)| {
            let is_other = others.contains(&format!("{section}/{name}"));
            (if is_other { format!("{member}-{name}") } else { name }, component)
        });
        *all = own.collect();
    }
}

/// Changes references to these components accordingly.
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
/// `known` has the paths that are there, by what they are without names.
fn add_path(
    all: &mut Map<String, Value>,
    known: &mut BTreeMap<String, String>,
    path: String,
    mut item: Map<String, Value>,
) {
    let known = known.entry(anonymous(&path)).or_insert_with(|| path.clone()).clone();
    let renamed: Vec<_> = placeholders(&path).into_iter().zip(placeholders(&known)).collect();
    let parameters = item.values_mut().filter_map(|operation| operation.get_mut("parameters")?.as_array_mut());
    for parameter in parameters.flatten().filter_map(Value::as_object_mut) {
        if parameter.get("in").and_then(Value::as_str) != Some("path") {
            continue;
        }
        let own = parameter.get("name").and_then(Value::as_str);
        if let Some((_, name)) = renamed.iter().find(|(from, _)| Some(*from) == own) {
            parameter.insert("name".to_owned(), (*name).into());
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
        };
        let (one, other) = (document("/a/{key}", "string"), document("/b", "integer"));
        let put = json!({"paths": {"/a/{id}": {"put": {"parameters": [{"name": "id", "in": "path"}]}}}});
        let capability = Capability::new("c", "A title", "1");
        let group = Group::new(Capability::new("g", "Group", "1")).members(
            const { &[GroupMember::new("s-a", "a"), GroupMember::new("s-b", "b"), GroupMember::new("s-c", "c")] },
        );
        let member =
            |openapi| Member { capability: &capability, adapter: "", rest: None, mcp: None, openapi: Some(openapi) };
        let joined = document_of(&group, vec![member(one), member(other), member(put)]);
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

    fn document_of(group: &Group, members: Vec<Member<'_>>) -> Value {
        serde_json::from_str(&document(group, members)).expect("JSON")
    }
}
