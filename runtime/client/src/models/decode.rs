//! Lists and maps of responses, where null means that there is nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list. Null is an empty one, and an item that is null is left out.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(items.unwrap_or_default().into_iter().flatten().collect())
}

/// A map. Null is an empty one, and a value that is null is left out.
pub(super) fn map<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    let members = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?;
    Ok(members.unwrap_or_default().into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// A list or a map in which null means something. Null in its place is an empty one.
pub(super) fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A value, if it is of the kind that is expected.
pub(super) fn known<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_in_place_of_and_among_items_is_nothing() {
        let list = |json: &str| list::<_, i64>(&mut serde_json::Deserializer::from_str(json)).expect(json);
        assert_eq!((list("null"), list("[]"), list("[1,null,2]")), (vec![], vec![], vec![1, 2]));
        let map = |json: &str| map::<_, i64>(&mut serde_json::Deserializer::from_str(json)).expect(json);
        assert_eq!((map("null").len(), map(r#"{"a":null,"b":2}"#)), (0, BTreeMap::from([("b".to_owned(), 2)])));
        let with_null = |json: &str| or_empty::<_, Vec<Option<i64>>>(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(with_null("null").expect("null"), []);
        assert_eq!(with_null("[null]").expect("a list"), [None]);
    }
}
