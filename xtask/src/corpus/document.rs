//! What became of the files of a corpus, as one JSON document.

use serde_json::{Value, json};

use super::tally::Tally;
use super::{Build, Outcome, Record};
use crate::finding::word;
use crate::report;

/// The document.
pub(super) fn document(records: &[Record]) -> Value {
    let tally = Tally::of(records);
    let outcomes = Outcome::ALL.map(|outcome| {
        let count = tally.outcomes.get(&outcome).copied().unwrap_or_default();
        (outcome.to_string(), Value::from(count))
    });
    let codes = tally.codes.iter().map(|(rule, code)| {
        let value = json!({
            "severity": word(rule.severity()),
            "title": rule.title(),
            "refused": code.refused,
            "files": code.files,
            "occurrences": code.occurrences,
        });
        (rule.code(), value)
    });
    json!({
        "files": records.iter().map(record).collect::<Vec<_>>(),
        "outcomes": Value::Object(outcomes.into_iter().collect()),
        "codes": Value::Object(codes.collect()),
    })
}

fn record(record: &Record) -> Value {
    let mut value = json!({
        "path": record.path,
        "crate": record.crate_name,
        "outcome": record.outcome.to_string(),
        "millis": u64::try_from(record.elapsed.as_millis()).unwrap_or(u64::MAX),
        "operations": record.size.operations,
        "routes": record.size.routes,
        "tools": record.size.tools,
        "findings": record.findings.iter().map(report::finding).collect::<Vec<_>>(),
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
