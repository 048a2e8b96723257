//! YAML with spans.

use std::collections::BTreeMap;

use naftiko_schema::Kind;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{scalar, tree};
use crate::diagnostic::{Sink, Span};

/// The text of a key that is not a scalar: `{{name}}` without quotes is a mapping whose key is a mapping.
pub(crate) const UNQUOTED: &str = "{…}";

/// A YAML value with its span.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) span: Span,
}

/// What a value is. A scalar that is not text also has its text in the source: as a string, `1.10` is not `1.1`.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null(String),
    Bool(bool, String),
    /// A number as JSON, with all of its digits, and its text.
    Number(String, String),
    Text(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) value: Node,
}

/// Parses a text. Every problem is reported; `None` means that no value can be made of it.
pub(crate) fn parse(text: &str, file: usize, sink: &mut Sink) -> Option<Node> {
    let root = tree::read(text, file, sink)?;
    if sink.has_errors() { None } else { Some(root) }
}

impl Node {
    /// What the value is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match self.content {
            Content::Null(_) => "empty",
            Content::Bool(..) => "a boolean",
            Content::Number(..) => "a number",
            Content::Text(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }

    /// Whether it has no value.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null(_))
    }

    /// Whether it is the boolean true.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self.content, Content::Bool(true, _))
    }

    /// Whether it is a template without quotes: `{{name}}` is a mapping whose key is a mapping.
    pub(crate) fn is_unquoted(&self) -> bool {
        matches!(&self.content, Content::Mapping(entries) if entries.iter().any(|entry| entry.key == UNQUOTED))
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Mapping(entries) = &self.content else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The text of a scalar as it is written: `1.10` stays `1.10`. Null has none.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.content {
            Content::Bool(_, text) | Content::Number(_, text) | Content::Text(text) => Some(text.clone()),
            Content::Null(_) | Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// The value as JSON text. Numbers have all of their digits.
    pub(crate) fn to_json(&self) -> String {
        match &self.content {
            Content::Null(_) => "null".to_owned(),
            Content::Bool(flag, _) => flag.to_string(),
            Content::Number(json, _) => json.clone(),
            Content::Text(text) => quoted(text),
            Content::Sequence(items) => list(items.iter().map(Self::to_json)),
            Content::Mapping(entries) => {
                let members = entries.iter().map(|entry| format!("{}:{}", quoted(&entry.key), entry.value.to_json()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The value as JSON text in its declared type: a scalar is the string that is written where a string is declared,
    /// and a text that is a number or a boolean is one where these are. Outside of a body, all that lists and values of
    /// any type hold is text.
    pub(crate) fn to_json_of(&self, kind: Kind, in_body: bool) -> String {
        match (&self.content, kind) {
            (Content::Null(text), Kind::String) => quoted(text),
            (Content::Bool(_, text) | Content::Number(_, text), Kind::String) => quoted(text),
            (Content::Bool(_, text) | Content::Number(_, text), Kind::Any | Kind::Array) if !in_body => quoted(text),
            (Content::Sequence(items), Kind::Array) if !in_body => {
                list(items.iter().map(|item| item.to_json_of(Kind::Any, false)))
            }
            (Content::Text(text), Kind::Integer | Kind::Number | Kind::Boolean) => match scalar::plain(text.clone()) {
                Content::Bool(flag, _) => flag.to_string(),
                Content::Number(json, _) => json,
                _ => quoted(text),
            },
            _ => self.to_json(),
        }
    }

    /// The same for a fixed output, whose list or object the format writes as JSON text.
    pub(crate) fn to_output_json(&self, kind: Kind) -> String {
        let is_json = |text: &str| match kind {
            Kind::Array => serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok(),
            Kind::Object => serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok(),
            _ => false,
        };
        match &self.content {
            Content::Text(text) if is_json(text) => text.trim().to_owned(),
            _ => self.to_json_of(kind, true),
        }
    }
}

impl Node {
    /// The list or object of a text that is JSON with placeholders in or outside of strings, which all has one span.
    pub(crate) fn of_json_template(text: &str, span: Span) -> Option<Self> {
        let json = with_quoted_placeholders(text)?;
        // What else is YAML is no JSON.
        serde_json::from_str::<IgnoredAny>(&json).ok()?;
        let mut node = parse(&json, span.file, &mut Sink::new(""))?;
        tree::set_span(&mut node, span);
        matches!(node.content, Content::Sequence(_) | Content::Mapping(_)).then_some(node)
    }
}

/// A text of JSON with quotes around the placeholders that are outside of strings.
fn with_quoted_placeholders(text: &str) -> Option<String> {
    let (mut quoted, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['"', '{']) {
        let (before, found) = rest.split_at_checked(at)?;
        quoted.push_str(before);
        let length = if found.starts_with('"') {
            let mut escaped = false;
            let end = found.char_indices().skip(1).find(|(_, c)| {
                let is_end = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                is_end
            });
            end?.0 + 1
        } else if found.starts_with("{{") {
            found.find("}}")? + 2
        } else {
            1
        };
        let (piece, after) = found.split_at_checked(length)?;
        let quote = if piece.starts_with("{{") { "\"" } else { "" };
        quoted.extend([quote, piece, quote]);
        rest = after;
    }
    quoted.push_str(rest);
    Some(quoted)
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// A text as a JSON string, with escapes for what YAML must not contain.
pub(crate) fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    if json.chars().all(tree::is_printable) {
        return json;
    }
    let escaped = |c: char| if tree::is_printable(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    json.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;

    /// The text of each value and key in a source, by the path to it.
    fn spans<'t>(text: &'t str, node: &Node, path: &str, found: &mut Vec<(String, &'t str)>) {
        found.push((path.to_owned(), &text[node.span.start..node.span.end]));
        match &node.content {
            Content::Mapping(entries) => {
                for entry in entries {
                    assert!(text[entry.span.start..entry.span.end].contains(&entry.key), "{path}.{}", entry.key);
                    spans(text, &entry.value, &format!("{path}.{}", entry.key), found);
                }
            }
            Content::Sequence(items) => {
                items.iter().enumerate().for_each(|(i, item)| spans(text, item, &format!("{path}[{i}]"), found));
            }
            _ => {}
        }
    }

    #[test]
    fn spans_are_exact_over_several_lines() {
        for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let text = "a: \"ünï\"  # é\nb: |\n  first é\n  second\n\n# after\nc: # before\n- {d: 1, e: [x,\n    y]}\n- f: two\n    words # '\n  g:\n\
                        h: 'it''s\n  text'  # '\ni: end # x\nj: \"\\\"#\\\"\" # \"\n";
            let text = mark.to_owned() + &text.replace('\n', end);
            let mut sink = Sink::new("a.yaml");
            let root = parse(&text, 0, &mut sink).expect("it is YAML");
            let mut found = Vec::new();
            spans(&text, &root, "", &mut found);
            let expected = [
                (".a", "\"ünï\""),
                (".b", "first é\n  second"),
                (".c", "{d: 1, e: [x,\n    y]}\n- f: two\n    words # '\n  g"),
                (".c[0]", "{d: 1, e: [x,\n    y]}"),
                (".c[0].d", "1"),
                (".c[0].e", "[x,\n    y]"),
                (".c[0].e[1]", "y"),
                (".c[1]", "f: two\n    words # '\n  g"),
                (".c[1].f", "two\n    words"),
                (".h", "'it''s\n  text'"),
                (".i", "end"),
                (".j", "\"\\\"#\\\"\""),
            ];
            for (path, part) in expected {
                let span = found.iter().find(|(at, _)| at == path).map(|(_, part)| *part);
                assert_eq!(span, Some(part.replace('\n', end).as_str()), "{path}");
            }
            let root = text.trim_start_matches('\u{feff}').trim_end().trim_end_matches(" # \"");
            assert_eq!(found[0].1, root);
        }
    }

    #[test]
    fn pairs_of_surrogates_in_json_are_one_character() {
        let text = r#"{"a": "\ud83d\ude00!", "b\\ud83d\\ude00": "é\uD83D\uDE01", "c": 1}"#;
        let mut sink = Sink::new("a.json");
        let root = parse(text, 0, &mut sink).expect("it is read");
        let read = |key: &str| root.get(key).and_then(Node::scalar_text);
        assert_eq!(read("a").as_deref(), Some("😀!"));
        assert_eq!(read("b\\ud83d\\ude00").as_deref(), Some("é😁"));
        let mut found = Vec::new();
        spans(
            r#"{"a": "\ud83d\ude00!", "b\\ud83d\\ude00": "é\uD83D\uDE01", "c": 1}"#,
            root.get("c").expect("it is there"),
            ".c",
            &mut found,
        );
        assert_eq!(found, [(".c".to_owned(), "1")]);
        // Half of a pair is no character.
        assert!(parse(r#"{"a": "\ud83d"}"#, 0, &mut Sink::new("a.json")).is_none());
    }

    #[test]
    fn tabs_after_colons_separate_keys_from_values() {
        let text = "key:\tvalue\nlist:\n- a:\t1\n  b: \t'x:\ty'\n";
        let mut sink = Sink::new("a.yaml");
        let root = parse(text, 0, &mut sink);
        let sources = Sources::from([("a.yaml".to_owned(), text.to_owned())]);
        let found: Vec<_> = sink.finish(&sources).into_iter().map(|it| it.message.clone()).collect();
        assert_eq!(found, [""; 0]);
        assert_eq!(root.expect("it is read").to_json(), r#"{"key":"value","list":[{"a":1,"b":"x:\ty"}]}"#);
    }

    #[test]
    fn quoted_texts_are_yaml_whatever_characters_they_have() {
        let text = "a\u{92}\u{7f}\u{1}\u{85}\u{ffff}\"é😀";
        let line = format!("key: {}\n", quoted(text));
        let root = parse(&line, 0, &mut Sink::new("a.yaml")).expect("it is read");
        assert_eq!(root.get("key").and_then(Node::scalar_text).as_deref(), Some(text));
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).ok().as_deref(), Some(text));
    }

    #[test]
    fn both_keys_of_a_duplicate_are_marked() {
        let text = "é: 1\nb: 2\né: 3\n".to_owned();
        let mut sink = Sink::new("a.yaml");
        assert!(parse(&text, 0, &mut sink).is_none());
        let sources = Sources::from([("a.yaml".to_owned(), text.clone())]);
        let found = sink.finish(&sources).into_iter().next().expect("it is reported");
        assert_eq!((found.span, found.labels[0].span), (Span::new(11, 13), Span::new(0, 2)));
        assert_eq!(found.labels[0].text, "first defined here");
    }
}
