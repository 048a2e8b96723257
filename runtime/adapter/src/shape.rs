//! Documents that are built of parts of another one, without copies of these.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A document that is built of parts of another one.
#[derive(Clone, Debug)]
pub enum Shape<'d> {
    /// A part, as it is.
    Part(&'d Value),
    /// A value of its own.
    Own(Value),
    /// An array.
    Array(Vec<Shape<'d>>),
    /// An object. No name occurs twice.
    Object(Vec<(&'d str, Shape<'d>)>),
}

impl<'d> Shape<'d> {
    pub(crate) const NULL: Self = Self::Own(Value::Null);

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Part(Value::Null) | Self::Own(Value::Null))
    }

    /// The items, if it is an array.
    pub(crate) fn items(&self) -> Option<Vec<Shape<'d>>> {
        match self {
            Self::Part(Value::Array(items)) => Some(items.iter().map(Shape::Part).collect()),
            Self::Own(Value::Array(items)) => Some(items.iter().cloned().map(Shape::Own).collect()),
            Self::Array(items) => Some(items.clone()),
            _ => None,
        }
    }

    /// The same as a value, which has copies of the parts.
    pub fn into_value(self) -> Value {
        match self {
            Self::Part(value) => value.clone(),
            Self::Own(value) => value,
            Self::Array(items) => items.into_iter().map(Shape::into_value).collect(),
            Self::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value.into_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Part(value) => value.serialize(serializer),
            Self::Own(value) => value.serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}
