//! Cases of `tests/conformance`, whose responses are written down: what callers get, and what the upstream gets.

use std::fs;
use std::path::Path;

use naftiko_serve::conform;
use xtask::root;

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
