//! Tool results: the upstream's answer as text and, where it is JSON, as structured content.

use bytes::Bytes;
use http::StatusCode;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use super::budget::instead;
use super::content;
use super::mask::{MASK, gives_secrets, mask};
use super::{Policy, Tool};
use crate::error::{Error, ErrorKind};
use crate::operation::Repeat;
use crate::output::Output;
use crate::response::{Response, is_json};

/// What is said beside an answer in which something is masked.
const MASKED: &str =
    "Secrets are masked as ***; whoever runs the server can let this tool show them with --reveal-secrets.";

/// The result of a call. Failures of the upstream are results, not protocol errors: the model can act on them.
pub(super) fn result(tool: &Tool, policy: &Policy, outcome: Result<Response<Bytes>, Error>) -> CallToolResult {
    match outcome.and_then(|response| success(tool, policy, response)) {
        Ok(result) => result,
        Err(error) => failure(tool, policy, &error),
    }
}

fn success(tool: &Tool, policy: &Policy, response: Response<Bytes>) -> Result<CallToolResult, Error> {
    let status = response.status();
    if response.body().is_empty() {
        return Ok(CallToolResult::success(vec![ContentBlock::text(status.to_string())]));
    }
    let operation = tool.call.operation;
    if matches!(tool.call.output, Output::Whole)
        && let Some(block) = content::block(operation.name, response.headers(), response.body())
    {
        let masked = gives_secrets(operation) && !policy.reveals(tool.name);
        let blocks = if masked { vec![ContentBlock::text(MASK), ContentBlock::text(MASKED)] } else { vec![block] };
        return Ok(CallToolResult::success(blocks));
    }
    let reveals = policy.reveals(tool.name);
    let (text, document, masked) = match &tool.call.output {
        Output::Projected(projection) => {
            let mut source = response.document(operation.name, operation.json_output)?.into_body();
            // Before it is made over, as names say what is a secret, and a projection gives its own.
            let masked = !reveals && mask(operation, &mut source);
            let document = projection.apply(&source);
            (document.to_string(), Some(document), masked)
        }
        Output::Whole => {
            let (text, mut document) = whole(tool, response)?;
            let masked = !reveals
                && match &mut document {
                    Some(document) => mask(operation, document),
                    // Nobody knows what is in a text, or in JSON that is nested too deeply to be read.
                    None => gives_secrets(operation) || is_json(text.as_bytes()),
                };
            let text = match &document {
                _ if !masked => text,
                Some(document) => document.to_string(),
                None => MASK.to_owned(),
            };
            (text, document, masked)
        }
    };
    let mut result = limited(tool, policy, status, text, document);
    if masked {
        result.content.push(ContentBlock::text(MASKED));
    }
    Ok(result)
}

/// An answer as it came, and as a document where it is one.
fn whole(tool: &Tool, response: Response<Bytes>) -> Result<(String, Option<Value>), Error> {
    let raw = response.body().clone();
    let text = String::from_utf8_lossy(&raw).into_owned();
    let operation = tool.call.operation;
    let document = match response.decode(operation.name, operation.json_output).map(Response::into_body) {
        // Plain text has no structure.
        Ok(Value::String(decoded)) if decoded == text => None,
        Ok(document) => Some(document),
        // The call has succeeded, and calling it a failure might lead to a second one.
        Err(_) if is_json(&raw) => None,
        Err(error) => return Err(error),
    };
    Ok((text, document))
}

fn limited(tool: &Tool, policy: &Policy, status: StatusCode, text: String, document: Option<Value>) -> CallToolResult {
    if text.len() > policy.response_budget {
        return instead(tool, status, text.len(), document, policy.response_budget);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = document;
    result
}

/// The result of a call that failed.
pub(super) fn failure(tool: &Tool, policy: &Policy, error: &Error) -> CallToolResult {
    let mut body = (!error.body().is_empty()).then(|| {
        let text = String::from_utf8_lossy(error.body());
        serde_json::from_slice(error.body()).unwrap_or_else(|_| Value::from(text.as_ref()))
    });
    if let Some(body) = &mut body
        && !policy.reveals(tool.name)
    {
        // An answer that is not understood may be what the operation is there to give.
        if body.is_string() && gives_secrets(tool.call.operation) {
            *body = Value::from(MASK);
        }
        mask(tool.call.operation, body);
    }
    let mut text = error.to_string();
    if let Some(advice) = advice(error, tool.call.operation.repeat) {
        text.push_str(&format!("\n{advice}"));
    }
    let mut details = json!({ "message": error.to_string(), "retryable": error.is_transient() });
    if let Value::Object(details) = &mut details {
        if let Some(status) = error.status() {
            details.insert("status".to_owned(), status.as_u16().into());
        }
        if let Some(id) = error.request_id() {
            details.insert("requestId".to_owned(), id.into());
        }
        if let Some(wait) = error.retry_after() {
            details.insert("retryAfterSeconds".to_owned(), wait.as_secs().into());
        }
        if let ErrorKind::Arguments(violations) = error.kind() {
            let each = violations.iter().map(|v| json!({"argument": v.parameter, "problem": v.problem}));
            details.insert("arguments".to_owned(), each.collect());
        }
        if let Some(body) = body {
            let shown = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            // What the upstream says first is worth most, and the message has it already.
            if shown.len() <= policy.response_budget {
                text.push_str(&format!("\n{shown}"));
                details.insert("body".to_owned(), body);
            }
        }
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "error": details }));
    result
}

/// Whether it helps to call again.
fn advice(error: &Error, repeat: Repeat) -> Option<String> {
    if matches!(error.kind(), ErrorKind::Arguments(_)) {
        return None;
    }
    if !error.is_transient() {
        return Some("The same call will hardly end otherwise.".to_owned());
    }
    let wait = error.retry_after().map(|wait| format!(" in {} s", wait.as_secs())).unwrap_or_default();
    Some(if error.may_have_acted() && repeat != Repeat::Always {
        format!("It may have happened all the same: look before you call again{wait}.")
    } else {
        format!("The same call may succeed{}.", if wait.is_empty() { " later" } else { &wait })
    })
}
