//! A tool call: admission, checks, confirmation, execution.

use std::time::Duration;

use naftiko_adapter::trace::TRACEPARENT;
use naftiko_adapter::{Forwarded, Planned, Principal, check_credential, execute, is_long, offload, preview};
use naftiko_client::__private::{Arguments, Connection};
use naftiko_client::ErrorKind;
use naftiko_schema::Tool;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, NumberOrString, ProgressNotificationParam,
    ProgressToken,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Policy;
use super::accept::JsonOnly;
use super::audit::AuditOutcome;
use super::confirm::{Destructive, Verdict, is_impossible};
use super::failure::{cancelled, failure};
use super::forwarded::forwarded;
use super::inputs::Inputs;
use super::limits::Limited;
use super::mask::view;
use super::plan::{dry_run, line};
use super::result::result;
use super::trail::Ended;

/// The interval of progress notifications.
const PROGRESS: Duration = Duration::from_secs(1);
/// The longest progress token, in bytes. Each notification repeats it.
const TOKEN_LIMIT: usize = 1024;

/// Calls a tool. Errors that a client can act on are results, so that models see them. `ended` says what came of it.
pub(super) async fn call(
    tool: &'static Tool,
    connection: &Connection,
    policy: &Policy,
    mut params: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    ended: &mut Ended,
) -> Result<CallToolResponse, ErrorData> {
    // Only a confirmation needs the parameters again.
    let confirmable = tool.hints.destructive.then(|| params.clone());
    let is_confirmed = confirmable.as_ref().is_some_and(|params| {
        Destructive { tool, connection, params, principal: named(context) }.is_confirmed(policy, context)
    });
    let limited = |limited: Limited, ended: &mut Ended| {
        ended.outcome = AuditOutcome::Refused;
        Ok(refused(&tool.name, &limited).into())
    };
    let _permit = match policy.permit() {
        Ok(permit) => permit,
        Err(error) => return limited(error, ended),
    };
    // As the reference engine has it: where no one has said what the tool takes, and nothing is sent, the call is invalid.
    let is_bare = tool.open && params.arguments.as_ref().is_none_or(|arguments| arguments.is_empty());
    let inputs = Inputs::read(tool, params.arguments.take());
    let note = inputs.note();
    // Some values are found wrong only when the request is built, such as those that no header field can have.
    let is_planned = policy.dry_run || confirmable.is_some() || policy.limits_tools(policy.grant.as_ref());
    let checked = inputs.checked(tool, connection).await.and_then(|arguments| {
        let plan = if is_planned { preview(&tool.binding, connection, &arguments)? } else { Vec::new() };
        // No user has to confirm what cannot be sent.
        if is_planned && !policy.dry_run {
            check_credential(&tool.binding, connection, &forwarded(context))?;
        }
        Ok((plan, arguments))
    });
    // What is not sent anyway leaves the limit of the tool. A confirmed call was counted when the question was asked.
    let is_refused = confirmable.is_some() && is_impossible(policy, context);
    let is_sent = checked.is_ok() && !policy.dry_run && !is_refused;
    let tools = [&*tool.name];
    let counted = if is_sent { &tools[..] } else { &[] };
    if !is_confirmed && let Err(error) = policy.admit(principal(context), counted) {
        return limited(error, ended);
    }
    let mut response = match checked {
        Ok(planned) => run(tool, connection, policy, planned, confirmable, context, ended).await?,
        Err(error) => {
            ended.outcome = match error.kind() {
                ErrorKind::Unauthorized(_) => AuditOutcome::Failed,
                _ => AuditOutcome::Invalid,
            };
            if is_bare && matches!(error.kind(), ErrorKind::Arguments(_)) {
                return Err(ErrorData::invalid_params(error.to_string(), None));
            }
            failure(tool, policy, &error).into()
        }
    };
    if let (CallToolResponse::Complete(result), Some(note)) = (&mut response, note) {
        result.content.push(ContentBlock::text(note));
    }
    Ok(response)
}

/// Shows, confirms or sends a call with checked arguments, by what it would send. `confirmable` is the call if it is destructive.
async fn run(
    tool: &'static Tool,
    connection: &Connection,
    policy: &Policy,
    (plan, arguments): (Vec<Planned>, Arguments),
    confirmable: Option<CallToolRequestParams>,
    context: &RequestContext<RoleServer>,
    ended: &mut Ended,
) -> Result<CallToolResponse, ErrorData> {
    if policy.dry_run {
        ended.outcome = AuditOutcome::DryRun;
        let reveals = policy.reveals(&tool.name);
        return Ok(dry_run(&tool.binding.target, reveals, plan, policy.response_budget).into());
    }
    if let Some(params) = &confirmable {
        let call = Destructive { tool, connection, params, principal: named(context) };
        match call.verdict(policy, context, &line(&plan)).await? {
            Verdict::Confirmed => ended.confirmed = true,
            Verdict::Proceed => {}
            Verdict::Ask(question) => {
                ended.outcome = AuditOutcome::Asked;
                return Ok(question.into());
            }
            Verdict::Refused(why) => {
                ended.outcome = AuditOutcome::Refused;
                return Ok(error_result(format!("{}: nothing was sent, {why}", &tool.name)).into());
            }
        }
    }
    send(tool, connection, policy, arguments, context, ended).await
}

/// Sends the request and waits for its response, unless the client cancels the call.
async fn send(
    tool: &'static Tool,
    connection: &Connection,
    policy: &Policy,
    arguments: Arguments,
    context: &RequestContext<RoleServer>,
    ended: &mut Ended,
) -> Result<CallToolResponse, ErrorData> {
    let forwarded = forwarded(context);
    ended.trace = forwarded.0.get(TRACEPARENT).cloned();
    tokio::select! {
        result = finished(tool, connection, policy, arguments, forwarded, ended) => result.map(Into::into),
        // Dropping the call closes the upstream request.
        () = context.ct.cancelled() => Err(cancelled()),
        never = progress(context) => match never {},
    }
}

/// The result of a call. That of a long response is made on another thread.
async fn finished(
    tool: &'static Tool,
    connection: &Connection,
    policy: &Policy,
    arguments: Arguments,
    forwarded: Forwarded,
    ended: &mut Ended,
) -> Result<CallToolResult, ErrorData> {
    let outcome = execute(&tool.binding, connection, arguments, forwarded, view(policy.reveals(&tool.name))).await;
    ended.outcome = match &outcome {
        Ok(_) => AuditOutcome::Ok,
        Err(error) => error.status().map_or(AuditOutcome::Failed, |status| AuditOutcome::Upstream(status.as_u16())),
    };
    // As the reference engine has it: what a script refuses is no valid call.
    if let Err(error) = &outcome
        && matches!(error.kind(), ErrorKind::Thrown(_))
    {
        return Err(ErrorData::invalid_params(error.to_string(), None));
    }
    let length = outcome.as_ref().map_or_else(|error| error.body().len(), |response| response.body().len());
    if !is_long(length) {
        return Ok(result(tool, policy, outcome));
    }
    let policy = policy.clone();
    Ok(offload(length, move || result(tool, &policy, outcome)).await)
}

/// The principal of the caller; empty on standard input, where there is one.
pub(super) fn principal(context: &RequestContext<RoleServer>) -> &str {
    named(context).unwrap_or_default()
}

fn named(context: &RequestContext<RoleServer>) -> Option<&str> {
    let parts = context.extensions.get::<http::request::Parts>();
    parts.and_then(|parts| parts.extensions.get::<Principal>()).map(Principal::id)
}

/// Sends progress notifications, if the client asked for them and accepts them.
async fn progress(context: &RequestContext<RoleServer>) -> std::convert::Infallible {
    let parts = context.extensions.get::<http::request::Parts>();
    let streams = parts.is_none_or(|parts| parts.extensions.get::<JsonOnly>().is_none());
    let is_short = |token: &ProgressToken| match &token.0 {
        NumberOrString::String(text) => text.len() <= TOKEN_LIMIT,
        NumberOrString::Number(_) => true,
    };
    if let Some(token) = context.meta.get_progress_token().filter(|token| streams && is_short(token)) {
        let mut ticks = interval_at(Instant::now() + PROGRESS, PROGRESS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seconds = 0.0;
        loop {
            ticks.tick().await;
            seconds += PROGRESS.as_secs_f64();
            let notification =
                ProgressNotificationParam::new(token.clone(), seconds).with_message("waiting for the upstream");
            if context.peer.notify_progress(notification).await.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}

/// The result of a call of a tool with this name that a limit refuses.
pub(super) fn refused(name: &str, limited: &Limited) -> CallToolResult {
    error_result(format!("{name}: nothing was sent, {}; retry in {} s", limited.reason, limited.retry_after))
}

fn error_result(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}
