//! YAML with spans.
//!
//! The values come from `serde_yaml`, which has no spans and silently keeps the last of two equal keys. So the same text
//! is also read as a stream of marked events (see `marks`), which gives the spans and finds duplicate keys first.

use serde::Deserialize as _;
use serde_yaml::Value;

use super::marks::{Marks, Source, index};
use crate::codes::Code;
use crate::diagnostic::{Lines, Sink, Span};

/// The text of a key that is not a scalar: `{{name}}` without quotes is a mapping whose key is a mapping.
pub(crate) const UNQUOTED: &str = "{…}";

/// A YAML value with its span.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    /// A number, and its text in the source.
    Number(serde_json::Number, String),
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
    let source = Source::new(text, file);
    let marks = index(&source, sink)?;
    if sink.has_errors() {
        return None;
    }
    let value = serde_yaml::Deserializer::from_str(source.text);
    match Value::deserialize(value).and_then(|mut value| value.apply_merge().map(|()| value)) {
        Ok(value) => Some(node(value, Some(&marks), marks.span)),
        Err(error) => {
            let at = error.location().map(|at| Lines::new(text).offset(at.line(), at.column()));
            let span = at.map_or(marks.span, |start| Span { start, end: start, file });
            sink.report(Code::Syntax, span, format!("invalid YAML: {error}"));
            None
        }
    }
}

fn node(value: Value, marks: Option<&Marks>, fallback: Span) -> Node {
    let span = marks.map_or(fallback, |marks| marks.span);
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(flag) => Content::Bool(flag),
        Value::Number(number) => number_content(&number, marks),
        Value::String(text) => Content::Text(text),
        Value::Sequence(items) => {
            let children = items.into_iter().enumerate();
            Content::Sequence(
                children.map(|(i, item)| node(item, marks.and_then(|marks| marks.items.get(i)), span)).collect(),
            )
        }
        Value::Mapping(entries) => {
            // Entries are in the order of the source, unless `<<` merges others into them; then they are found by key.
            let written = marks.filter(|at| at.entries.len() == entries.len() && !at.keys.contains_key("<<"));
            let entries = entries.into_iter().enumerate().map(|(index, (key, value))| {
                let found = match written {
                    Some(at) => at.entries.get(index),
                    None => marks.and_then(|at| at.entries.get(*at.keys.get(key.as_str()?)?)),
                };
                match found {
                    Some((written, at, marks)) => {
                        // An alias used as a key has no text of its own.
                        let key = if written == UNQUOTED { key_text(&key) } else { written.clone() };
                        Entry { key, span: *at, value: node(value, Some(marks), *at) }
                    }
                    None => Entry { key: key_text(&key), span, value: node(value, None, span) },
                }
            });
            Content::Mapping(entries.collect())
        }
        Value::Tagged(tagged) => return node(tagged.value, marks, fallback),
    };
    Node { content, span }
}

/// A key as text.
fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        _ => UNQUOTED.to_owned(),
    }
}

fn number_content(number: &serde_yaml::Number, marks: Option<&Marks>) -> Content {
    let text = marks.and_then(|marks| marks.text.clone()).unwrap_or_else(|| number.to_string());
    let json = if let Some(whole) = number.as_i64() {
        Some(whole.into())
    } else if let Some(whole) = number.as_u64() {
        Some(whole.into())
    } else {
        number.as_f64().and_then(serde_json::Number::from_f64)
    };
    // JSON has no `.inf` and `.nan`.
    json.map_or_else(|| Content::Text(text.clone()), |json| Content::Number(json, text.clone()))
}

impl Node {
    /// What the value is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match self.content {
            Content::Null => "empty",
            Content::Bool(_) => "a boolean",
            Content::Number(..) => "a number",
            Content::Text(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
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

    /// The text of a scalar as it is written: `1.10` stays `1.10`.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.content {
            Content::Bool(flag) => Some(flag.to_string()),
            Content::Number(_, text) | Content::Text(text) => Some(text.clone()),
            Content::Null | Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.content {
            Content::Null => serde_json::Value::Null,
            Content::Bool(flag) => (*flag).into(),
            Content::Number(number, _) => number.clone().into(),
            Content::Text(text) => text.clone().into(),
            Content::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Content::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }
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
