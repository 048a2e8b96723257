//! The kinds of JSON values.

use serde_json::Value;

/// Some kinds of JSON values; none means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u8);

/// The kinds, as JSON Schema and as messages name them. Integers are numbers.
const KINDS: [(&str, &str); 7] = [
    ("string", "a string"),
    ("integer", "a whole number"),
    ("number", "a number"),
    ("boolean", "`true` or `false`"),
    ("array", "an array"),
    ("object", "an object"),
    ("null", "null"),
];

impl Kinds {
    /// The kind of this name. An unknown one is any.
    pub(super) fn named(name: &str) -> Self {
        Self(KINDS.iter().zip(0..).find(|((known, _), _)| *known == name).map_or(u8::MAX, |(_, index)| 1 << index))
    }

    /// The kinds of a value.
    fn of(value: &Value) -> Self {
        let named = Self::named;
        match value {
            Value::String(_) => named("string"),
            Value::Number(number) => {
                let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
                if whole { named("integer").or(named("number")) } else { named("number") }
            }
            Value::Bool(_) => named("boolean"),
            Value::Array(_) => named("array"),
            Value::Object(_) => named("object"),
            Value::Null => named("null"),
        }
    }

    /// The kinds of both.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a value is of one of the kinds.
    pub(super) fn have(self, value: &Value) -> bool {
        self.0 == 0 || self.0 & Self::of(value).0 != 0
    }

    /// Whether these are all kinds.
    pub(super) fn is_any(self) -> bool {
        self.0 == 0 || self.0 == u8::MAX
    }

    /// The kinds in words: `a string or null`.
    pub(super) fn words(self) -> String {
        let names = KINDS.iter().zip(0..).filter(|(_, index)| self.0 & (1 << index) != 0).map(|((_, words), _)| *words);
        names.collect::<Vec<_>>().join(" or ")
    }
}
