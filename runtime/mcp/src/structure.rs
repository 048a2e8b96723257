//! What tools say of their structured content, and structured content that is as they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use naftiko_adapter::numbers;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use serde_json::{Value, json};

/// Members of errors that may be left out, the longest first.
const LEFT_OUT: [&str; 2] = ["body", "arguments"];

/// Shapes of outputs that are longer than this, in bytes, are shown once.
const SHORT: usize = 100;

/// Shows what tools return once: a result that an earlier tool returns, and a part of a result that is the result of a tool,
/// become a word about that tool. Results satisfy every shape, and a list of tools is read as a whole.
pub(super) fn name_repeated(tools: &mut [Tool]) {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for tool in &*tools {
        let shape = tool.output_schema.as_deref().and_then(members).filter(|members| members.len() > SHORT);
        shape.map(|shape| known.entry(shape).or_insert_with(|| tool.name.to_string()));
    }
    for tool in tools {
        let Some(shape) = tool.output_schema.take() else { continue };
        let shape = match namesake(&shape, &tool.name, &known) {
            Some(about) => JsonObject::from_iter([("type".to_owned(), "object".into()), about]),
            None => parts_named((*shape).clone(), &tool.name, &known),
        };
        tool.output_schema = Some(Arc::new(shape));
    }
}

/// The word about another tool than `own`, if it returns what a shape shows.
fn namesake(shape: &JsonObject, own: &str, known: &BTreeMap<String, String>) -> Option<(String, Value)> {
    let name = known.get(&members(shape)?).filter(|name| *name != own)?;
    Some(("description".to_owned(), format!("See {name}").into()))
}

/// A shape whose parts are not what other tools return.
fn parts_named(mut shape: JsonObject, own: &str, known: &BTreeMap<String, String>) -> JsonObject {
    let name = |part: &mut Value| {
        let Value::Object(part) = part else { return };
        let whole = std::mem::take(part);
        *part = match namesake(&whole, own, known) {
            Some(about) => JsonObject::from_iter([("properties".to_owned(), json!({})), about]),
            None => parts_named(whole, own, known),
        };
    };
    shape.get_mut("items").into_iter().for_each(name);
    let members = shape.get_mut("properties").and_then(Value::as_object_mut);
    members.into_iter().flat_map(JsonObject::values_mut).for_each(name);
    shape
}

/// The members of a shape, as text. `None` if there are none, or some were left out.
fn members(shape: &JsonObject) -> Option<String> {
    let members = shape.get("properties").filter(|_| !shape.contains_key("description"))?;
    Some(members.to_string())
}

/// Makes a result one that clients accept of a tool with an output schema: they check structured content, that of errors too,
/// and expect an object of every success. The structured content of an error becomes a second text, if both are as short as
/// results have to be. Anything else than an object is a member `result`.
pub(super) fn as_declared(result: &mut CallToolResult, budget: usize) {
    let content = result.structured_content.take();
    let text = || result.content.iter().find_map(|content| content.as_text()).map(|text| text.text.clone());
    if result.is_error == Some(true) {
        let room = budget.saturating_sub(text().unwrap_or_default().len());
        if let Some(text) = content.and_then(|content| fitting(content, room)) {
            result.content.push(ContentBlock::text(text));
        }
        return;
    }
    result.structured_content = Some(match content {
        Some(object) if object.is_object() => object,
        Some(other) => json!({ "result": other }),
        None => json!({ "result": text() }),
    });
}

/// The text of an error that fits, with less in it if need be.
fn fitting(mut error: Value, room: usize) -> Option<String> {
    let mut left_out = LEFT_OUT.iter();
    loop {
        let text = numbers::write(&error);
        if text.len() <= room {
            return Some(text);
        }
        error.get_mut("error")?.as_object_mut()?.remove(*left_out.next()?);
    }
}
