//! JSON whose numbers keep their digits, and whose members may come in any order.

use std::fmt::{self, Write as _};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Clone, Debug)]
pub(super) enum Json {
    /// `null`, a boolean or a number, as it is written.
    Plain(String),
    Text(String),
    List(Vec<Json>),
    Members(Vec<(String, Json)>),
}

/// Members as they are written, in order.
struct Written<'j>(Vec<(String, &'j RawValue)>);

impl Json {
    /// Reads a whole text.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let written: &RawValue = serde_json::from_str(text)?;
        let text = written.get();
        Ok(match text.as_bytes().first() {
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'[') => {
                let values: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(values.into_iter().map(|value| Self::parse(value.get())).collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let Written(members) = serde_json::from_str(text)?;
                let members = members.into_iter().map(|(name, value)| Ok((name, Self::parse(value.get())?)));
                Self::Members(members.collect::<Result<_, serde_json::Error>>()?)
            }
            _ => Self::Plain(text.to_owned()),
        })
    }

    /// The member with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The members; none if it is no object.
    pub(super) fn members(&self) -> &[(String, Self)] {
        if let Self::Members(members) = self { members } else { &[] }
    }

    /// The values; none if it is no list.
    pub(super) fn list(&self) -> &[Self] {
        if let Self::List(values) = self { values } else { &[] }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The text of the member with this name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The number, if it is a whole one.
    pub(super) fn number(&self) -> Option<u16> {
        if let Self::Plain(number) = self { number.parse().ok() } else { None }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Plain(text) if text == "true")
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if text == "null")
    }

    /// The text itself, or what is written.
    pub(super) fn shown(&self) -> String {
        self.text().map_or_else(|| self.to_string(), str::to_owned)
    }
}

/// Equal values. The order of members means nothing, and neither does how a text is escaped.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(own), Self::Plain(other)) => exponent(own) == exponent(other),
            (Self::Text(own), Self::Text(other)) => own == other,
            (Self::List(own), Self::List(other)) => own == other,
            (Self::Members(own), Self::Members(members)) => {
                own.len() == members.len() && own.iter().all(|(name, value)| other.get(name) == Some(value))
            }
            _ => false,
        }
    }
}

/// A number with its exponent in one spelling of several: `1e+2`, `1E2`.
fn exponent(number: &str) -> String {
    number.replace("E+", "e").replace("e+", "e").replace('E', "e")
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::List(values) => {
                f.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { "," })?;
                }
                f.write_char(']')
            }
            Self::Members(members) => {
                f.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{value}", serde_json::Value::from(name.as_str()))?;
                }
                f.write_char('}')
            }
        }
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Written<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Written<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Written(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn members_in_another_order_are_equal_and_other_digits_are_not() {
        let json = |text: &str| Json::parse(text).expect("JSON");
        assert_eq!(json(r#"{"a": 1.10, "b": ["\u0041"]}"#), json(r#"{"b":["A"],"a":1.10}"#));
        assert_ne!(json("1.10"), json("1.1"));
        assert_ne!(json(r#"{"a":1}"#), json(r#"{"a":1,"b":2}"#));
        assert_eq!(
            json(r#"{"b": 10000000000000000001, "a": null}"#).to_string(),
            r#"{"b":10000000000000000001,"a":null}"#
        );
    }
}
