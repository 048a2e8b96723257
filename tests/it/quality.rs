//! The page that names a test for each promise. Only the names are checked, not that a test proves its promise.

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
        let (part, rest) = file.split_once('/').unwrap_or((file, ""));
        let runtime = (format!("runtime/{part}/src"), rest);
        let places = [("tests/it".to_owned(), file), ("codegen/src".to_owned(), file), runtime];
        let files = places.into_iter().flat_map(|(folder, file)| {
            let folder = root().join(folder);
            [folder.join(format!("{file}.rs")), folder.join(file).join("mod.rs")]
        });
        let found =
            files.filter_map(|path| fs::read_to_string(path).ok()).any(|text| text.contains(&format!("fn {test}(")));
        assert!(found, "there is no {file}::{test}");
    }
}
