//! Diagnostics as documents for other programs: JSON, SARIF 2.1.0 for code scanning, and commands of GitHub workflows.

use naftiko_codegen::{
    Applicability, Code, Diagnostic, Label, Location, Locations, Severity, Sources, Span, Suggestion,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The characters of a path segment that are not percent-encoded: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many suggestions of one diagnostic are in a report. One that represents many has the suggestions of all.
const MOST: usize = 100;

/// How many diagnostics have a severity.
pub fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity).count()
}

/// The diagnostics of a run over a number of files, as one JSON document.
pub fn json(files: usize, diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let locations = &Locations::new(sources);
    json!({
        "files": files,
        "diagnostics": diagnostics.iter().map(|it| diagnostic(it, locations)).collect::<Vec<_>>(),
        "errors": count(diagnostics, Severity::Error),
        "warnings": count(diagnostics, Severity::Warning),
        "notes": count(diagnostics, Severity::Note),
    })
}

/// One diagnostic as JSON. Offsets count bytes, lines and columns count from 1, and ends are exclusive.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, locations: &Locations<'_>) -> Value {
    let label = |label: &Label| located(&label.file, label.span, locations, json!({ "text": label.text }));
    let suggestion = |suggestion: &Suggestion| {
        let members = json!({
            "replacement": suggestion.replacement,
            "certain": suggestion.applicability == Applicability::Certain,
            "message": suggestion.message,
        });
        located(&suggestion.file, suggestion.span, locations, members)
    };
    let members = json!({
        "code": diagnostic.code.to_string(),
        "severity": diagnostic.severity().to_string(),
        "title": diagnostic.code.title(),
        "message": diagnostic.message,
        "help": diagnostic.help_text(),
        "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
        "suggestions": diagnostic.suggestions.iter().take(MOST).map(suggestion).collect::<Vec<_>>(),
    });
    located(&diagnostic.file, diagnostic.span, locations, members)
}

/// An object with a span and these members.
fn located(file: &str, span: Span, locations: &Locations<'_>, members: Value) -> Value {
    let Location { start, end } = locations.of(file, span);
    let mut value = json!({
        "file": file,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "start": span.start,
        "end": span.end,
    });
    extend(&mut value, members);
    value
}

/// Adds members to an object.
pub(crate) fn extend(value: &mut Value, members: Value) {
    if let (Value::Object(value), Value::Object(members)) = (value, members) {
        value.extend(members);
    }
}

/// The diagnostics as a SARIF 2.1.0 log with one run.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let locations = &Locations::new(sources);
    let results: Vec<_> = diagnostics.iter().map(|diagnostic| result(diagnostic, locations)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "naftiko",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Code::all().iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let explanation = code.explanation();
    // Lists of rules show the first paragraph.
    let first = explanation.split("\n\n").next().unwrap_or_default();
    json!({
        "id": code.to_string(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": first },
        "help": { "text": explanation, "markdown": explanation },
        "defaultConfiguration": { "level": code.severity().to_string() },
    })
}

fn result(diagnostic: &Diagnostic, locations: &Locations<'_>) -> Value {
    let help = diagnostic.help_text().map(|help| format!("; {help}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": diagnostic.code.to_string(),
        "ruleIndex": Code::all().iter().position(|code| *code == diagnostic.code),
        "level": diagnostic.severity().to_string(),
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": [{ "physicalLocation": physical(&diagnostic.file, diagnostic.span, locations) }],
    });
    let related = diagnostic.labels.iter().enumerate().map(|(id, label)| {
        json!({
            "id": id,
            "message": { "text": label.text },
            "physicalLocation": physical(&label.file, label.span, locations),
        })
    });
    let fixes = diagnostic.suggestions.iter().take(MOST).map(|suggestion| fix(suggestion, locations));
    for (name, list) in [("relatedLocations", related.collect::<Vec<_>>()), ("fixes", fixes.collect())] {
        if !list.is_empty() {
            extend(&mut result, json!({ name: list }));
        }
    }
    result
}

fn fix(suggestion: &Suggestion, locations: &Locations<'_>) -> Value {
    json!({
        "description": { "text": suggestion.message },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(&suggestion.file) },
            "replacements": [{
                "deletedRegion": region(&suggestion.file, suggestion.span, locations),
                "insertedContent": { "text": suggestion.replacement },
            }],
        }],
    })
}

fn physical(file: &str, span: Span, locations: &Locations<'_>) -> Value {
    json!({ "artifactLocation": { "uri": uri(file) }, "region": region(file, span, locations) })
}

fn region(file: &str, span: Span, locations: &Locations<'_>) -> Value {
    let Location { start, end } = locations.of(file, span);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "byteOffset": span.start,
        "byteLength": span.end.saturating_sub(span.start),
    })
}

/// The diagnostics as commands of GitHub workflows, which annotate the lines of a pull request.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let locations = &Locations::new(sources);
    let lines = diagnostics.iter().map(|diagnostic| {
        let Location { start, end } = diagnostic.location(locations);
        let level = match diagnostic.severity() {
            Severity::Note => "notice".to_owned(),
            severity => severity.to_string(),
        };
        let help = diagnostic.help_text().map(|help| format!("; {help}")).unwrap_or_default();
        format!(
            "::{level} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            escape(&diagnostic.file, true),
            start.line,
            start.column,
            end.line,
            end.column,
            diagnostic.code,
            escape(&format!("{}{help}", diagnostic.message), false),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Escapes a message, or a property of a command, in the way that GitHub reads it.
fn escape(text: &str, is_property: bool) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if is_property { text.replace(':', "%3A").replace(',', "%2C") } else { text }
}

/// A relative reference for a relative path, and a `file:` URI for another.
fn uri(path: &str) -> String {
    let segments: Vec<_> = path.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nb: 2\nc: rest.öne\n   two\n";

    fn sources() -> Sources {
        ["spec/a b/ä:#.yaml", "/abs/x.yaml"].map(|file| (file.to_owned(), TEXT.to_owned())).into()
    }

    fn diagnostics() -> [Diagnostic; 3] {
        let start = TEXT.find("rest").unwrap();
        let span = Span::new(start, TEXT.len() - 1);
        let file = "spec/a b/ä:#.yaml".to_owned();
        let mut first = Diagnostic::new(Code::UnknownCall, file.clone(), span, "so").with_help("do that");
        first.labels.push(Label { file: file.clone(), span: Span::new(0, 4), text: "here".to_owned() });
        first.suggestions.push(Suggestion {
            file,
            span: Span::new(start + 5, start + 9),
            replacement: "one".to_owned(),
            applicability: Applicability::Certain,
            message: "did you mean `one`?".to_owned(),
        });
        [
            first,
            Diagnostic::new(Code::UnknownKey, "/abs/x.yaml", span, "50%\nso"),
            Diagnostic::new(Code::Unreadable, "y.yaml", Span::default(), "so"),
        ]
    }

    #[test]
    fn json_has_all_diagnostics_and_counts_them() {
        let document = json(7, &diagnostics(), &sources());
        assert_eq!((&document["files"], &document["errors"], &document["warnings"]), (&7.into(), &2.into(), &1.into()));
        let expected = serde_json::json!({
            "code": "NK0201", "severity": "error", "title": Code::UnknownCall.title(), "message": "so", "help": "do that",
            "file": "spec/a b/ä:#.yaml", "line": 3, "column": 4, "end_line": 4, "end_column": 7, "start": 13, "end": 29,
            "labels": [{
                "file": "spec/a b/ä:#.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 5, "start": 0, "end": 4,
                "text": "here",
            }],
            "suggestions": [{
                "file": "spec/a b/ä:#.yaml", "line": 3, "column": 9, "end_line": 3, "end_column": 12, "start": 18, "end": 22,
                "replacement": "one", "certain": true, "message": "did you mean `one`?",
            }],
        });
        assert_eq!(document["diagnostics"][0], expected);
        assert_eq!(document["diagnostics"][1]["help"], Value::Null);
    }

    #[test]
    fn sarif_has_what_the_standard_requires() {
        let log = sarif(&diagnostics(), &sources());
        assert_eq!(log["version"], "2.1.0");
        let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("there is one run") };
        assert_eq!(run["tool"]["driver"]["name"], "naftiko");
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let mut ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        ids.dedup();
        assert_eq!(ids.len(), Code::all().len(), "the ids are unique");
        for rule in rules {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
            }
        }
        let results = run["results"].as_array().unwrap();
        for result in results {
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        }
        let region = serde_json::json!({
            "startLine": 3, "startColumn": 4, "endLine": 4, "endColumn": 7, "byteOffset": 13, "byteLength": 16,
        });
        assert_eq!(results[0]["locations"][0]["physicalLocation"]["region"], region);
        assert_eq!(results[0]["message"]["text"], "so; do that");
        let uris: Vec<_> =
            results.iter().map(|r| &r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).collect();
        assert_eq!(uris, ["spec/a%20b/%C3%A4%3A%23.yaml", "file:///abs/x.yaml", "y.yaml"]);
    }

    #[test]
    fn sarif_has_labels_and_fixes() {
        let log = sarif(&diagnostics(), &sources());
        let [first, second, _] = log["runs"][0]["results"].as_array().unwrap().as_slice() else { panic!("three") };
        assert_eq!(first["relatedLocations"][0]["message"]["text"], "here");
        assert_eq!(first["relatedLocations"][0]["physicalLocation"]["region"]["endColumn"], 5);
        let change = &first["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "spec/a%20b/%C3%A4%3A%23.yaml");
        assert_eq!(change["replacements"][0]["insertedContent"]["text"], "one");
        let region = &change["replacements"][0]["deletedRegion"];
        assert_eq!((&region["byteOffset"], &region["byteLength"]), (&18.into(), &4.into()));
        assert!(second.get("fixes").is_none() && second.get("relatedLocations").is_none());
    }

    #[test]
    fn github_annotations_are_escaped() {
        let text = github(&diagnostics(), &sources());
        let [first, second, third] = text.lines().collect::<Vec<_>>().try_into().unwrap();
        let expected = "::error file=spec/a b/ä%3A#.yaml,line=3,col=4,endLine=4,endColumn=7,title=NK0201::so; do that";
        assert_eq!(first, expected);
        assert!(second.starts_with("::warning file=/abs/x.yaml,") && second.ends_with("::50%25%0Aso"), "{second}");
        assert!(third.starts_with("::error file=y.yaml,line=1,col=1,"), "{third}");
    }
}
