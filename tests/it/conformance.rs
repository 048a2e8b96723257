//! Cases of `tests/conformance`, whose responses are written down: what callers get, and what the upstream gets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use naftiko_serve::conform;
use serde_json::Value;
use xtask::root;

use crate::quality::is_test;

/// How many situations the checklist has.
const ROWS: u64 = 162;

#[tokio::test(flavor = "multi_thread")]
async fn cases_of_conformance_are_right() {
    let ran = conform::run_all(&root().join("tests/conformance")).await.expect("the cases run");
    assert!(ran.len() >= 20, "{}", ran.len());
    let wrong: Vec<_> = ran
        .iter()
        .filter(|case| !case.is_right())
        .map(|case| format!("{}: {}", case.id, case.first_difference().unwrap_or_else(|| "not compared".to_owned())))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first difference of a case of which one text is replaced by another.
async fn difference(case: &str, text: &str, replacement: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join(case);
    copy_folder(&root().join("tests/conformance").join(case), &copy);
    let calls = fs::read_to_string(copy.join("calls.json")).expect("the calls");
    assert!(calls.contains(text), "{case} has no `{text}`");
    fs::write(copy.join("calls.json"), calls.replace(text, replacement)).expect("a file");
    let ran = conform::run_all(folder.path()).await.expect("the case runs");
    ran.iter().find_map(conform::Ran::first_difference).unwrap_or_default()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the case exists") {
        let file = entry.expect("an entry").path();
        let target = to.join(file.file_name().expect("a name"));
        if file.is_dir() {
            copy_folder(&file, &target);
        } else {
            fs::copy(file, target).expect("a copy");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_and_requests_that_differ_are_reported() {
    for (case, text, replacement, expected) in [
        ("outputs-that-are-renamed", "6.50", "6.5", "1 GET /bed/4: body is `"),
        (
            "outputs-that-are-renamed",
            r#"\"soil\":\"loam\""#,
            r#"\"soil\":\"clay\""#,
            "2 tools/call bed: content[0].text is `",
        ),
        (
            "outputs-that-are-renamed",
            "\"path\": \"/beds/4\"",
            "\"path\": \"/beds/5\"",
            "upstream got GET /beds/4, expected GET /beds/5",
        ),
        ("statuses-and-headers", "\"status\": 204", "\"status\": 200", "status 204, expected 200"),
        (
            "statuses-and-headers",
            "application/json",
            "text/json",
            "content-type `application/json`, expected `text/json`",
        ),
        (
            "bearer-from-the-environment",
            "Bearer let-me-in",
            "Bearer other",
            "upstream got header authorization `Bearer let-me-in`",
        ),
        ("bearer-from-the-environment", "\"authorization\"", "\"x-more\"", "upstream got no header x-more"),
        ("inputs-that-are-wrong", "-32602", "-32603", "expected error -32603"),
        ("inputs-that-are-wrong", "\"isError\": true", "\"isError\": false", "an error, expected a result"),
        (
            "variable-that-is-missing",
            "\"GARDEN_TOKEN\": \" \"",
            "\"GARDEN_TOKEN\": \"set\"",
            "start: it is compiled and started",
        ),
        ("lists-of-tools", "\"POST /water\"", "\"POST /wine\"", "no request with `POST /wine`"),
    ] {
        let difference = difference(case, text, replacement).await;
        assert!(difference.contains(expected), "{case} with {replacement}: {difference}");
    }
}

/// The rows of the checklist that cases of conformance name.
fn rows_of_cases() -> BTreeSet<u64> {
    let cases = fs::read_dir(root().join("tests/conformance")).expect("the folder is there");
    let calls = cases.filter_map(|case| fs::read_to_string(case.expect("an entry").path().join("calls.json")).ok());
    calls
        .flat_map(|calls| {
            let calls: Value = serde_json::from_str(&calls).expect("calls are JSON");
            let rows = calls["rows"].as_array().cloned().unwrap_or_default();
            rows.into_iter().map(|row| row.as_u64().expect("a row is a number"))
        })
        .collect()
}

/// The rows that the page on semantics gives to other tests, with what it names for each.
fn rows_of_other_tests() -> BTreeMap<u64, Vec<String>> {
    let page = fs::read_to_string(root().join("docs/semantics.md")).expect("the page is there");
    let (_, section) = page.split_once("## Rows of the checklist that other tests hold").expect("there is a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let tests: Vec<_> = cells.get(3)?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let numbers: Result<Vec<u64>, _> = cells.get(1)?.split(", ").map(str::parse).collect();
        Some(numbers.ok()?.into_iter().map(move |row| (row, tests.clone())))
    });
    rows.flatten().collect()
}

#[test]
fn every_row_of_the_checklist_has_a_case_or_another_test_that_exists() {
    let (cases, others) = (rows_of_cases(), rows_of_other_tests());
    let missing: Vec<_> = (1..=ROWS).filter(|row| !cases.contains(row) && !others.contains_key(row)).collect();
    assert!(missing.is_empty(), "no test for {missing:?}");
    let unknown: Vec<_> = cases.iter().chain(others.keys()).filter(|row| !(1..=ROWS).contains(*row)).collect();
    assert!(unknown.is_empty(), "there are no rows {unknown:?}");
    for (row, tests) in others {
        assert!(!tests.is_empty(), "row {row} names no test");
        for test in &tests {
            assert!(is_there(test), "row {row}: there is no {test}");
        }
    }
}

/// Whether there is a test `file::name`, or a compiled case `ok/name` or `err/name`, of which a code may follow.
fn is_there(test: &str) -> bool {
    if let Some((file, name)) = test.split_once("::") {
        return is_test(file, name);
    }
    let (case, code) = test.split_once(' ').unwrap_or((test, ""));
    let snapshot = root().join("tests/cases").join(format!("{case}.snap"));
    fs::read_to_string(snapshot).is_ok_and(|text| text.contains(code))
}
