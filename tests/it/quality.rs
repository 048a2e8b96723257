//! The pages that name a test for each promise or invariant. Only the names are checked, not that a test proves its promise.

use std::fs;

use xtask::root;

#[test]
fn tests_named_on_the_quality_page_exist() {
    let page = fs::read_to_string(root().join("docs/quality.md")).expect("the page is there");
    let named: Vec<(&str, &str)> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| !name.contains(' ') && *name != "file::test")
        .filter_map(|name| name.split_once("::"))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    for (file, test) in named {
        assert!(is_test(file, test), "there is no {file}::{test}");
    }
}

/// Whether a file, as pages name it, has this test.
pub(crate) fn is_test(file: &str, test: &str) -> bool {
    let (part, rest) = file.split_once('/').unwrap_or((file, ""));
    let runtime = (format!("runtime/{part}/src"), rest);
    let places = [("tests/it".to_owned(), file), ("codegen/src".to_owned(), file), runtime];
    let mut files = places.into_iter().flat_map(|(folder, file)| {
        let folder = root().join(folder);
        [folder.join(format!("{file}.rs")), folder.join(file).join("mod.rs")]
    });
    files.any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("fn {test}("))))
}

#[test]
fn tests_named_beside_the_invariants_of_the_architecture_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`: `"));
    let mut count = 0;
    for row in rows {
        let tests = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let mut text = String::new();
        for name in tests.split('`').skip(1).step_by(2) {
            if name.contains('/') {
                text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            } else {
                assert!(text.contains(&format!("fn {name}(")), "there is no {name}: {row}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "{count} tests are named");
}
