//! What is shown of the schemas of results.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use super::{DEFINITIONS, Shape, Shown, few, is_null, kinds, list};

/// The most levels of objects that are shown.
const LEVELS: usize = 3;
/// How long the schema of an output may be, in bytes.
pub(super) const BUDGET: usize = 2 << 10;

/// The shape of what a tool returns: names of members, and their usual kinds. It constrains nothing, because clients reject
/// results that do not satisfy it, and upstreams add values, send null, and change kinds. `None` if it is not an object.
/// `source` is where the whole schema is.
pub(in super::super) fn output(schema: &str, source: &str) -> Option<Shown> {
    let document = object(schema)?;
    let shape = |levels, members| {
        let mut shape = Shape::new(&document, levels, members, BUDGET, source);
        let mut root = shape.output(&document, 0)?;
        root.insert("type".to_owned(), "object".into());
        root.entry("properties").or_insert_with(|| json!({}));
        shape.fitting(root)
    };
    (1..=LEVELS).rev().find_map(|levels| shape(levels, usize::MAX)).or_else(|| few(|members| shape(1, members)))
}

/// The true schema of what a tool returns. `None` if it is not an object.
pub(in super::super) fn full(schema: &str) -> Option<Shown> {
    let mut document = object(schema)?;
    unmark(&mut document);
    let Value::Object(mut schema) = document else { return None };
    schema.insert("type".to_owned(), "object".into());
    Some(Shown { schema, is_cut: false })
}

/// Removes keywords that only this project knows.
fn unmark(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-naftiko-"));
            members.values_mut().for_each(unmark);
        }
        Value::Array(items) => items.iter_mut().for_each(unmark),
        _ => {}
    }
}

/// The schema of a text, if it is that of objects alone.
fn object(schema: &str) -> Option<Value> {
    let document: Value = serde_json::from_str(schema).ok()?;
    let target = document.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(DEFINITIONS));
    let own = target.and_then(|name| document.get("$defs")?.get(name)).unwrap_or(&document);
    let kinds = kinds(own);
    let is_object = kinds.contains(&"object") && kinds.iter().all(|kind| ["object", "null"].contains(kind));
    (is_object && own.get("anyOf").is_none()).then_some(document)
}

impl<'d> Shape<'d> {
    fn output(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let Some((name, target)) = self.referred(schema) else { return self.of_output(schema, depth) };
        if self.inside.contains(&name) {
            return self.leaf(&kinds(target));
        }
        self.inside.push(name);
        let shown = self.of_output(target, depth);
        self.inside.pop();
        shown
    }

    fn of_output(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let forms: Vec<_> = list(schema, "anyOf").iter().filter(|form| !is_null(form)).collect();
        if let [only] = forms.as_slice() {
            return self.output(only, depth);
        }
        let mut shown = Map::new();
        let kinds: Vec<_> = kinds(schema).into_iter().filter(|kind| *kind != "null").collect();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let mut members = Map::new();
            for (name, member) in properties.iter().take(self.room(depth)) {
                self.write(name.len() + "\"\":{},".len())?;
                members.insert(name.clone(), self.output(member, depth + 1)?.into());
            }
            let omitted = properties.len() - members.len();
            // What has parts shows of which kind it is.
            if members.is_empty() {
                shown = self.leaf(&kinds)?;
            } else {
                shown.insert("properties".to_owned(), members.into());
            }
            if omitted > 0 {
                let about = self.omitted(omitted);
                self.describe(&mut shown, about)?;
            }
        } else if let (["array"], Some(items)) = (kinds.as_slice(), schema.get("items")) {
            shown.insert("items".to_owned(), self.output(items, depth)?.into());
        } else {
            shown = self.leaf(&kinds)?;
        }
        Some(shown)
    }

    /// A value without parts: of one of these kinds as a rule, but upstreams send null for every member, and numbers as text. Most
    /// are text, which is said by a keyword about text alone that every value satisfies, in a third of the bytes.
    fn leaf(&mut self, kinds: &[&str]) -> Option<JsonObject> {
        let kinds: Vec<_> = kinds.iter().copied().filter(|kind| *kind != "null").collect();
        let any = || json!({ "minLength": 0 });
        let leaf = match kinds.as_slice() {
            [] => Value::Null,
            ["string"] => any(),
            kinds => {
                let forms: Value = kinds.iter().map(|kind| json!({ "type": kind })).chain([any()]).collect();
                json!({ "anyOf": forms })
            }
        };
        self.write(leaf.to_string().len())?;
        Some(leaf.as_object().cloned().unwrap_or_default())
    }
}
