//! The page that says which test holds which promise.

use std::fs;

use xtask::root;

#[test]
fn every_test_that_the_page_names_is_there() {
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
        let places = ["tests/it", "runtime/src", "codegen/src"].map(|folder| root().join(folder));
        let files =
            places.iter().flat_map(|folder| [folder.join(format!("{file}.rs")), folder.join(file).join("mod.rs")]);
        let found =
            files.filter_map(|path| fs::read_to_string(path).ok()).any(|text| text.contains(&format!("fn {test}(")));
        assert!(found, "there is no {file}::{test}");
    }
}
