//! The results for the files of a corpus, as one JSON document.

use naftiko_codegen::{Locations, Sources};
use serde_json::{Value, json};

use super::tally::Tally;
use super::{Build, Outcome, Record};
use crate::report;

/// The document.
pub(super) fn document(records: &[Record], sources: &Sources) -> Value {
    let tally = Tally::of(records);
    let outcomes = Outcome::ALL.map(|outcome| {
        let count = tally.outcomes.get(&outcome).copied().unwrap_or_default();
        (outcome.to_string(), Value::from(count))
    });
    let codes = tally.codes.iter().map(|(code, tally)| {
        let value = json!({
            "severity": code.severity().to_string(),
            "title": code.title(),
            "refused": tally.refused,
            "files": tally.files,
            "occurrences": tally.occurrences,
        });
        (code.to_string(), value)
    });
    json!({
        "files": records.iter().map(|it| record(it, sources)).collect::<Vec<_>>(),
        "outcomes": Value::Object(outcomes.into_iter().collect()),
        "codes": Value::Object(codes.collect()),
    })
}

fn record(record: &Record, sources: &Sources) -> Value {
    let locations = Locations::new(sources);
    let mut value = json!({
        "path": record.path,
        "crate": record.crate_name,
        "outcome": record.outcome.to_string(),
        "millis": u64::try_from(record.elapsed.as_millis()).unwrap_or(u64::MAX),
        "operations": record.size.operations,
        "routes": record.size.routes,
        "tools": record.size.tools,
        "diagnostics": record.diagnostics.iter().map(|it| report::diagnostic(it, &locations)).collect::<Vec<_>>(),
    });
    let build = match &record.build {
        Build::Untried => None,
        Build::Fine => Some("fine"),
        Build::Failed(reason) => Some(reason.as_str()),
    };
    let optional = [
        ("class", record.class.as_deref().map(Value::from)),
        ("lines_per_operation", record.size.lines.checked_div(record.size.operations).map(Value::from)),
        ("panic", record.panic.as_deref().map(Value::from)),
        ("build", build.map(Value::from)),
    ];
    if let Some(members) = value.as_object_mut() {
        members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    value
}
