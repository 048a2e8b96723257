//! `cargo xtask lint --fix`: certain suggestions are applied, and nothing else is changed.

use std::fs;
use std::path::PathBuf;

use tempfile::tempdir;
use xtask::fix::fix;
use xtask::lint::{Format, Linted, Options, run};

/// A file with line ends of Windows, a byte order mark, comments, several mistakes of which some repeat, and one that is
/// not certain.
const MISTAKES: &str = "\u{feff}naftiko: 1.0.0-alpha2  # ünïcode\r
capability:\r
  consumes:\r
  - namespace: shop\r
    baseUri: 'https://api.shop.test/'   # two fixes in one entry\r
    authentication: {type: bearer, token: {{env.TOKEN}}}\r
    resources:\r
    - path: items\r
      descripton: Items   # a letter is missing\r
      operations:\r
      - {name: list-items, method: GET, inputParameter: []}\r
      - {name: get-item, method: GET, inputParameter: []}\r
  exposes:\r
  - type: mcp\r
    namespace: tools\r
    tools:\r
    - {name: list, description: Lists, call: \"shop.list-itms\"}\r
    - name: get\r
      description: Gets\r
      call: get-item\r
    - {name: Not Certain, description: Lists, call: shop.list-items}\r
";

#[test]
fn certain_suggestions_are_applied_and_all_other_bytes_are_kept() {
    let folder = tempdir().expect("a folder can be made");
    let file = folder.path().join("a.yaml");
    fs::write(&file, MISTAKES).expect("files can be written");
    let paths = [PathBuf::from("a.yaml")];
    let (applied, linted) = fix(folder.path(), &paths).expect("the file can be fixed");
    let expected = [
        ("'https://api.shop.test/'", "'https://api.shop.test'"),
        ("{{env.TOKEN}}", "'{{env.TOKEN}}'"),
        ("path: items", "path: /items"),
        ("descripton", "description"),
        ("inputParameter:", "inputParameters:"),
        ("shop.list-itms", "shop.list-items"),
        ("call: get-item", "call: shop.get-item"),
    ];
    let fixed = expected.iter().fold(MISTAKES.to_owned(), |text, (before, after)| text.replace(before, after));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), fixed);
    assert_eq!(applied.len(), expected.len() + 1, "one of them occurs twice: {applied:#?}");
    let left: Vec<_> = linted.diagnostics.iter().map(|it| it.code.to_string()).collect();
    assert!(left.contains(&"NK0310".to_owned()) && !left.contains(&"NK0108".to_owned()), "{left:?}");

    let (applied, _) = fix(folder.path(), &paths).expect("the file can be fixed");
    assert!(applied.is_empty(), "nothing is left to fix: {applied:?}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), fixed);
    assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "no draft stays");
}

#[test]
fn suggestions_that_would_cause_an_error_are_not_applied() {
    let folder = tempdir().expect("a folder can be made");
    let file = folder.path().join("a.yaml");
    let text = format!("{MISTAKES}    - {{name: list-all, description: Lists, calls: [shop.list-items]}}\n");
    fs::write(&file, text).expect("files can be written");
    let (applied, _) = fix(folder.path(), &["a.yaml".into()]).expect("the file can be fixed");
    assert_eq!(applied.len(), 8, "the others are applied: {applied:#?}");
    let text = fs::read_to_string(&file).expect("it is there");
    assert!(text.contains("calls: [shop.list-items]"), "`call` cannot be a list: {text}");
}

#[test]
fn files_that_are_only_imported_are_not_edited() {
    let folder = tempdir().expect("a folder can be made");
    let shared = "naftiko: 1.0.0-alpha2\nconsumes:\n- namespace: shop\n  baseUri: https://shop.test\n  resorces: []\n";
    let capability = "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - {from: ./shared.yaml, import: shop}\n";
    fs::write(folder.path().join("shared.yaml"), shared).expect("files can be written");
    fs::write(folder.path().join("a.yaml"), capability).expect("files can be written");
    let (applied, Linted { diagnostics, .. }) = fix(folder.path(), &["a.yaml".into()]).expect("it can be read");
    assert!(applied.is_empty(), "{applied:?}");
    assert!(diagnostics.iter().any(|it| it.file == "shared.yaml" && !it.suggestions.is_empty()), "{diagnostics:?}");
    assert_eq!(fs::read_to_string(folder.path().join("shared.yaml")).expect("it is there"), shared);
}

#[test]
fn fixes_work_with_every_format() {
    for format in [Format::Human, Format::Json, Format::Sarif, Format::Github] {
        let folder = tempdir().expect("a folder can be made");
        let file = folder.path().join("a.yaml");
        fs::write(&file, MISTAKES).expect("files can be written");
        let options = Options { paths: vec![".".into()], format, deny_warnings: false, fix: true };
        assert!(run(folder.path(), &options).expect("it can be fixed"), "no error is left");
        assert!(!fs::read_to_string(&file).expect("it is there").contains("list-itms"));
    }
}
