//! Structured content of results of tools that say what it is.

use rmcp::model::CallToolResult;
use serde_json::json;

/// Makes a result one that clients accept of a tool with an output schema: they check structured content, that of errors too,
/// and expect an object of every success. Errors are text alone; anything else than an object is a member `result`.
pub(super) fn as_declared(result: &mut CallToolResult) {
    let content = result.structured_content.take();
    if result.is_error == Some(true) {
        return;
    }
    let text = || result.content.iter().find_map(|content| content.as_text()).map(|text| text.text.clone());
    result.structured_content = Some(match content {
        Some(object) if object.is_object() => object,
        Some(other) => json!({ "result": other }),
        None => json!({ "result": text() }),
    });
}
