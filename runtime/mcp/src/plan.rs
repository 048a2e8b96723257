//! What a call would send: results of dry runs, and the line of a confirmation.

use naftiko_adapter::{Planned, PlannedRequest};
use naftiko_client::__private::Preview;
use naftiko_schema::Target;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};
use url::Url;

use super::mask::without_secrets;

/// How many requests of one step the line of a confirmation shows.
const SHOWN: usize = 20;

/// The result of a dry run: the requests as text and as structured content. If they are longer than results may be, they are
/// only described.
pub(super) fn dry_run(target: &Target, reveals: bool, mut plan: Vec<Planned>, budget: usize) -> CallToolResult {
    if !reveals && let [Planned { step: None, request: PlannedRequest::Known(preview), .. }] = plan.as_mut_slice() {
        let masked = preview.body.as_deref().and_then(|body| without_secrets(target, body));
        preview.body = masked.map(String::into_bytes).or(preview.body.take());
    }
    let length: usize = plan.iter().map(length).sum();
    if length > budget {
        let requests = plan.chunk_by(|one, other| method(one) == method(other));
        let requests = requests.map(|requests| match requests {
            [one] => format!("a {} request", method(one)),
            several => format!("{} {} requests", several.len(), several.first().map_or("", method)),
        });
        let text = format!(
            "Nothing was sent. This is a dry run of {} of {length} bytes, and this server limits results to {budget}.",
            requests.collect::<Vec<_>>().join(" and ")
        );
        return CallToolResult::success(vec![ContentBlock::text(text)]);
    }
    let texts: Vec<_> = plan.iter().map(text).collect();
    let text = match texts.as_slice() {
        [] => "Nothing would be sent. This is a dry run of a call that needs no upstream.".to_owned(),
        texts => format!("Nothing was sent. This is a dry run of\n{}", texts.join("\n")),
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    let structured = match plan.as_slice() {
        [request @ Planned { step: None, .. }] => structured(request),
        steps => json!({"steps": steps.iter().map(structured).collect::<Vec<_>>()}),
    };
    result.structured_content = Some(json!({ "dryRun": structured }));
    result
}

/// The requests in one line, for people. It shows only the paths of URIs, as callers must not see the upstream's address.
pub(super) fn line(plan: &[Planned]) -> String {
    if plan.is_empty() {
        return "no request".to_owned();
    }
    let line = |planned: &Planned| {
        let request = match &planned.request {
            PlannedRequest::Known(preview) => {
                let path = Url::parse(&preview.url).map(|url| url.path().to_owned()).unwrap_or_default();
                format!("{} {path}", preview.method)
            }
            PlannedRequest::Later(method, path) => format!("{method} {path}"),
        };
        request + remarks(planned)
    };
    let steps = plan.chunk_by(|one, other| one.step.is_some() && one.step == other.step);
    let of_step = |requests: &[Planned]| {
        let shown = requests.iter().take(SHOWN).map(line).collect::<Vec<_>>().join(", then ");
        match requests.len().checked_sub(SHOWN) {
            None | Some(0) => shown,
            Some(more) => format!("{shown}, and {more} more of this step"),
        }
    };
    steps.map(of_step).collect::<Vec<_>>().join(", then ")
}

/// On what it depends whether and how often a request would be sent.
fn remarks(planned: &Planned) -> &'static str {
    match (planned.for_each, planned.conditional) {
        (false, false) => "",
        (true, false) => " for each element of a list",
        (false, true) => " under a condition",
        (true, true) => " for each element of a list, under a condition",
    }
}

fn method(planned: &Planned) -> &'static str {
    match &planned.request {
        PlannedRequest::Known(preview) => preview.method,
        PlannedRequest::Later(method, _) => method,
    }
}

fn length(planned: &Planned) -> usize {
    match &planned.request {
        PlannedRequest::Known(preview) => {
            let headers: usize = preview.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            preview.url.len() + headers + body(preview).map_or(0, |body| Value::from(body).to_string().len())
        }
        PlannedRequest::Later(_, path) => path.len(),
    }
}

fn body(preview: &Preview) -> Option<String> {
    preview.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned())
}

fn text(planned: &Planned) -> String {
    let step = planned.step.map(|step| format!("step {step}: ")).unwrap_or_default();
    let remarks = remarks(planned);
    match &planned.request {
        PlannedRequest::Later(method, path) => {
            format!("{step}{method} {path}{remarks}, where names in braces depend on what earlier steps return\n")
        }
        PlannedRequest::Known(preview) => {
            let mut text = format!("{step}{} {}{remarks}\n", preview.method, preview.url);
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

fn structured(planned: &Planned) -> Value {
    let mut request = match &planned.request {
        PlannedRequest::Later(method, path) => json!({"method": method, "path": path}),
        PlannedRequest::Known(preview) => {
            let header = |(name, value): &(String, String)| json!({"name": name, "value": value});
            let headers: Vec<_> = preview.headers.iter().map(header).collect();
            json!({"method": preview.method, "url": preview.url, "headers": headers, "body": body(preview)})
        }
    };
    if let Value::Object(members) = &mut request {
        if let Some(step) = planned.step {
            members.insert("step".to_owned(), step.into());
        }
        for (name, holds) in [("forEach", planned.for_each), ("conditional", planned.conditional)] {
            if holds {
                members.insert(name.to_owned(), true.into());
            }
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_shows_a_part_of_many_requests_of_one_step_and_every_step() {
        let later = |step, path: String, for_each, conditional| Planned {
            step: Some(step),
            request: PlannedRequest::Later("DELETE", path),
            for_each,
            conditional,
        };
        let mut plan: Vec<_> = (0..25).map(|number| later("many", format!("/a/{number}"), false, false)).collect();
        plan.push(later("each", "/b/{id}".to_owned(), true, false));
        plan.push(later("last", "/c".to_owned(), false, true));
        let line = line(&plan);
        assert!(line.starts_with("DELETE /a/0, then DELETE /a/1, then "), "{line}");
        let end = "DELETE /a/19, and 5 more of this step, then DELETE /b/{id} for each element of a list, then DELETE /c under a \
                   condition";
        assert!(line.ends_with(end), "{line}");
        assert_eq!(super::line(&[]), "no request");
    }
}
