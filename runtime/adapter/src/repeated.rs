//! A check that serde does not make: duplicate names in JSON objects.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::numbers::length_of_string;

/// The first duplicate name in an object of valid JSON. Parsers disagree about which value counts (RFC 8259 §4), so the
/// checks here and the upstream might see different values. It does not recurse, so any depth is safe.
pub fn repeated_name(json: &[u8]) -> Option<String> {
    // Only objects: in JSON that is valid, a name belongs to the innermost of them.
    let mut open: Vec<Object<'_>> = Vec::new();
    // The names of all open objects, outer ones first.
    let mut names = Vec::new();
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'{' => open.push(Object { start: names.len(), more: None }),
            b'}' => names.truncate(open.pop().map_or(0, |object| object.start)),
            b'"' => {
                let (text, after) = rest.split_at(length_of_string(rest));
                // A string is a name if a colon follows.
                if after.trim_ascii_start().first() == Some(&b':')
                    && let Some(object) = open.last_mut()
                    && let Some(name) = name(text)
                    && let Some(repeated) = object.add(&mut names, name)
                {
                    return Some(repeated.into_owned());
                }
                rest = after;
                continue;
            }
            _ => {}
        }
        rest = after;
    }
    None
}

/// So many names are compared one by one.
const FEW: usize = 16;

/// An object that has not ended. There may be hundreds of thousands of them, one inside the other.
struct Object<'j> {
    /// Where its names begin.
    start: usize,
    /// Its further names.
    #[expect(clippy::box_collection, reason = "almost no object has them, and the box is a sixth of the size")]
    more: Option<Box<HashSet<Cow<'j, str>>>>,
}

impl<'j> Object<'j> {
    /// Adds a name to those of this object, which are the last of all names, and returns it if it is among them.
    fn add(&mut self, names: &mut Vec<Cow<'j, str>>, name: Cow<'j, str>) -> Option<Cow<'j, str>> {
        let few = names.get(self.start..).unwrap_or_default();
        if few.contains(&name) {
            return Some(name);
        }
        if few.len() < FEW {
            names.push(name);
            return None;
        }
        self.more.get_or_insert_default().replace(name)
    }
}

/// The text of a JSON string, borrowed if it has no escapes.
fn name(json: &[u8]) -> Option<Cow<'_, str>> {
    if json.contains(&b'\\') {
        return serde_json::from_slice(json).ok().map(Cow::Owned);
    }
    let text = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(text).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn duplicate_names_are_found_within_one_object() {
        let cases = [
            (r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}"#, None),
            (r#"{"a":1,"\u0061":2}"#, Some("a")),
            (r#"[{"x":{"deep":[],"y":0,"deep":{}}}]"#, Some("deep")),
            (r#"{"a":"\"a\":","b":"{\"b\":1}"}"#, None),
            (r#"{"a\\":1,"a\\":2}"#, Some("a\\")),
            (r#"["a","a"]"#, None),
            (r#"{"a":{"b":1,"c":2},"b":{"b":1},"d":[{"c":3}],"c":4,"b":5}"#, Some("b")),
            ("7", None),
        ];
        for (json, expected) in cases {
            assert_eq!(repeated_name(json.as_bytes()).as_deref(), expected, "{json}");
        }
        let deep = format!("{}{}", r#"{"a":["#.repeat(50_000), "]}".repeat(50_000));
        assert_eq!(repeated_name(deep.as_bytes()), None);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<String>().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_without_duplicate_names_passes(document in document()) {
            prop_assert_eq!(repeated_name(document.to_string().as_bytes()), None);
            prop_assert_eq!(repeated_name(serde_json::to_string_pretty(&document)?.as_bytes()), None);
        }
    }
}
