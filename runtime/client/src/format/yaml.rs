//! YAML 1.1, the first document of a stream. An alias is the value that it names, and `<<` adds members of other mappings.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

use super::error::{FormatError, Place};
use super::{Number, TOO_DEEP, is_too_deep, yaml_scalar};

/// The format, as messages call it.
const NAME: &str = "YAML";

/// How many values aliases may add; a text counts as one more for each 64 bytes. A few of them can stand for billions.
const MAX_COPIES: usize = 1 << 20;

/// The first document as JSON. Of two equal keys the last counts. Keys are texts, as they are written.
///
/// # Errors
/// If it is not YAML, is nested too deeply, has a list or mapping as a key, or its aliases stand for too much.
pub(super) fn read(text: &str, number: Number) -> Result<Value, FormatError> {
    let mut reader = Reader { number, open: Vec::new(), anchors: HashMap::new(), copies: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| FormatError::new(NAME, "this is no YAML", Some(Place::Line(error.marker().line()))))?;
        let complete = reader
            .event(event)
            .map_err(|problem| FormatError::new(NAME, problem, Some(Place::Line(span.start.line()))))?;
        if let Some(document) = complete {
            return Ok(document);
        }
    }
    Ok(Value::Null)
}

/// A list or mapping that is being read, with its anchor.
enum Open {
    List(usize, Vec<Value>),
    Mapping { anchor: usize, members: Map<String, Value>, key: Option<String>, merged: Vec<Value> },
}

struct Reader {
    number: Number,
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    /// How many values aliases have added.
    copies: usize,
}

impl Reader {
    /// Takes an event. Returns the document when it is complete.
    fn event(&mut self, event: Event<'_>) -> Result<Option<Value>, &'static str> {
        let (value, anchor, text) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref());
                (value, anchor, Some(text.into_owned()))
            }
            Event::SequenceStart(anchor, _) => return self.begin(Open::List(anchor, Vec::new())),
            Event::MappingStart(anchor, _) => {
                return self.begin(Open::Mapping { anchor, members: Map::new(), key: None, merged: Vec::new() });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(anchor, items)) => (Value::Array(items), anchor, None),
                Some(Open::Mapping { anchor, members, merged, .. }) => {
                    (Value::Object(with_merged(members, merged)?), anchor, None)
                }
                None => return Ok(None),
            },
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).ok_or("an alias is a part of what it names")?;
                self.copies = self.copies.saturating_add(size(value));
                if self.copies > MAX_COPIES {
                    return Err("its aliases stand for too many values");
                }
                if is_too_deep(value, self.open.len()) {
                    return Err(TOO_DEEP);
                }
                let value = value.clone();
                let text = value.as_str().map(str::to_owned);
                (value, 0, text)
            }
            _ => return Ok(None),
        };
        if anchor > 0 {
            self.copies = self.copies.saturating_add(size(&value));
            if self.copies > MAX_COPIES {
                return Err("its anchors name too many values");
            }
            self.anchors.insert(anchor, value.clone());
        }
        self.enter(value, text)
    }

    fn begin(&mut self, open: Open) -> Result<Option<Value>, &'static str> {
        self.open.push(open);
        if is_too_deep(&Value::Null, self.open.len()) { Err(TOO_DEEP) } else { Ok(None) }
    }

    /// Enters a value into what it is in. Without that, it is the document. `text` is its text, if it may be a key.
    fn enter(&mut self, value: Value, text: Option<String>) -> Result<Option<Value>, &'static str> {
        match self.open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::List(_, items)) => items.push(value),
            Some(Open::Mapping { members, key, merged, .. }) => match key.take() {
                None => *key = Some(text.ok_or("a key is a list or a mapping")?),
                Some(key) if key == "<<" && !value.is_string() => merged.push(value),
                Some(key) => drop(members.insert(key, value)),
            },
        }
        Ok(None)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
        match tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
            // Lines and their indentation are no part of base64.
            Some("binary") => Value::from(text.split_whitespace().collect::<String>()),
            Some("str" | "timestamp") => Value::from(text),
            Some(_) => yaml_scalar::plain(text, self.number),
            None if style == ScalarStyle::Plain && tag.is_none() => yaml_scalar::plain(text, self.number),
            None => Value::from(text),
        }
    }
}

/// The members of a mapping with those that `<<` adds: its own count, then those of the first.
fn with_merged(mut members: Map<String, Value>, merged: Vec<Value>) -> Result<Map<String, Value>, &'static str> {
    let all = merged.into_iter().flat_map(|value| match value {
        Value::Array(items) => items,
        other => vec![other],
    });
    for other in all {
        let Value::Object(other) = other else { return Err("`<<` takes mappings") };
        for (name, value) in other {
            members.entry(name).or_insert(value);
        }
    }
    Ok(members)
}

/// How many values a value is.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|(name, value)| name.len() / 64 + size(value)).sum::<usize>(),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::number;
    use super::*;

    fn document(text: &str) -> Result<Value, String> {
        read(text, number).map_err(|error| error.to_string())
    }

    #[test]
    fn documents_become_json() {
        for (text, expected) in [
            ("", json!(null)),
            ("a: 1\nb: [x, 'yes', yes]\n", json!({"a": 1, "b": ["x", "yes", true]})),
            ("- 1\n---\n- 2\n", json!([1])),
            ("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}", json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"e": 2, "b": 1}})),
            ("a: &x text\n*x : 2", json!({"a": "text", "text": 2})),
            ("a: 1\na: 2", json!({"a": 2})),
            ("a: !!binary |\n  AQ\n  ==\n", json!({"a": "AQ=="})),
            ("yes: !!str 5\n~: !!int '7'\n2: !own 3", json!({"yes": "5", "~": 7, "2": "3"})),
            ("a: |\n  x\n  y\nb: >-\n  x\n  y", json!({"a": "x\ny\n", "b": "x y"})),
            ("plain", json!("plain")),
        ] {
            assert_eq!(document(text).as_ref(), Ok(&expected), "{text:?}");
        }
    }

    #[test]
    fn documents_that_cannot_be_read_are_refused_with_their_line() {
        for (text, expected) in [
            ("a: 1\nb: [", "this is no YAML"),
            ("a: 1\n[b]: 2", "invalid YAML at line 2: a key is a list or a mapping"),
            ("a: &x [*x]", "invalid YAML at line 1: an alias is a part of what it names"),
            ("a: *y", "this is no YAML"),
            ("<<: [1]", "`<<` takes mappings"),
        ] {
            let error = document(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let deep = document(&"[".repeat(5000)).unwrap_err();
        assert!(deep.starts_with("invalid YAML"), "{deep}");
        let deep = document(&format!(
            "a: &x {}1{}\nb: {}*x{}",
            "[".repeat(70),
            "]".repeat(70),
            "[".repeat(70),
            "]".repeat(70)
        ));
        assert!(deep.clone().unwrap_err().contains(TOO_DEEP), "{deep:?}");
        let mut laughs = "a0: &a0 [x]\n".to_owned();
        for level in 1..30 {
            let one = format!("*a{}", level - 1);
            laughs.push_str(&format!("a{level}: &a{level} [{one}, {one}, {one}]\n"));
        }
        assert!(document(&laughs).unwrap_err().contains("too many values"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c&*<:{}\\[\\],'\"!|>\\-#%@?~ \n\t0-9é]{0,60}|.{0,30}") {
            let _ = document(&text);
        }
    }
}
