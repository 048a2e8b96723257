//! The way of a call: admitted, checked, agreed to, sent, awaited.

use std::time::Duration;

use http::HeaderValue;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::confirm::{Destructive, Verdict};
use super::result::{failure, result};
use super::{Policy, Tool};
use crate::argument::Violation;
use crate::arguments::{Argument, Arguments};
use crate::client::{Connection, Preview};
use crate::error::Error;
use crate::exposure::{Forwarded, Principal, Values, unknown_input};
use crate::operation::Kind;
use crate::trace::{self, TRACEPARENT, TRACESTATE};

/// How often a client that wants to know hears that a call is still under way.
const PROGRESS: Duration = Duration::from_secs(1);

/// Calls a tool, or says why not. What a client can do something about is a result, so that models see it.
pub(super) async fn call(
    tool: &Tool,
    connection: &Connection,
    policy: &Policy,
    mut params: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let _place = match policy.admit() {
        Ok(place) => place,
        Err(much) => {
            let text = format!("{}: nothing was sent, {}; try again in {} s", tool.name, much.problem, much.wait);
            return Ok(refused(text).into());
        }
    };
    // Only what is agreed to is looked at again.
    let asked = tool.hints.destructive.then(|| params.clone());
    let checked = values(tool, params.arguments.take()).and_then(|values| tool.call.checked(values));
    let arguments = match checked {
        Ok(arguments) => arguments,
        Err(error) => return Ok(failure(tool, policy, &error).into()),
    };
    if policy.dry_run || asked.is_some() {
        let preview = match tool.call.preview(connection, &arguments) {
            Ok(preview) => preview,
            Err(error) => return Ok(failure(tool, policy, &error).into()),
        };
        if policy.dry_run {
            return Ok(shown(&preview).into());
        }
        if let Some(params) = &asked {
            let parts = context.extensions.get::<http::request::Parts>();
            let principal = parts.and_then(|parts| parts.extensions.get::<Principal>()).map(Principal::id);
            let call = Destructive { tool, request: line(&preview), params, principal };
            match call.verdict(policy, context).await? {
                Verdict::Go => {}
                Verdict::Ask(question) => return Ok(question.into()),
                Verdict::Refused(why) => return Ok(refused(format!("{}: nothing was sent, {why}", tool.name)).into()),
            }
        }
    }
    sent(tool, connection, policy, arguments, context).await
}

/// Sends the request and waits for its answer, as long as the client does.
async fn sent(
    tool: &Tool,
    connection: &Connection,
    policy: &Policy,
    arguments: Arguments,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    tokio::select! {
        outcome = tool.call.execute(connection, arguments, forwarded(context)) => Ok(result(tool, policy, outcome).into()),
        // Dropping the call closes the upstream request; nobody waits for this answer any more.
        () = context.ct.cancelled() => Err(cancelled()),
        never = progress(context) => match never {},
    }
}

/// The header fields that go upstream. The trace is that of the HTTP request, which is nearer, or else the message's own.
pub(super) fn forwarded(context: &RequestContext<RoleServer>) -> Forwarded {
    let parts = context.extensions.get::<http::request::Parts>();
    let mut forwarded = parts.and_then(|parts| parts.extensions.get::<Forwarded>()).cloned().unwrap_or_default();
    let traced = parts.is_some_and(|parts| parts.headers.contains_key(TRACEPARENT));
    if let Some(parent) = context.meta.get_traceparent().filter(|_| !traced) {
        let state = context.meta.get_tracestate();
        let fields = [(TRACEPARENT, Some(parent)), (TRACESTATE, state)].into_iter();
        let fields = fields.filter_map(|(name, text)| Some((name, HeaderValue::from_str(text?).ok()?)));
        forwarded.0.extend(trace::context(&fields.collect()));
    }
    forwarded
}

pub(super) fn cancelled() -> ErrorData {
    ErrorData::internal_error("the call was cancelled", None)
}

/// Tells a client that wants to know that the call is still under way.
async fn progress(context: &RequestContext<RoleServer>) -> std::convert::Infallible {
    if let Some(token) = context.meta.get_progress_token() {
        let mut ticks = interval_at(Instant::now() + PROGRESS, PROGRESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seconds = 0.0;
        loop {
            ticks.tick().await;
            seconds += PROGRESS.as_secs_f64();
            let told = ProgressNotificationParam::new(token.clone(), seconds).with_message("waiting for the upstream");
            if context.peer.notify_progress(told).await.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}

/// The values of a tool's inputs.
fn values(tool: &Tool, arguments: Option<JsonObject>) -> Result<Values, Error> {
    let inputs = tool.call.inputs();
    let mut values = tool.call.values();
    let mut violations: Vec<Violation> = Vec::new();
    for (name, value) in arguments.into_iter().flatten() {
        match inputs.iter().zip(&mut values).find(|(input, _)| input.name == name) {
            // Null stands for "left out" where it could not be meant as a value; models like to write it.
            Some((input, _)) if value == Value::Null && input.kind != Kind::Any => {}
            Some((_, slot)) => *slot = Some(Argument::Value(value)),
            None => violations.push(unknown_input(&name, inputs)),
        }
    }
    if violations.is_empty() { Ok(values) } else { Err(Error::arguments(tool.call.operation.name, violations)) }
}

fn refused(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// The request of a dry run, as text for people and as a document.
fn shown(preview: &Preview) -> CallToolResult {
    let body = preview.body.as_ref().map(|body| String::from_utf8_lossy(body));
    let mut text = format!("Nothing was sent. This is a dry run of\n{} {}\n", preview.method, preview.url);
    for (name, value) in &preview.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(body) = &body {
        text.push_str(&format!("\n{body}"));
    }
    let headers: Vec<_> = preview.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let request = json!({"method": preview.method, "url": preview.url, "headers": headers, "body": body});
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "dryRun": request }));
    result
}

/// The request in a line, for people. Callers are told no more of where it goes than its path.
fn line(preview: &Preview) -> String {
    let path = url::Url::parse(&preview.url).map(|url| url.path().to_owned()).unwrap_or_default();
    format!("{} {path}", preview.method)
}
