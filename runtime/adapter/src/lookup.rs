//! Lookups: searching the output of a step for one value, or for each value of a list.

use naftiko_schema::Lookup;
use serde_json::{Map, Value};

use crate::numbers;
use crate::source::{Scope, document};

/// What a lookup finds: the first item that matches, or for a list of values a list with an item for each that is found. `None`
/// if there is nothing to look for, or nothing is found.
pub(crate) fn found(lookup: &Lookup, scope: Scope<'_>) -> Option<Value> {
    let output = scope.outputs.get(lookup.list.index())?.as_ref()?;
    let items = match output {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let first = |wanted: &str| {
        let matches = |item: &&Value| item.get(&*lookup.key).is_some_and(|value| text(value) == wanted);
        items.iter().find(matches).map(|item| members(lookup, item))
    };
    let wanted = scope.value(&lookup.value)?;
    match document(&wanted)? {
        Value::Array(values) => Some(values.iter().filter_map(|value| first(&text(value))).collect()),
        single => first(&text(&single)),
    }
}

/// A value as it is compared: a text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) if !numbers::is_marked(text) => text.clone(),
        other => numbers::write(other),
    }
}

/// The members that the lookup asks for; those that an item does not have are null. Where it asks for none, the whole item.
fn members(lookup: &Lookup, item: &Value) -> Value {
    if lookup.members.is_empty() {
        return item.clone();
    }
    let member =
        |name: &naftiko_schema::Text| (name.clone().into_owned(), item.get(&**name).cloned().unwrap_or_default());
    Value::Object(lookup.members.iter().map(member).collect::<Map<_, _>>())
}
