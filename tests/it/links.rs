//! Links of the pages: what they point to in the repository exists. Links to other hosts are not followed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::root;

/// The pages at the root, those of `docs/`, and those of generated crates.
fn pages() -> Vec<PathBuf> {
    let generated = children(&root().join("generated"));
    let folders = [root(), root().join("docs"), root().join("tests/interop/mcp")].into_iter().chain(generated);
    let pages = folders.flat_map(|folder| children(&folder));
    pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// A page's lines outside of fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of inline links, images and reference definitions in a page.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let without_code: String = line.split('`').step_by(2).collect();
        for after in without_code.split("](").skip(1) {
            found.push(after.split([')', ' ']).next().unwrap_or_default().to_owned());
        }
        if let Some((_, target)) = without_code.split_once("]: ").filter(|_| without_code.starts_with('[')) {
            found.push(target.trim().to_owned());
        }
    }
    found
}

/// The anchors that GitHub gives to a page's headings.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    let headings = prose(text).filter(|line| line.trim_start_matches('#').starts_with(' ') && line.starts_with('#'));
    headings
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let count = seen.entry(anchor.clone()).or_default();
            *count += 1;
            if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
        })
        .collect()
}

#[test]
fn relative_links_and_anchors_resolve() {
    let (mut broken, mut checked) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page is UTF-8");
        for target in targets(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.with_file_name(path) };
            let resolves = file.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&file).is_ok_and(|text| anchors(&text).iter().any(|it| it == anchor)));
            if !resolves {
                let page = page.strip_prefix(root()).expect("a page is in the repository");
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(checked >= 20, "only {checked} links are found");
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}
