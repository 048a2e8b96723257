//! Words that do not come back: `tests/words.txt` lists them, with what to write instead.

use std::fs;
use std::process::Command;

use xtask::root;

/// The list itself, this file, and pages that name the words that are not used.
const EXCLUDED: [&str; 4] = ["tests/words.txt", "tests/it/words.rs", "docs/glossary.md", "CHANGELOG.md"];

struct Entry<'a> {
    word: &'a str,
    any_ending: bool,
    replacement: &'a str,
}

impl Entry<'_> {
    /// Whether the line has the word. An underscore is no letter, so that the words of names are found too.
    fn is_in(&self, line: &str, lowercase: &str) -> bool {
        let line = if self.word.chars().any(char::is_uppercase) { line } else { lowercase };
        line.match_indices(self.word).any(|(at, found)| {
            let before = line[..at].chars().next_back();
            let after = line[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && (self.any_ending || !after.is_some_and(char::is_alphanumeric))
        })
    }
}

fn entries(list: &str) -> Vec<Entry<'_>> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (word, replacement) = line.split_once(" => ").unwrap_or_else(|| panic!("no replacement: {line}"));
            let (word, any_ending) = word.strip_suffix('*').map_or((word, false), |word| (word, true));
            Entry { word, any_ending, replacement }
        })
        .collect()
}

fn tracked_files() -> Vec<String> {
    let output = Command::new("git").current_dir(root()).args(["ls-files", "-z"]).output().expect("git starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    names.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn banned_words_do_not_occur() {
    let list = fs::read_to_string(root().join("tests/words.txt")).expect("the list exists");
    let entries = entries(&list);
    let kinds = [".rs", ".yaml", ".yml", ".md", ".toml", ".snap", ".json", ".sh", ".py", ".mjs", ".run"];
    let (mut found, mut files) = (Vec::new(), 0);
    for name in tracked_files() {
        let excluded = EXCLUDED.iter().any(|start| name.starts_with(start));
        if excluded || !(kinds.iter().any(|kind| name.ends_with(kind)) || name.starts_with(".ci/")) {
            continue;
        }
        files += 1;
        let text = fs::read_to_string(root().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (number, line) in text.lines().enumerate() {
            // `is None` is an operator of Python.
            let lowercase = line.replace("is None", "").to_lowercase();
            for entry in entries.iter().filter(|entry| entry.is_in(line, &lowercase)) {
                found.push(format!("{name}:{}: `{}`: write {}", number + 1, entry.word, entry.replacement));
            }
        }
    }
    assert!(files > 300, "only {files} files are read");
    assert!(found.is_empty(), "{} words to replace:\n{}", found.len(), found.join("\n"));
}

#[test]
fn words_are_matched_whole_and_in_names() {
    let entries = entries("he => they\nRefusal* => ApiError\nis none => is not one\n");
    let hits = |line: &str| entries.iter().filter(|entry| entry.is_in(line, &line.to_lowercase())).count();
    assert_eq!(["what he said", "He said", "fn he_said()"].map(hits), [1, 1, 1]);
    assert_eq!(["the", "refusal", "it isnone"].map(hits), [0, 0, 0]);
    assert_eq!(["a RefusalKind", "there is none."].map(hits), [1, 1]);
}
