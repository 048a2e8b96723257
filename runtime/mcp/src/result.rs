//! Tool results: the upstream's response as text and, if it is JSON, as structured content.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use naftiko_adapter::{apply, document, numbers};
use naftiko_client::__private::{is_json, is_plain_text};
use naftiko_client::{Error, Response};
use naftiko_schema::{Output, Tool};
use rmcp::model::{CallToolResult, ContentBlock};

use super::Policy;
use super::budget::replacement;
use super::content::{self, Body};
use super::failure::failure;
use super::long::{Document, is_long};
use super::mask::clean;
use super::shown::{Shown, shows_bytes};

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
    let (status, target) = (response.status(), &tool.binding.target);
    if response.body().trim_ascii().is_empty() {
        return Ok(CallToolResult::success(Vec::new()));
    }
    let reveals = policy.reveals(&tool.name);
    let shown = match &tool.binding.output {
        Output::Projected(projection) => {
            let media_type = content::media_type(response.headers());
            let body = response.body().clone();
            let mut source = document(target, projection, response)?.into_body();
            // Masking comes before the projection, which may change the names that identify secrets.
            let changes = clean(target, reveals, &mut source);
            let shape = apply(projection, &source);
            let written =
                |document, masked| Shown { text: numbers::write(&document), document: Some(document), masked };
            // If nothing is found, the model gets all, as the upstream wrote it.
            match std::str::from_utf8(&body) {
                _ if !shape.is_null() => written(shape.into_value(), changes.masked),
                Ok(text) if target.format().is_json() => {
                    Shown::text(target, reveals, media_type.as_deref(), text.trim_start_matches('\u{feff}').into())
                }
                _ => written(source, changes.masked),
            }
        }
        Output::Whole => {
            let media_type = content::media_type(response.headers());
            let response = content::in_utf8(target, media_type.as_deref(), response);
            let body = response.body().clone();
            match content::of(target, media_type.as_deref(), &body) {
                Body::Text(text) if is_long(text.as_bytes(), policy) => {
                    return Ok(of_long_text(tool, policy, status, &text, response.headers()));
                }
                Body::Text(text) => of_text(tool, reveals, media_type.as_deref(), text, response)?,
                Body::Bytes(media_type) if shows_bytes(target, reveals, media_type.as_deref(), &body) => {
                    return Ok(of_bytes(tool, policy, status, media_type, &body));
                }
                Body::Unreadable if reveals => return Ok(of_bytes(tool, policy, status, None, &body)),
                Body::Bytes(_) | Body::Unreadable => Shown::hidden(),
            }
        }
    };
    let masked = shown.masked;
    let mut result = limited(tool, policy, status, shown);
    if masked {
        result.content.push(ContentBlock::text(MASKED));
    }
    Ok(result)
}

/// A text, and its document if it is JSON and meant to be. Text in place of JSON is a success too. Only JSON that is broken is
/// an error, and only if the call can be repeated without harm.
fn of_text(
    tool: &'static Tool,
    reveals: bool,
    media_type: Option<&str>,
    text: Cow<'_, str>,
    response: Response<Bytes>,
) -> Result<Shown, Error> {
    let target = &tool.binding.target;
    let is_document = target.format().is_json() && !is_plain_text(response.headers());
    let is_broken = is_document && tool.hints.read_only && text.trim_start().starts_with(['{', '[']);
    let mut shown = Shown::text(target, reveals, media_type, text);
    if is_broken && shown.document.is_none() && !is_json(response.body()) {
        response.decode::<serde_json::Value>(target.name(), target.format())?;
    }
    // Plain text has no structure.
    shown.document = shown.document.filter(|_| is_document);
    Ok(shown)
}

/// The result of a text that is far longer than a result may be. No more of it is read than can be shown.
fn of_long_text(
    tool: &'static Tool,
    policy: &Policy,
    status: StatusCode,
    text: &str,
    headers: &HeaderMap,
) -> CallToolResult {
    let (target, budget) = (&tool.binding.target, policy.response_budget);
    let is_document = target.format().is_json() && !is_plain_text(headers);
    let mut document = is_document.then(|| Document::read(text, budget)).flatten();
    let masked =
        document.as_mut().is_some_and(|document| clean(target, policy.reveals(&tool.name), &mut document.value).masked);
    let mut result = replacement(tool, status, text.len(), document, budget);
    if masked && result.structured_content.is_some() {
        result.content.push(ContentBlock::text(MASKED));
    }
    result
}

/// The result of a response that is not text.
fn of_bytes(
    tool: &'static Tool,
    policy: &Policy,
    status: StatusCode,
    media_type: Option<String>,
    body: &[u8],
) -> CallToolResult {
    if content::encoded_length(body) > policy.response_budget {
        return replacement(tool, status, content::encoded_length(body), None, policy.response_budget);
    }
    CallToolResult::success(vec![content::block(tool.binding.target.name(), media_type, body)])
}

fn limited(tool: &'static Tool, policy: &Policy, status: StatusCode, shown: Shown) -> CallToolResult {
    let Shown { text, document, .. } = shown;
    if text.len() > policy.response_budget {
        return replacement(tool, status, text.len(), document.map(Document::whole), policy.response_budget);
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = document;
    result
}
