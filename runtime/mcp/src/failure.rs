//! The results of calls that failed.

use naftiko_adapter::numbers;
use naftiko_client::{Error, ErrorKind};
use naftiko_schema::{RetrySafety, Tool};
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::Policy;
use super::content::{self, Body};
use super::mask::MASK;
use super::shown::Shown;

/// The result of a call that failed. It is as short as any other result.
pub(super) fn failure(tool: &'static Tool, policy: &Policy, error: &Error) -> CallToolResult {
    let (target, budget) = (&tool.binding.target, policy.response_budget);
    let body = body(tool, policy.reveals(&tool.name), error);
    // The message says no more than the body shows.
    let own = error.text_for(body.as_ref().filter(|shown| shown.text != MASK).map(|shown| shown.text.as_bytes()));
    let body = body.map(|shown| shown.document.unwrap_or_else(|| shown.text.into()));
    let mut text = own.clone();
    if let Some(advice) = advice(error, target.retry_safety()) {
        text.push_str(&format!("\n{advice}"));
    }
    let mut details = Map::new();
    details.insert("retryable".to_owned(), error.is_transient().into());
    if let Some(status) = error.status() {
        details.insert("status".to_owned(), status.as_u16().into());
    }
    if let Some(id) = error.request_id() {
        details.insert("requestId".to_owned(), id.into());
    }
    if let Some(wait) = error.retry_after() {
        details.insert("retryAfterSeconds".to_owned(), wait.as_secs().into());
    }
    match error.kind() {
        ErrorKind::Arguments(violations) => {
            details.insert("message".to_owned(), "nothing was sent, the arguments are invalid".into());
            let mut room = budget.saturating_sub(200);
            let each = violations.iter().map(|violation| {
                let mut shown = json!({"argument": violation.parameter, "problem": violation.problem});
                if let (Some(pointer), Value::Object(shown)) = (&violation.pointer, &mut shown) {
                    shown.insert("pointer".to_owned(), pointer.as_str().into());
                }
                shown
            });
            let fits = |violation: &Value| {
                let left = room.checked_sub(violation.to_string().len());
                room = left.unwrap_or_default();
                left.is_some()
            };
            let shown: Vec<_> = each.take_while(fits).collect();
            let omitted = error.omitted_violations() + violations.len() - shown.len();
            if omitted > 0 {
                details.insert("omittedArguments".to_owned(), omitted.into());
            }
            details.insert("arguments".to_owned(), shown.into());
        }
        _ => {
            details.insert("message".to_owned(), own.into());
        }
    }
    if let Some(body) = body {
        let json = numbers::write(&body);
        let text_of = |body: &Value| body.as_str().filter(|text| !numbers::is_marked(text)).map(str::to_owned);
        let shown = format!("\nThe upstream's response:\n{}", text_of(&body).as_deref().unwrap_or(&json));
        let around = Value::Object(details.clone()).to_string().len();
        // A longer body is left out. The message already contains the most important part.
        if text.len() + shown.len() <= budget && around + json.len() <= budget {
            text.push_str(&shown);
            details.insert("body".to_owned(), body);
        }
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(cut(text, budget))]);
    result.structured_content = Some(json!({ "error": details }));
    result
}

/// The error of a call that was cancelled. The client gets no response.
pub(super) fn cancelled() -> ErrorData {
    ErrorData::internal_error("the call was cancelled", None)
}

/// The body of an error response as models may read it.
fn body(tool: &'static Tool, reveals: bool, error: &Error) -> Option<Shown> {
    let body = Some(error.body()).filter(|body| !body.is_empty())?;
    let media_type = error.headers().and_then(content::media_type);
    Some(match content::read(media_type.as_deref(), body) {
        Body::Text(text) => Shown::text(&tool.binding.target, reveals, media_type.as_deref(), text),
        Body::Bytes(_) | Body::Unreadable => Shown::hidden(),
    })
}

/// The first lines of a text, up to a length in bytes.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit.saturating_sub('…'.len_utf8());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
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
