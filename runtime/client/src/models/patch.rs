//! Members of requests that may be null.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member of a request that is left out, null, or a value. An upstream may take the three for different things: to leave it
/// as it is, to remove it, to set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Patch<T> {
    /// The member is not sent.
    #[default]
    Keep,
    /// Null is sent.
    Null,
    /// The value is sent.
    Set(T),
}

impl<T> Patch<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Null => None,
        }
    }

    /// Whether the member is not sent.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    /// Members that are not sent are skipped by the type that holds them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
    struct Body {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        member: Patch<i64>,
    }

    #[test]
    fn missing_null_and_value_are_different_in_both_directions() {
        for (json, member) in
            [("{}", Patch::Keep), (r#"{"member":null}"#, Patch::Null), (r#"{"member":0}"#, Patch::Set(0))]
        {
            assert_eq!(serde_json::from_str::<Body>(json).expect(json), Body { member });
            assert_eq!(serde_json::to_string(&Body { member }).expect("JSON"), json);
        }
        assert_eq!((Patch::from(1).value(), Patch::<i64>::Null.value()), (Some(&1), None));
    }
}
