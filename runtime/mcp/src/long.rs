//! Documents that are far longer than a result may be. They are read only as far as they can be shown, because a document
//! in memory takes ten times the space of its text.

use std::fmt;

use naftiko_adapter::numbers;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Policy;

/// The longest text that is read whole, in bytes, unless results may be longer.
const LONG: usize = 512 << 10;

/// Whether a text is far longer than a result may be.
pub(super) fn is_long(text: &[u8], policy: &Policy) -> bool {
    text.len() > LONG.max(policy.response_budget)
}

/// A document, perhaps without the last items of one list.
pub(super) struct Document {
    pub(super) value: Value,
    pub(super) cut: Option<Cut>,
}

/// A list that is not complete.
pub(super) struct Cut {
    /// The member of the document that is the list; `None` if the document is.
    pub(super) member: Option<String>,
    /// How many items are left out.
    pub(super) omitted: usize,
}

impl Document {
    /// A document that is complete.
    pub(super) fn whole(value: Value) -> Self {
        Self { value, cut: None }
    }

    /// Reads a document up to a length, in bytes. The rest may only be items of one list, which is the document itself or one
    /// of its members. `None` for other documents, and for text that is no JSON.
    pub(super) fn read(json: &str, limit: usize) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let document = deserializer.deserialize_any(Reader { items: limit, members: limit, cut: None }).ok()?;
        deserializer.end().is_ok().then_some(document)
    }
}

struct Reader {
    /// How much may still be read, in bytes: of items of lists, and of other members. A list that takes all of its room is
    /// often followed by how long it is.
    items: usize,
    members: usize,
    cut: Option<Cut>,
}

impl Reader {
    /// The list with the items that fit, and how many do not.
    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(Value, usize), A::Error> {
        let (mut list, mut omitted) = (Vec::new(), 0);
        while let Some(item) = items.next_element::<&RawValue>()? {
            if omitted == 0 && take(&mut self.items, item.get().len()) {
                list.push(value(item)?);
            } else {
                omitted += 1;
            }
        }
        Ok((Value::Array(list), omitted))
    }
}

/// A list, as a member of a document.
struct List<'r>(&'r mut Reader);

impl<'de> Visitor<'de> for List<'_> {
    type Value = (Value, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.0.list(items)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, items: A) -> Result<Document, A::Error> {
        let (value, omitted) = self.list(items)?;
        Ok(Document { value, cut: (omitted > 0).then_some(Cut { member: None, omitted }) })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Document, A::Error> {
        let mut object = Map::new();
        while let Some((name, member)) = members.next_entry::<String, &RawValue>()? {
            let read = if member.get().starts_with('[') {
                let list = serde_json::Deserializer::from_str(member.get()).deserialize_seq(List(&mut self));
                let (list, omitted) = list.map_err(A::Error::custom)?;
                if omitted > 0 && self.cut.replace(Cut { member: Some(name.clone()), omitted }).is_some() {
                    return Err(A::Error::custom("two lists are too long"));
                }
                list
            } else if take(&mut self.members, member.get().len()) {
                value(member)?
            } else {
                return Err(A::Error::custom("a member is too long"));
            };
            object.insert(name, read);
        }
        Ok(Document { value: object.into(), cut: self.cut })
    }
}

/// Whether there is room for so many bytes, which it then takes.
fn take(room: &mut usize, length: usize) -> bool {
    let left = room.checked_sub(length);
    *room = left.unwrap_or_default();
    left.is_some()
}

fn value<E: serde::de::Error>(json: &RawValue) -> Result<Value, E> {
    numbers::read(json.get().as_bytes()).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_as_far_as_they_can_be_shown() {
        let read = |json: &str| {
            let Document { value, cut } = Document::read(json, 10)?;
            Some((value, cut.map(|cut| (cut.member, cut.omitted))))
        };
        for (json, expected) in [
            ("[1, 22, 333]", Some((json!([1, 22, 333]), None))),
            (r#"{"a": [1], "b": {"c": 2}}"#, Some((json!({"a": [1], "b": {"c": 2}}), None))),
            ("[1, 22, 333, 4444, 5]", Some((json!([1, 22, 333, 4444]), Some((None, 1))))),
            (r#"["long enough", 2, 3]"#, Some((json!([]), Some((None, 3))))),
            (
                r#"{"a": 1, "items": ["four", "many", "x"], "total": 3}"#,
                Some((json!({"a": 1, "items": ["four"], "total": 3}), Some((Some("items".to_owned()), 2)))),
            ),
            (
                r#"{"items": [1, "much longer than ten"]}"#,
                Some((json!({"items": [1]}), Some((Some("items".to_owned()), 1)))),
            ),
            (r#"{"text": "much longer than ten"}"#, None),
            (r#"{"a": ["much longer"], "b": ["much longer"]}"#, None),
            ("[1, 2", None),
            ("[1] 2", None),
            ("text", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
