//! What tools say of their structured content, and structured content that is as they say.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use naftiko_adapter::numbers;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use serde_json::{Value, json};

/// Members of errors that may be left out, the longest first.
const LEFT_OUT: [&str; 2] = ["body", "arguments"];

/// Shapes of outputs that are longer than this, in bytes, are shown once.
const SHORT: usize = 100;

/// Replaces the shape of what a tool returns, if an earlier tool returns the same, by a word about that tool: results satisfy
/// every shape, and a list of tools is read as a whole.
pub(super) fn name_repeated(tools: &mut [Tool]) {
    let mut known: HashMap<String, String> = HashMap::new();
    for tool in tools {
        let Some(shape) = tool.output_schema.as_ref().map(|shape| Value::Object((**shape).clone()).to_string()) else {
            continue;
        };
        match known.entry(shape) {
            Entry::Occupied(first) if first.key().len() > SHORT => {
                let about = format!("The same as {} returns", first.get());
                let shape =
                    JsonObject::from_iter([("type".into(), "object".into()), ("description".into(), about.into())]);
                tool.output_schema = Some(Arc::new(shape));
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => drop(place.insert(tool.name.to_string())),
        }
    }
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
