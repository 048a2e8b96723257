//! Which parts of a document a projection looks at, so that nothing is made of the others.

use std::collections::BTreeMap;
use std::fmt;

use naftiko_schema::{PathStep, Projection};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is needed of a value. Scalars are always read, and of lists and objects at least what they are: a list with nothing
/// needed of its items has none.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Needs<'p> {
    /// All of it.
    whole: bool,
    /// Of the members with these names, if it is an object.
    named: BTreeMap<&'p str, Needs<'p>>,
    /// Of every item or member.
    each: Option<Box<Needs<'p>>>,
}

impl<'p> Needs<'p> {
    /// What a projection needs of the document that it is applied to.
    pub(crate) fn of(projection: &'p Projection) -> Self {
        let mut needs = Self::default();
        needs.add(projection);
        needs
    }

    fn add(&mut self, projection: &'p Projection) {
        match projection {
            Projection::Json(_) => {}
            Projection::Path(path) => self.add_value(path),
            Projection::Cut(cut) => self.add_value(&cut.at),
            Projection::First(several) => several.iter().for_each(|projection| self.add(projection)),
            // What is looked for in a list of several values may be anywhere in them.
            Projection::Object(object) if finds_several(&object.at) => self.add_value(&object.at),
            Projection::Object(object) => {
                if let Some(base) = self.at(&object.at) {
                    object.members.iter().for_each(|member| base.add(&member.value));
                }
            }
            Projection::Array(array) => {
                if let (Some(base), Some(item)) = (self.at(&array.at), array.item.first()) {
                    let finds_items = finds_several(&array.at);
                    if !finds_items {
                        base.each().add(item);
                    }
                    // A value that is no list may stand for its only item.
                    if finds_items || array.wraps {
                        base.add(item);
                    }
                }
            }
            Projection::Map(map) => {
                if let Some(base) = self.at(&map.at) {
                    map.value.iter().for_each(|value| base.each().add(value));
                }
            }
        }
    }

    fn add_value(&mut self, path: &'p [PathStep]) {
        if let Some(end) = self.at(path) {
            end.whole = true;
        }
    }

    fn each(&mut self) -> &mut Self {
        self.each.get_or_insert_default()
    }

    /// What is needed at the end of a path; `None` if all is needed at a step of it. Positions, several names, functions and
    /// queries need the whole value.
    fn at(&mut self, path: &'p [PathStep]) -> Option<&mut Self> {
        path.iter().try_fold(self, |needs, step| match step {
            PathStep::Key(name) => Some(needs.named.entry(name).or_default()),
            PathStep::Each => Some(needs.each()),
            PathStep::Index(_) | PathStep::Members(_) | PathStep::Query(_) | PathStep::Function(_) => {
                needs.whole = true;
                None
            }
        })
    }

    /// What is needed of a member; `None` if nothing is.
    fn member(&self, name: &str) -> Option<&Self> {
        // One that is needed in two ways is read whole.
        const WHOLE: &Needs<'static> = &Needs { whole: true, named: BTreeMap::new(), each: None };
        match (self.named.get(name), self.each.as_deref()) {
            (Some(_), Some(_)) => Some(WHOLE),
            (named, each) => named.or(each),
        }
    }

    /// Reads what is needed of a JSON text.
    ///
    /// # Errors
    /// If it is not JSON, or if what is needed has strings or a depth that a [`Value`] cannot represent.
    pub(crate) fn read(&self, json: &[u8]) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let value = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }
}

/// Whether a path finds several values, of which it makes a list.
fn finds_several(path: &[PathStep]) -> bool {
    path.contains(&PathStep::Each)
}

impl<'de> DeserializeSeed<'de> for &Needs<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.whole { serde::Deserialize::deserialize(deserializer) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for &Needs<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        match &self.each {
            Some(each) => {
                while let Some(item) = items.next_element_seed(&**each)? {
                    list.push(item);
                }
            }
            None => while items.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key_seed(Name(self))? {
            match name {
                Some((name, needs)) => {
                    object.insert(name, members.next_value_seed(needs)?);
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads the name of a member, and keeps it if the member is needed.
struct Name<'n, 'p>(&'n Needs<'p>);

impl<'n, 'p> Name<'n, 'p> {
    fn kept(self, name: &str) -> Option<(String, &'n Needs<'p>)> {
        self.0.member(name).map(|needs| (name.to_owned(), needs))
    }
}

impl<'de, 'n, 'p> DeserializeSeed<'de> for Name<'n, 'p> {
    type Value = Option<(String, &'n Needs<'p>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n, 'p> Visitor<'_> for Name<'n, 'p> {
    type Value = Option<(String, &'n Needs<'p>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.kept(name))
    }
}
