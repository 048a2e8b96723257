//! Tool results: the upstream's response as text and, if it is JSON, as structured content.

use bytes::Bytes;
use http::StatusCode;
use naftiko_adapter::{apply, document, numbers};
use naftiko_client::__private::is_json;
use naftiko_client::{Error, ErrorKind, Response};
use naftiko_schema::{Output, RetrySafety, Tool};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use super::Policy;
use super::budget::replacement;
use super::content;
use super::mask::{MASK, mask, returns_secrets};

/// The note in results with masked secrets.
const MASKED: &str = "Secrets are masked as ***; the operator can allow this tool to show them with --reveal-secrets.";

/// The result of a call. Failures of the upstream are results, not protocol errors: the model can act on them.
pub(super) fn result(tool: &'static Tool, policy: &Policy, outcome: Result<Response<Bytes>, Error>) -> CallToolResult {
    match outcome.and_then(|response| success(tool, policy, response)) {
        Ok(result) => result,
        Err(error) => match error.status() {
            // It has happened, and a failure would cause a second call.
            Some(status) if status.is_success() && !tool.hints.read_only => unreadable(status, &error),
            _ => failure(tool, policy, &error),
        },
    }
}

/// The result of a call that succeeded, but whose response is not there.
fn unreadable(status: StatusCode, error: &Error) -> CallToolResult {
    let text = format!("{status}. The request has succeeded, but its response cannot be read: {error}");
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn success(tool: &'static Tool, policy: &Policy, response: Response<Bytes>) -> Result<CallToolResult, Error> {
    let status = response.status();
    if response.body().trim_ascii().is_empty() {
        return Ok(CallToolResult::success(vec![ContentBlock::text(status.to_string())]));
    }
    let target = &tool.binding.target;
    if matches!(tool.binding.output, Output::Whole)
        && let Some(block) = content::block(target.name(), response.headers(), response.body())
    {
        let masked = returns_secrets(target) && !policy.reveals(&tool.name);
        let blocks = if masked { vec![ContentBlock::text(MASK), ContentBlock::text(MASKED)] } else { vec![block] };
        return Ok(CallToolResult::success(blocks));
    }
    let reveals = policy.reveals(&tool.name);
    let (text, document, masked) = match &tool.binding.output {
        Output::Projected(projection) => {
            let mut source = document(target, projection, response)?.into_body();
            // Masking comes before the projection, which may change the names that identify secrets.
            let masked = !reveals && mask(target, &mut source);
            let document = apply(projection, &source);
            (numbers::write(&document), Some(document), masked)
        }
        Output::Whole => {
            let (text, mut document) = text_and_document(tool, response)?;
            let masked = !reveals
                && match &mut document {
                    Some(document) => mask(target, document),
                    // Text, and JSON that is nested too deeply to be parsed, may contain secrets anywhere.
                    None => returns_secrets(target) || is_json(text.as_bytes()),
                };
            let text = match &document {
                _ if !masked => text,
                Some(document) => numbers::write(document),
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

/// The text of a response, and its document if it is JSON. Text in place of JSON is a success too. Only JSON that is broken is
/// an error, and only if the call can be repeated without harm.
fn text_and_document(tool: &'static Tool, response: Response<Bytes>) -> Result<(String, Option<Value>), Error> {
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let response = response.map(|body| numbers::marked(&body).map_or(body, Bytes::from));
    let body = response.body().clone();
    let target = &tool.binding.target;
    let document = match response.decode(target.name(), target.format()).map(Response::into_body) {
        // Plain text has no structure.
        Ok(Value::String(decoded)) if decoded.as_bytes() == body => None,
        Ok(document) => Some(document),
        Err(error) if tool.hints.read_only && text.trim_start().starts_with(['{', '[']) && !is_json(&body) => {
            return Err(error);
        }
        Err(_) => None,
    };
    Ok((text, document))
}

fn limited(
    tool: &'static Tool,
    policy: &Policy,
    status: StatusCode,
    text: String,
    document: Option<Value>,
) -> CallToolResult {
    if text.len() > policy.response_budget {
        return replacement(tool, status, text.len(), document, policy.response_budget);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = document;
    result
}

/// The result of a call that failed.
pub(super) fn failure(tool: &'static Tool, policy: &Policy, error: &Error) -> CallToolResult {
    let reveals = policy.reveals(&tool.name);
    let mut body = (!error.body().is_empty()).then(|| match numbers::read(error.body()) {
        Ok(document) => document,
        // JSON that cannot be read may contain secrets anywhere.
        Err(_) if !reveals && is_json(error.body()) => MASK.into(),
        Err(_) => String::from_utf8_lossy(error.body()).into(),
    });
    if let Some(body) = &mut body
        && !reveals
    {
        // A body that is not JSON may be the secret itself.
        if body.is_string() && returns_secrets(&tool.binding.target) {
            *body = Value::from(MASK);
        }
        mask(&tool.binding.target, body);
    }
    let mut text = error.to_string();
    if let Some(advice) = advice(error, tool.binding.target.retry_safety()) {
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
            let text_of = |body: &Value| body.as_str().filter(|text| !numbers::is_marked(text)).map(str::to_owned);
            let shown = text_of(&body).unwrap_or_else(|| numbers::write(&body));
            // A longer body is left out. The message already contains the most important part.
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

/// Whether to retry the call.
fn advice(error: &Error, retry_safety: RetrySafety) -> Option<String> {
    if matches!(error.kind(), ErrorKind::Arguments(_)) {
        return None;
    }
    if !error.is_transient() {
        return Some("Retrying the same call is unlikely to help.".to_owned());
    }
    let wait = error.retry_after().map(|wait| format!(" in {} s", wait.as_secs())).unwrap_or_default();
    Some(if error.may_have_acted() && retry_safety != RetrySafety::Idempotent {
        format!("The request may have taken effect. Check the current state before retrying{wait}.")
    } else {
        format!("The same call may succeed{}.", if wait.is_empty() { " later" } else { &wait })
    })
}
