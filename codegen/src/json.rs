//! JSON text as it is written: numbers keep their digits, and a name that an object has twice is an error (RFC 8259 §4
//! leaves its meaning to the reader).

use std::collections::BTreeSet;
use std::{fmt, io};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};
use serde_json::value::RawValue;

/// A document on lines of its own, with a line end. It is about this long, in bytes: a text that grows takes several times as much
/// memory.
pub(crate) fn pretty(document: &impl Serialize, length: usize) -> String {
    let mut text = Vec::with_capacity(length);
    let written = document.serialize(&mut Serializer::with_formatter(&mut text, Lines::default()));
    text.push(b'\n');
    // Any value can be written as JSON, which is UTF-8.
    written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

/// The end of a line, and the blanks of so many levels. Those of serde_json are written level by level.
const END: &[u8] = b",\n                                                ";

/// The same layout as serde_json's: two blanks for each level, and nothing between the brackets of what is empty.
#[derive(Default)]
struct Lines {
    level: usize,
    /// Whether the innermost list or object that is open has a value.
    has_value: bool,
}

impl Lines {
    /// Starts a line, after a comma unless it is the first.
    fn start(&self, writer: &mut (impl io::Write + ?Sized), is_first: bool) -> io::Result<()> {
        let (start, mut blanks) = (usize::from(is_first), 2 * self.level);
        let most = END.len() - ",\n".len();
        writer.write_all(END.get(start..END.len() - most.saturating_sub(blanks)).unwrap_or_default())?;
        while blanks > most {
            blanks -= most;
            writer.write_all(END.get(2..2 + blanks.min(most)).unwrap_or_default())?;
        }
        Ok(())
    }

    fn open(&mut self, writer: &mut (impl io::Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn close(&mut self, writer: &mut (impl io::Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.level = self.level.saturating_sub(1);
        if self.has_value {
            self.start(writer, true)?;
        }
        writer.write_all(bracket)
    }
}

impl Formatter for Lines {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.start(writer, is_first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.start(writer, is_first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
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
