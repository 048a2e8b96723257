//! JSON text as it is written: numbers keep their digits, and a name that an object has twice is an error (RFC 8259 §4
//! leaves its meaning to the reader).

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A document on lines of its own, laid out as serde_json does it, with a line end. It is about this long, in bytes: a text that grows
/// takes several times as much memory.
pub(crate) fn pretty(document: &Value, length: usize) -> String {
    let mut text = String::with_capacity(length);
    write(&mut text, document, 0);
    text.push('\n');
    text
}

/// Writes a value that is inside of so many others.
fn write(text: &mut String, value: &Value, level: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                start_line(text, at == 0, level + 1);
                write(text, item, level + 1);
            }
            start_line(text, true, level);
            text.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            text.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                start_line(text, at == 0, level + 1);
                write_text(text, name);
                text.push_str(": ");
                write(text, member, level + 1);
            }
            start_line(text, true, level);
            text.push('}');
        }
        Value::String(value) => write_text(text, value),
        other => text.push_str(&other.to_string()),
    }
}

/// The end of a line, and the blanks of so many levels.
const END: &str = ",\n                                                ";

/// Starts a line, after a comma unless it is the first.
fn start_line(text: &mut String, is_first: bool, level: usize) {
    let (start, mut blanks) = (usize::from(is_first), 2 * level);
    let most = END.len() - ",\n".len();
    text.push_str(END.get(start..END.len() - most.saturating_sub(blanks)).unwrap_or_default());
    while blanks > most {
        blanks -= most;
        text.push_str(END.get(2..2 + blanks.min(most)).unwrap_or_default());
    }
}

/// Writes a string.
pub(crate) fn write_text(text: &mut String, value: &str) {
    // Most have nothing to escape. That is seen for many bytes at once.
    let is_plain =
        value.bytes().fold(true, |is_plain, byte| is_plain & (byte >= b' ' && byte != b'"' && byte != b'\\'));
    if is_plain {
        text.extend(["\"", value, "\""]);
    } else {
        // Any text can be written as JSON.
        text.push_str(&serde_json::to_string(value).unwrap_or_default());
    }
}

/// Deeper values are refused, as most readers of JSON do.
const MAX_DEPTH: usize = 100;

/// A JSON value.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    /// A number, `true`, `false` or `null`, as it is written.
    Plain(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads a document; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    value(serde_json::from_str(text).map_err(problem)?, 0)
}

fn value(raw: &RawValue, depth: usize) -> Result<Json, String> {
    if depth > MAX_DEPTH {
        return Err(format!("it has more than {MAX_DEPTH} levels"));
    }
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'"') => Json::Text(serde_json::from_str(text).map_err(problem)?),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(problem)?;
            Json::Array(items.into_iter().map(|item| value(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let Members(pairs) = serde_json::from_str(text).map_err(problem)?;
            let mut known = BTreeSet::new();
            if let Some(name) = pairs.iter().map(|(name, _)| name).find(|name| !known.insert(*name)) {
                return Err(format!("an object has the name `{name}` twice"));
            }
            let members = pairs.into_iter().map(|(name, raw)| Ok((name, value(raw, depth + 1)?)));
            Json::Object(members.collect::<Result<_, String>>()?)
        }
        _ => Json::Plain(text.to_owned()),
    })
}

/// What is wrong, without the position: it counts from the start of a part.
fn problem(error: serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The members of an object, in order.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_names_are_unique() {
        let plain = |text: &str| Json::Plain(text.to_owned());
        let numbers = ["1.10", "1e2", "12345678901234567890.123456789", "-0", "1e999", "null", "true"];
        for number in numbers {
            let expected = Json::Object(vec![("a".to_owned(), Json::Array(vec![plain(number)]))]);
            assert_eq!(parse(&format!(" {{\"a\": [{number} ]}}")), Ok(expected));
        }
        assert_eq!(parse("\"\\u00e9\""), Ok(Json::Text("é".to_owned())));
        let twice = parse(r#"{"a": {"b": 1, "c": [], "\u0062": 2}}"#);
        assert_eq!(twice, Err("an object has the name `b` twice".to_owned()));
        assert!(parse(r#"[{"a": 1}, {"a": 1}]"#).is_ok(), "different objects");
    }

    #[test]
    fn documents_are_laid_out_as_serde_json_lays_them_out() {
        let mut document =
            serde_json::json!({"a": [], "b": {}, "c": [1, [true], {"d": null, "e": "é\n"}], "f": {"g": [{}]}});
        for _ in 0..60 {
            document = serde_json::json!({"h": document, "i": [2, {"j": 3}]});
        }
        let other = serde_json::to_string_pretty(&document).expect("JSON");
        assert_eq!(pretty(&document, 0), other + "\n");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["", "{", "{a: 1}", "[1,]", "01", "\"\\ud800\"", "1 2", "{\"a\": 1e}", deep.as_str()] {
            assert!(parse(text).is_err(), "{text:.20}");
        }
    }
}
