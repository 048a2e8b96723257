//! `cargo xtask export openapi`: documents that tools take, and that say as much as what they are made of.

use std::fs;

use naftiko_codegen::{Files, Outcome, Sources, companion_paths, compile, crate_name, export, overlay_paths};
use serde_json::Value;
use tempfile::tempdir;
use xtask::export::{Options, run};
use xtask::root;

use crate::cases::{Case, cases};
use crate::openapi;

/// A capability with the companion that its own document is.
fn with_export(sources: &Sources, path: &str, document: &str) -> Sources {
    let mut sources = sources.clone();
    // The document says what the overlay says.
    for other in companion_paths(path).iter().chain(&overlay_paths(path)) {
        sources.remove(other);
    }
    let [companion, ..] = companion_paths(path);
    sources.insert(companion, document.to_owned());
    sources
}

fn files(sources: &Sources, path: &str) -> Files {
    match compile(sources, path, "acme-shop").outcome {
        Outcome::Generated(made) => made.files,
        other => panic!("{path}: {other:?}"),
    }
}

fn exported(sources: &Sources, path: &str) -> (String, Vec<String>) {
    match export(sources, path, "acme-shop") {
        Ok((exported, _)) => (exported.text, exported.left_out),
        Err(diagnostics) => panic!("{}", diagnostics.render(sources, false)),
    }
}

fn has_companion(sources: &Sources, path: &str) -> bool {
    companion_paths(path).iter().any(|path| sources.contains_key(path))
}

#[test]
fn exported_documents_are_valid() {
    let official = openapi::official();
    let mut seen = 0;
    for Case { name, sources, path } in cases("ok") {
        // One case is no capability.
        let Ok((exported, _)) = export(&sources, &path, "acme-shop") else { continue };
        seen += 1;
        let document: Value = serde_json::from_str(&exported.text).expect(&name);
        let wrong: Vec<_> = official.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        openapi::check(&name, &document);
    }
    assert!(seen > 20, "{seen} documents");
}

#[test]
fn exported_document_as_companion_gives_the_same_crate() {
    let mut seen = 0;
    let specifications = xtask::generation::read_sources(&root()).expect("the specifications are there");
    let own = specifications.keys().filter(|path| has_companion(&specifications, path));
    let own: Vec<_> = own.map(|path| (path.clone(), specifications.clone())).collect();
    let cases = cases("ok").into_iter().map(|case| (case.path, case.sources));
    for (path, sources) in cases.filter(|(path, sources)| has_companion(sources, path)).chain(own) {
        let (document, left_out) = exported(&sources, &path);
        assert!(left_out.is_empty(), "{path}: {left_out:?}");
        let again = with_export(&sources, &path, &document);
        let (before, after) = (files(&sources, &path), files(&again, &path));
        for (file, text) in &before {
            assert_same(file, text, after.get(file).map_or("", String::as_str));
        }
        assert_eq!(exported(&again, &path).0, document, "{path}: a second export says the same");
        seen += 1;
    }
    assert!(seen >= 2, "{seen} companions");
}

/// Shows the first line that differs.
fn assert_same(file: &str, before: &str, after: &str) {
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after, "{file}");
    }
    assert_eq!(before, after, "{file}");
}

#[test]
fn what_a_document_cannot_say_is_listed() {
    let path = "spec/acme/shop.yaml".to_owned();
    let capability = "naftiko: 1.0.0-alpha2\ninfo: {label: Shop}\ncapability:\n  consumes:\n  - type: http\n    namespace: a\n    \
                      baseUri: https://a.test\n    authentication: {type: bearer, token: '{{A}}'}\n    resources:\n    - \
                      {name: r, path: '/r/{id}', operations: [{name: get-r, method: GET}]}\n  - type: http\n    namespace: b\n    \
                      baseUri: https://b.test/v1\n    resources:\n    - {name: r, path: '/r/{key}', operations: [{name: get-r, \
                      method: GET}, {name: add-r, method: POST, body: {type: formUrlEncoded, data: {kind: plain}}}]}\nbinds:\n- \
                      {namespace: env, keys: {A: A}}\n";
    let sources = Sources::from([(path.clone(), capability.to_owned())]);
    let (text, left_out) = exported(&sources, &path);
    assert_eq!(left_out, ["GET /r/{key} of `get-r`: another operation has this method and path"]);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let item = &document["paths"]["/r/{id}"];
    assert_eq!(item["get"]["servers"][0]["url"], "https://a.test");
    assert_eq!(item["get"]["security"], serde_json::json!([{"bearer": []}]));
    assert_eq!(item["post"]["servers"][0]["url"], "https://b.test/v1");
    assert_eq!(item["post"]["security"], serde_json::json!([]));
    let form = &item["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
    assert_eq!(form["properties"]["kind"]["const"], "plain");
}

#[test]
fn command_writes_the_document_of_a_crate() {
    let folder = tempdir().expect("a folder");
    let out = folder.path().join("secrets.json");
    let name = crate_name("spec/scaleway/secret-manager-secrets.yaml").expect("a name");
    let options = |name: &str| Options { format: "openapi".to_owned(), name: name.to_owned(), out: Some(out.clone()) };
    assert!(run(&root(), &options(&name)).expect("it works"));
    let document: Value = serde_json::from_str(&fs::read_to_string(&out).expect("it is written")).expect("JSON");
    assert_eq!(document["servers"][0]["url"], "https://api.scaleway.com");
    assert_eq!(document["components"]["securitySchemes"]["api-key"]["name"], "X-Auth-Token");
    let error = run(&root(), &options("acme-gone")).expect_err("there is no such crate");
    assert!(error.to_string().starts_with("unknown crate `acme-gone`; the crates are "), "{error}");
}
