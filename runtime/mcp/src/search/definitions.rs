//! The tools of search mode, as lists show them.

use std::sync::Arc;

use naftiko_schema::{Tool, ToolHints};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::super::member::annotations;
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
    let every = |is: fn(&ToolHints) -> bool| others.clone().all(|tool| is(&tool.hints));
    let reads = ToolHints { read_only: true, destructive: false, idempotent: true, open_world: false };
    let calls = ToolHints {
        read_only: every(|hints| hints.read_only),
        destructive: !every(|hints| !hints.destructive),
        idempotent: every(|hints| hints.idempotent),
        open_world: !every(|hints| !hints.open_world),
    };
    [
        (SEARCH, "Search tools", format!("Find the tools for a task among {count}, the best first."), search, &reads),
        (DESCRIBE, "Describe a tool", "Show all that a tool takes and returns.".to_owned(), describe, &reads),
        (CALL, "Call a tool", "Call a tool that search_tools found.".to_owned(), call, &calls),
    ]
    .into_iter()
    .map(|(name, title, description, schema, hints)| {
        rmcp::model::Tool::new(name, description, Arc::new(object(schema)))
            .with_title(title)
            .with_annotations(annotations(None, hints))
    })
    .collect()
}

fn object(schema: Value) -> JsonObject {
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}
