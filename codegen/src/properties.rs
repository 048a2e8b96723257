//! Properties of what reads texts of authors: any text is read without a panic, and what was read is written back as it was.

use naftiko_schema::{PathFunction, PathStep};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::diagnostic::Sink;
use crate::json_path;
use crate::read::yaml::{self, Content, Node};
use crate::template::{Piece, split, split_path};

/// 10,000 cases, unless `PROPTEST_CASES` says how many.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 10_000 };
    ProptestConfig { cases, ..config }
}

/// Up to so many of these pieces.
fn text_of(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    vec(select(pieces), 0..most).prop_map(|pieces| pieces.concat())
}

const YAML: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "\n",
    "  ",
    "\t",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "? ",
    "#",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "~",
    "1.10",
    "0x1F",
    "-",
    "é",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\r\n",
    "\\",
    "\\u0000",
    "{{x}}",
    "null",
    "@",
    "`",
];

/// A document as another program writes it.
fn document() -> impl Strategy<Value = Value> {
    let name = "[a-z \\\\\"':#\n{}é-]{0,6}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        name.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn parse(text: &str) -> Option<Node> {
    yaml::parse(text, 0, &mut Sink::new("a.yaml"))
}

/// Whether the span of each value is a part of the text.
fn has_spans(node: &Node, text: &str) -> bool {
    let own = text.get(node.span.start..node.span.end).is_some();
    own && match &node.content {
        Content::Sequence(items) => items.iter().all(|item| has_spans(item, text)),
        Content::Mapping(entries) => entries
            .iter()
            .all(|entry| text.get(entry.span.start..entry.span.end).is_some() && has_spans(&entry.value, text)),
        _ => true,
    }
}

/// The text of pieces, with placeholders as in templates.
fn template(pieces: &[Piece]) -> String {
    let write = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Placeholder(name) | Piece::Segments(name) => format!("{{{{ {name} }}}}"),
    };
    pieces.iter().map(write).collect()
}

/// The same for a path.
fn path(pieces: &[Piece]) -> String {
    let write = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Placeholder(name) => format!("{{{name}}}"),
        Piece::Segments(name) => format!("{{{name}+}}"),
    };
    pieces.iter().map(write).collect()
}

/// A path of a mapping, with as many brackets as possible.
fn mapping(steps: &[PathStep]) -> String {
    let write = |step: &PathStep| match step {
        PathStep::Key(name) => format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
        PathStep::Index(index) => format!("[{index}]"),
        PathStep::Each => "[*]".to_owned(),
        PathStep::Members(names) => {
            let names: Vec<_> =
                names.iter().map(|name| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))).collect();
            format!("[{}]", names.join(","))
        }
        PathStep::Query(text) => text.trim_start_matches('$').to_owned(),
        PathStep::Function(PathFunction::Length) => ".size()".to_owned(),
        PathStep::Function(function) => format!(".{}()", format!("{function:?}").to_lowercase()),
    };
    format!("${}", steps.iter().map(write).collect::<String>())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_yaml_is_read_with_spans_inside_of_it(text in text_of(YAML, 16)) {
        if let Some(root) = parse(&text) {
            prop_assert!(has_spans(&root, &text), "{root:?}");
            let json = root.to_json();
            prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
        }
    }

    #[test]
    fn documents_of_json_are_read_as_they_are(document in document(), pretty: bool) {
        let text = if pretty { format!("{document:#}") } else { document.to_string() };
        let root = parse(&text);
        let json = root.map(|root| root.to_json()).unwrap_or_default();
        // Texts are compared as they are read, because reading changes digits of numbers.
        let read = |text: &str| serde_json::from_str::<Value>(text).ok();
        prop_assert_eq!(read(&json), read(&document.to_string()), "{}", text);
    }

    #[test]
    fn templates_are_split_and_joined(text in text_of(&["{", "{{", "}", "}}", "a", " ", ".", "\n", "é", "#", "{{b}}", "$"], 12)) {
        // Three braces are a spelling of two.
        let mut text = text;
        while text.contains("{{{") || text.contains("}}}") {
            text = text.replace("{{{", "{{ {").replace("}}}", "}} }");
        }
        let pieces = split(&text);
        prop_assert_eq!(split(&template(&pieces)), pieces.clone());
        // Blanks around names mean nothing; all else is kept.
        let dense = |text: &str| text.replace([' ', '\n'], "");
        prop_assert_eq!(dense(&template(&pieces)), dense(&text));
    }

    #[test]
    fn paths_are_split_and_joined(text in text_of(&["{", "{{", "}", "}}", "a", "/", "+", "*", " ", "é", "{b}", "{c+}", "?", "%2F"], 12)) {
        if let Ok(pieces) = split_path(&text) {
            prop_assert_eq!(split_path(&path(&pieces)), Ok(pieces));
        }
    }

    #[test]
    fn paths_of_mappings_are_read_and_written(text in text_of(&["$", ".", "a", "b-c", "[", "]", "'", "\"", "*", "0", "-1", " ", ".last()", "?@.a-b", "é", "['d e']", "[2]", "[1:2]", "..", "==", "(", ")"], 10)) {
        if let Ok(steps) = json_path::parse(&text) {
            prop_assert_eq!(json_path::parse(&mapping(&steps)), Ok(steps), "{}", text);
        }
    }
}
