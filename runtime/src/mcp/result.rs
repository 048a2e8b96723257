//! Tool results: the upstream's answer as text and, where it is JSON, as structured content.

use bytes::Bytes;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};
use crate::exposure::Exposure;
use crate::output::Output;
use crate::response::{Response, is_json};

/// The result of a call. Failures of the upstream are results, not protocol errors: the model can act on them.
pub(super) fn result(call: &Exposure, outcome: Result<Response<Bytes>, Error>) -> CallToolResult {
    match outcome.and_then(|response| success(call, response)) {
        Ok(result) => result,
        Err(error) => failure(&error),
    }
}

fn success(call: &Exposure, response: Response<Bytes>) -> Result<CallToolResult, Error> {
    if response.body().is_empty() {
        return Ok(CallToolResult::success(vec![ContentBlock::text(response.status().to_string())]));
    }
    let (operation, json) = (call.operation.name, call.operation.json_output);
    let (text, structured) = match &call.output {
        Output::Projected(projection) => {
            let document = projection.apply(response.document(operation, json)?.body());
            (document.to_string(), Some(document))
        }
        Output::Whole => {
            let raw = response.body().clone();
            let text = String::from_utf8_lossy(&raw).into_owned();
            let structured = match response.decode(operation, json).map(Response::into_body) {
                // Plain text has no structure.
                Ok(Value::String(decoded)) if decoded == text => None,
                Ok(document) => Some(document),
                // The call has succeeded, and calling it a failure might lead to a second one.
                Err(_) if is_json(&raw) => None,
                Err(error) => return Err(error),
            };
            (text, structured)
        }
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = structured;
    Ok(result)
}

fn failure(error: &Error) -> CallToolResult {
    let body = String::from_utf8_lossy(error.body());
    let mut text = error.to_string();
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&body);
    }
    let mut details = json!({ "message": error.to_string() });
    if let Value::Object(details) = &mut details {
        if let Some(status) = error.status() {
            details.insert("status".to_owned(), status.as_u16().into());
        }
        if let Some(id) = error.request_id() {
            details.insert("requestId".to_owned(), id.into());
        }
        if !body.is_empty() {
            let body = serde_json::from_slice(error.body()).unwrap_or_else(|_| Value::from(body.as_ref()));
            details.insert("body".to_owned(), body);
        }
        if let ErrorKind::Arguments(violations) = error.kind() {
            let each = violations.iter().map(|v| json!({"argument": v.parameter, "problem": v.problem}));
            details.insert("arguments".to_owned(), each.collect());
        }
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "error": details }));
    result
}
