//! How JSON answers look on the wire.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Value, json};

/// Order of keys and spacing; the real API has changed both more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rendering {
    /// No spaces, keys in the order of the API's current answers.
    #[default]
    Compact,
    /// A space after each comma and colon, keys in alphabetical order.
    SpacedAlphabetical,
}

impl Rendering {
    pub(crate) fn render(self, mut value: Value) -> Vec<u8> {
        match self {
            Rendering::Compact => value.to_string().into_bytes(),
            Rendering::SpacedAlphabetical => {
                value.sort_all_objects();
                let mut text = Vec::new();
                // Writing a value to memory cannot fail: all its keys are text.
                let _ = value.serialize(&mut Serializer::with_formatter(&mut text, Spaced));
                text
            }
        }
    }
}

/// Adds a key that no client knows to the answer and to the entries of its lists.
pub(crate) fn add_unknown_field(answer: &mut Value) {
    let Value::Object(fields) = answer else {
        return;
    };
    let entries = fields.values_mut().filter_map(Value::as_array_mut);
    for entry in entries.flatten().filter_map(Value::as_object_mut) {
        entry.insert(UNKNOWN_FIELD.to_owned(), unknown_value());
    }
    fields.insert(UNKNOWN_FIELD.to_owned(), unknown_value());
}

const UNKNOWN_FIELD: &str = "field_added_later";

fn unknown_value() -> Value {
    json!({"kind": "new", "values": [1, null]})
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

fn separate<W: ?Sized + Write>(out: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { out.write_all(b", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renderings_differ_in_order_and_spaces_only() {
        let value = json!({"b": [1, 2], "a": {"d": null, "c": "x"}});
        let compact = Rendering::Compact.render(value.clone());
        let spaced = Rendering::SpacedAlphabetical.render(value);
        assert_eq!(compact, br#"{"b":[1,2],"a":{"d":null,"c":"x"}}"#);
        assert_eq!(spaced, br#"{"a": {"c": "x", "d": null}, "b": [1, 2]}"#);
    }
}
