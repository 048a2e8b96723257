//! JSON text as it is written: numbers keep their digits, and a name that an object has twice is an error (RFC 8259 §4
//! leaves its meaning to the reader).

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A document on lines of its own, with a line end.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    // Any value can be written as JSON.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
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
    fn what_is_not_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["", "{", "{a: 1}", "[1,]", "01", "\"\\ud800\"", "1 2", "{\"a\": 1e}", deep.as_str()] {
            assert!(parse(text).is_err(), "{text:.20}");
        }
    }
}
