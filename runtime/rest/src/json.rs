//! A check that serde does not make: duplicate names in JSON objects.

use std::collections::HashSet;

use naftiko_adapter::numbers::length_of_string;

/// The first duplicate name in an object of valid JSON. Parsers disagree about which value counts (RFC 8259 §4), so the
/// checks here and the upstream might see different values. It does not recurse, so any depth is safe.
pub(super) fn repeated_name(json: &[u8]) -> Option<String> {
    let mut open: Vec<Option<HashSet<String>>> = Vec::new();
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'{' => open.push(Some(HashSet::new())),
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let (text, after) = rest.split_at(length_of_string(rest));
                // A string is a name if a colon follows.
                if after.trim_ascii_start().first() == Some(&b':')
                    && let Some(Some(names)) = open.last_mut()
                    && let Ok(name) = serde_json::from_slice::<String>(text)
                    && let Some(repeated) = names.replace(name)
                {
                    return Some(repeated);
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
