//! Runs one case.

use std::path::Path;

use anyhow::Result;

use super::archive;
use super::call::{Seen, Server};
use super::case::{Call, Case, Verdict, verdict};
use super::compare;
use super::intended::{self, is_build_error};
use super::json::Json;
use super::outcome::{Outcome, Ran};
use super::purpose::Row;
use super::upstream::Upstream;
use crate::load;

/// Whether the server should start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It is not said, because the calls show it.
    Taken,
    Started,
    Refused,
}

/// Runs a case. Its failures are outcomes; an error is one of this machine.
pub(super) async fn run(case: &Case, purposes: &[Row]) -> Result<Ran> {
    let upstream = Upstream::start().await?;
    let (copy, _folder) = case.copy(upstream.address.port())?;
    let case = &copy;
    upstream.serve(case.routes.clone());
    let server = start(case).await;
    let expected = expected_start(&case.start);
    let on_purpose = |number: usize, name: &str, outcome: Outcome| {
        let is_known = purposes.iter().any(|row| row.is_about(&case.id, number, name));
        if is_known && matches!(outcome, Outcome::Wrong(_)) { Outcome::OnPurpose } else { outcome }
    };
    let mut calls = Vec::new();
    if expected != Start::Taken {
        calls.push(("start".to_owned(), on_purpose(0, "start", judge_start(expected, server.as_ref().err()))));
    }
    let mut earlier = None;
    for (index, call) in case.calls.iter().enumerate() {
        let outcome = match &server {
            _ if call.verdict().is_none() || expected == Start::Refused => Outcome::Skipped,
            Ok(server) => sent(case, call, earlier, server, &upstream).await,
            Err(_) if is_build_error(call) => Outcome::Right,
            // The whole capability is refused for the sake of another call.
            Err(_) if case.calls.iter().any(is_build_error) => Outcome::Skipped,
            Err(error) => Outcome::Wrong(refused(error)),
        };
        calls.push((format!("{} {}", index + 1, call.name), on_purpose(index + 1, &call.name, outcome)));
        if call.kind == "rest" {
            earlier = Some(call);
        }
    }
    Ok(Ran { id: case.id.clone(), area: case.area.clone(), calls })
}

async fn start(case: &Case) -> Result<Server> {
    let loaded = load::file_in(case.folder(), Path::new("capability.yml"))?;
    let program = load::leak(loaded.program);
    Server::start(program, case.variables.clone(), &case.folder().to_string_lossy()).await
}

/// Why a case does not start: the first error, and where it is.
fn refused(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let first = text.find("error[").and_then(|start| text.get(start..)).unwrap_or(&text);
    let lines: Vec<_> = first.lines().take(2).map(str::trim).collect();
    format!("refused: {}", compare::brief(&lines.join(" ")))
}

fn expected_start(start: &Json) -> Start {
    let is_ok = start.get("ok").is_none_or(Json::is_true);
    match verdict(start) {
        Some(Verdict::Defect) => {
            let starts = start.text_of("intended").is_some_and(|intended| intended.starts_with("starts"));
            if starts { Start::Started } else { Start::Refused }
        }
        _ if is_ok => Start::Taken,
        _ => Start::Refused,
    }
}

fn judge_start(expected: Start, error: Option<&anyhow::Error>) -> Outcome {
    match (expected, error) {
        (Start::Refused, None) => Outcome::Wrong("it is compiled and started, expected an error".to_owned()),
        (Start::Started, Some(error)) => Outcome::Wrong(refused(error)),
        _ => Outcome::Right,
    }
}

async fn sent(case: &Case, call: &Call, earlier: Option<&Call>, server: &Server, upstream: &Upstream) -> Outcome {
    if call.kind == "listen" {
        return Outcome::unless(server.is_local(), || "a port is open to other machines".to_owned());
    }
    let seen = match server.send(call).await {
        Ok(seen) => Seen { requests: upstream.take(), ..seen },
        Err(error) => {
            upstream.take();
            return Outcome::Wrong(format!("{error:#}"));
        }
    };
    if call.verdict() == Some(Verdict::Defect) {
        return intended::judge(call, earlier, &seen);
    }
    if let Some(files) = call.expected().and_then(|expected| expected.get("zip")).filter(|_| seen.status == 200) {
        let difference = compare::media_type_of(&seen, "application/zip");
        return difference.or_else(|| archive::files(&seen.body, files.members())).into();
    }
    compare::recorded(case, call, &seen).into()
}
