//! That texts are read by lines as the parser reads them.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::read;
use crate::diagnostic::Sink;
use crate::read::tree::{parsed, unprintable};

/// The styles of scalars and collections, and how they go on over several lines.
const STYLES: &str = include_str!("styles.yaml");

/// Checks that lines are read as the parser reads them; whether they are read.
fn check(text: &str) -> bool {
    let Some(ours) = unprintable(text).is_none().then(|| read(text, 0)).flatten() else { return false };
    let mut sink = Sink::new("a.yaml");
    let parsed = parsed(text, 0, &mut sink);
    assert!(!sink.has_errors(), "the parser refuses {text:?}");
    assert_eq!(format!("{:?}", Some(ours)), format!("{parsed:?}"), "{text:?}");
    true
}

#[test]
fn styles_of_capabilities_are_read_by_lines() {
    for text in [STYLES, "a: b\u{a0}\n", "a:\n- |\n  b\n", "a: [b] # c\n"] {
        assert!(check(text), "{text:?}");
    }
}

#[test]
fn lines_that_only_the_parser_reads_are_left_to_it() {
    for text in [
        "",
        "a",
        "a:",
        "a: &b c",
        "a: *b",
        "a: !!str 1",
        "? a\n: b",
        "a: |2\n  b",
        "a: b\n---\nc: d",
        "a: 1\na: 2",
        "<<: {a: b}",
        "a: {{b}}",
        "[a]: b",
        "- - a",
        "a:\tb",
        "a: b\r\nc: d",
        "{a: b}: c",
        "a: [b,]",
        "a: [b: c]",
        "a: {b}",
        "%YAML 1.2\n---\na: b",
        "a: 'b",
        "\u{feff}a: b",
        "a: b: c",
        " a: b\nc: d",
        "a:\n  - b\n c: d",
    ] {
        assert!(!check(text), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn lines_are_read_as_the_parser_reads_them(
        text in "(a|b: |- |: |\\[|\\]|\\{|\\}|, |'|\"|#| #|\\||>|>-|&a |\\*a|!|\\\\|\n|\n  |\n    |\n- |é| |-|:|---|\\.\\.\\.){0,30}"
    ) {
        check(&text);
    }

    #[test]
    fn changed_lines_are_read_as_the_parser_reads_them(
        changes in prop::collection::vec((any::<Index>(), 0..6_usize, select(vec![
            "", "\n", " ", "  ", "\n  ", "\n    ", "- ", ": ", ":", "#", " #", "'", "\"", "\\", "[", "]", "{", "}", ",", "|\n", ">\n", "a", "é", "\n\n", "<<: ", "---\n", "?", "...",
        ])), 1..4)
    ) {
        let mut text = STYLES.to_owned();
        for (index, removed, added) in changes {
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
            let at = index.index(places.len());
            let end = places.get(at + removed).copied().unwrap_or(text.len());
            text.replace_range(places[at]..end, added);
        }
        check(&text);
    }
}
