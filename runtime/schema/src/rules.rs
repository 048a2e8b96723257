//! What values must satisfy besides their type: the keywords of JSON Schema that the runtime checks.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::table::table;

/// The largest compiled pattern, in bytes. The time for a match is at most in proportion to it, and to the text.
pub const PATTERN_SIZE: usize = 256 << 10;

table! {
    /// Rules for the values of a parameter. Numbers and allowed values are JSON text, so that no digits are lost.
    pub struct Rules {
    } with {
        /// The allowed values, each as JSON text (`enum`); any if empty.
        allowed: [crate::Text],
        /// A regular expression that has to match somewhere in a text.
        pattern: optional(text),
        /// The format of a text.
        format: optional(StringFormat),
        /// The smallest number, as JSON text.
        minimum: optional(text),
        /// The largest number, as JSON text.
        maximum: optional(text),
        /// The smallest number of characters.
        min_length: optional(u64),
        /// The largest number of characters.
        max_length: optional(u64),
        /// The largest number of items.
        max_items: optional(u64),
    }
}

impl Rules {
    pub(crate) const UNSET: Self = Self::new();

    /// Whether every value of the right type satisfies them.
    pub fn is_empty(&self) -> bool {
        *self == Self::UNSET
    }

    /// The rules as keywords of JSON Schema.
    pub fn keywords(&self) -> Map<String, Value> {
        let json = |text: &crate::Text| serde_json::from_str::<Value>(text).unwrap_or_default();
        let allowed = (!self.allowed.is_empty()).then(|| self.allowed.iter().map(json).collect());
        let pattern = self.pattern.as_deref().map(Value::from);
        let format = self.format.map(|format| Value::from(format.as_str()));
        let keywords = [
            ("enum", allowed),
            ("pattern", pattern),
            ("format", format),
            ("minimum", self.minimum.as_ref().map(json)),
            ("maximum", self.maximum.as_ref().map(json)),
            ("minLength", self.min_length.map(Value::from)),
            ("maxLength", self.max_length.map(Value::from)),
            ("maxItems", self.max_items.map(Value::from)),
        ];
        keywords.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect()
    }
}

/// A format of texts that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum StringFormat {
    /// A UUID (RFC 9562 §4).
    Uuid,
    /// A date (RFC 3339 §5.6, `full-date`).
    Date,
    /// A date with a time (RFC 3339 §5.6).
    DateTime,
    /// An email address, checked only roughly.
    Email,
}

impl StringFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Uuid, Self::Date, Self::DateTime, Self::Email];

    /// The name in JSON Schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::Email => "email",
        }
    }
}
