//! The tools of search mode, as lists show them.

use std::sync::Arc;

use naftiko_schema::Tool;
use rmcp::model::{JsonObject, ToolAnnotations};
use serde_json::{Value, json};

use super::{FOUND, MOST};

pub(super) const SEARCH: &str = "search_tools";
pub(super) const DESCRIBE: &str = "describe_tool";
pub(super) const CALL: &str = "call_tool";

/// The tools, where these are the others.
pub(super) fn definitions(others: impl Iterator<Item = &'static Tool> + Clone) -> Vec<rmcp::model::Tool> {
    let count = others.clone().count();
    let name = json!({"type": "string", "description": "The name of the tool"});
    let search = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What shall be done, in a few words: reboot a server"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": format!("How many tools to show; {FOUND} unless set")},
        },
        "required": ["query"],
    });
    let describe = json!({"type": "object", "properties": {"name": name}, "required": ["name"]});
    let call = json!({
        "type": "object",
        "properties": {"name": name, "arguments": {"type": "object", "description": "The inputs of the tool"}},
        "required": ["name"],
    });
    let reads = ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false));
    let every = |is: fn(&Tool) -> bool| others.clone().all(is);
    let calls = ToolAnnotations::from_raw(
        None,
        Some(every(|tool| tool.hints.read_only)),
        Some(!every(|tool| !tool.hints.destructive)),
        Some(every(|tool| tool.hints.idempotent)),
        Some(!every(|tool| !tool.hints.open_world)),
    );
    [
        (SEARCH, "Search tools", format!("Find the tools for a task among {count}, the best first."), search, &reads),
        (DESCRIBE, "Describe a tool", "Show all that a tool takes and returns.".to_owned(), describe, &reads),
        (CALL, "Call a tool", "Call a tool that search_tools found.".to_owned(), call, &calls),
    ]
    .into_iter()
    .map(|(name, title, description, schema, annotations)| {
        rmcp::model::Tool::new(name, description, Arc::new(object(schema)))
            .with_title(title)
            .with_annotations(annotations.clone())
    })
    .collect()
}

fn object(schema: Value) -> JsonObject {
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}
