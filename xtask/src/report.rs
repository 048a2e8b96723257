//! Findings as documents for other programs: JSON, and SARIF 2.1.0 for code scanning.

use naftiko_codegen::Severity;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::finding::{Finding, Rule, word};

/// What a segment of a path may hold besides percent-encoded bytes: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many findings there are of a severity.
pub fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity() == severity).count()
}

/// The findings of a run over a number of files, as one JSON document.
pub fn json(files: usize, findings: &[Finding]) -> Value {
    json!({
        "files": files,
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
        "errors": count(findings, Severity::Error),
        "warnings": count(findings, Severity::Warning),
        "notes": count(findings, Severity::Note),
    })
}

/// One finding as JSON.
pub(crate) fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.rule.code(),
        "severity": word(finding.severity()),
        "file": finding.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "length": finding.place.length,
        "message": finding.message,
        "help": finding.help,
        "title": finding.rule.title(),
    })
}

/// The findings as a SARIF 2.1.0 log with one run.
pub fn sarif(findings: &[Finding]) -> Value {
    let rules = Rule::all();
    let results: Vec<_> = findings.iter().map(|finding| result(finding, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "naftiko",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(*rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(rule: Rule) -> Value {
    let explanation = rule.explanation();
    // What a list of rules shows; the rest is for those who ask.
    let first = explanation.split("\n\n").next().unwrap_or_default();
    json!({
        "id": rule.code(),
        "shortDescription": { "text": rule.title() },
        "fullDescription": { "text": first },
        "help": { "text": explanation, "markdown": explanation },
        "defaultConfiguration": { "level": word(rule.severity()) },
    })
}

fn result(finding: &Finding, rules: &[Rule]) -> Value {
    let separator = if finding.help.is_empty() { "" } else { "; " };
    let place = finding.place;
    json!({
        "ruleId": finding.rule.code(),
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": word(finding.severity()),
        "message": { "text": format!("{}{separator}{}", finding.message, finding.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.file) },
            "region": {
                "startLine": place.line.max(1),
                "startColumn": place.column.max(1),
                "endColumn": place.column.max(1) + place.length.max(1),
            },
        }}],
    })
}

/// A relative reference for a relative path, and a `file:` URI for another.
fn uri(path: &str) -> String {
    let segments: Vec<_> = path.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use naftiko_codegen::{Code, Place};

    use super::*;

    fn findings() -> [Finding; 3] {
        let finding = |file: &str, code, help: &str| Finding {
            file: file.to_owned(),
            place: Place::new(3, 5, 4),
            rule: Rule::Compiler(code),
            message: "so".to_owned(),
            help: help.to_owned(),
        };
        [
            finding("spec/a b/ä:#.yaml", Code::UnknownCall, "do that"),
            finding("/abs/x.yaml", Code::UnknownKey, ""),
            Finding { rule: Rule::Unreadable, ..finding("y.yaml", Code::UnknownCall, "") },
        ]
    }

    #[test]
    fn json_holds_every_finding_and_counts_them() {
        let document = json(7, &findings());
        assert_eq!((&document["files"], &document["errors"], &document["warnings"]), (&7.into(), &2.into(), &1.into()));
        let expected = serde_json::json!({
            "code": "NK0201", "severity": "error", "file": "spec/a b/ä:#.yaml", "line": 3, "column": 5, "length": 4,
            "message": "so", "help": "do that", "title": Code::UnknownCall.title(),
        });
        assert_eq!(document["findings"][0], expected);
    }

    #[test]
    fn sarif_has_what_the_standard_requires() {
        let log = sarif(&findings());
        assert_eq!(log["version"], "2.1.0");
        let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("there is one run") };
        assert_eq!(run["tool"]["driver"]["name"], "naftiko");
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let mut ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        ids.dedup();
        assert_eq!(ids.len(), Rule::all().len(), "the ids are unique");
        for rule in rules {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
            }
        }
        let results = run["results"].as_array().unwrap();
        for result in results {
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            let region = serde_json::json!({ "startLine": 3, "startColumn": 5, "endColumn": 9 });
            assert_eq!(result["locations"][0]["physicalLocation"]["region"], region);
        }
        assert_eq!(results[0]["message"]["text"], "so; do that");
        let uris: Vec<_> =
            results.iter().map(|r| &r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).collect();
        assert_eq!(uris, ["spec/a%20b/%C3%A4%3A%23.yaml", "file:///abs/x.yaml", "y.yaml"]);
    }
}
