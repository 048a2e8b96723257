//! What a call would send: results of dry runs, and the line of a confirmation.

use naftiko_adapter::Planned;
use naftiko_client::__private::Preview;
use naftiko_schema::Target;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};
use url::Url;

use super::mask::without_secrets;

/// The result of a dry run: the requests as text and as structured content. If they are longer than results may be, they are
/// only described.
pub(super) fn dry_run(target: &Target, reveals: bool, mut plan: Vec<Planned>, budget: usize) -> CallToolResult {
    if !reveals && let [Planned::Request(None, preview)] = plan.as_mut_slice() {
        let masked = preview.body.as_deref().and_then(|body| without_secrets(target, body));
        preview.body = masked.map(String::into_bytes).or(preview.body.take());
    }
    let length: usize = plan.iter().map(length).sum();
    if length > budget {
        let requests: Vec<_> = plan.iter().map(|request| format!("a {} request", method(request))).collect();
        let text = format!(
            "Nothing was sent. This is a dry run of {} of {length} bytes, and this server limits results to {budget}.",
            requests.join(" and ")
        );
        return CallToolResult::success(vec![ContentBlock::text(text)]);
    }
    let texts: Vec<_> = plan.iter().map(text).collect();
    let text = match texts.as_slice() {
        [] => "Nothing would be sent. This is a dry run of a tool that calls no upstream.".to_owned(),
        texts => format!("Nothing was sent. This is a dry run of\n{}", texts.join("\n")),
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    let structured = match plan.as_slice() {
        [request @ Planned::Request(None, _)] => structured(request),
        steps => json!({"steps": steps.iter().map(structured).collect::<Vec<_>>()}),
    };
    result.structured_content = Some(json!({ "dryRun": structured }));
    result
}

/// The requests in one line, for people. It shows only the paths of URIs, as callers must not see the upstream's address.
pub(super) fn line(plan: &[Planned]) -> String {
    let request = |request: &Planned| match request {
        Planned::Request(_, preview) => {
            let path = Url::parse(&preview.url).map(|url| url.path().to_owned()).unwrap_or_default();
            format!("{} {path}", preview.method)
        }
        Planned::Later(_, method, path) => format!("{method} {path}"),
    };
    plan.iter().map(request).collect::<Vec<_>>().join(", then ")
}

fn method(request: &Planned) -> &'static str {
    match request {
        Planned::Request(_, preview) => preview.method,
        Planned::Later(_, method, _) => method,
    }
}

fn length(request: &Planned) -> usize {
    match request {
        Planned::Request(_, preview) => {
            let headers: usize = preview.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            preview.url.len() + headers + body(preview).map_or(0, |body| Value::from(body).to_string().len())
        }
        Planned::Later(_, _, path) => path.len(),
    }
}

fn body(preview: &Preview) -> Option<String> {
    preview.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned())
}

fn text(request: &Planned) -> String {
    match request {
        Planned::Later(step, method, path) => {
            format!("step {step}: {method} {path}, where names in braces depend on what earlier steps return\n")
        }
        Planned::Request(step, preview) => {
            let step = step.map(|step| format!("step {step}: ")).unwrap_or_default();
            let mut text = format!("{step}{} {}\n", preview.method, preview.url);
            for (name, value) in &preview.headers {
                text.push_str(&format!("{name}: {value}\n"));
            }
            if let Some(body) = body(preview) {
                text.push_str(&format!("\n{body}"));
            }
            text
        }
    }
}

fn structured(request: &Planned) -> Value {
    match request {
        Planned::Later(step, method, path) => json!({"step": step, "method": method, "path": path}),
        Planned::Request(step, preview) => {
            let header = |(name, value): &(String, String)| json!({"name": name, "value": value});
            let headers: Vec<_> = preview.headers.iter().map(header).collect();
            let mut request =
                json!({"method": preview.method, "url": preview.url, "headers": headers, "body": body(preview)});
            if let (Some(step), Value::Object(members)) = (step, &mut request) {
                members.insert("step".to_owned(), (*step).into());
            }
            request
        }
    }
}
