//! Reading objects.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::mem;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::object::{Fill, Outline, Reads, ReadsOther, Received};

/// Reads an object. Members that it does not know are skipped, if it has no field for others.
///
/// # Errors
/// If it is not an object, or a member cannot be read or is there twice.
pub fn read<'de, T: Received, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    // Some upstreams write objects without members as empty lists.
    deserializer.deserialize_struct("", &[], Whole(PhantomData))
}

struct Whole<T>(PhantomData<T>);

impl<'de, T: Received> Visitor<'de> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", T::outline().name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let outline = T::outline();
        let mut object = T::empty();
        let mut seen = vec![false; outline.members.len()];
        while let Some(Key { index, other }) = map.next_key_seed(FindKey(outline))? {
            if let Some(is_seen) = seen.get_mut(index)
                && mem::replace(is_seen, true)
            {
                let names = outline.members.get(index).and_then(|names| names.last());
                return Err(A::Error::duplicate_field(names.copied().unwrap_or_default()));
            }
            let mut one = One { before: index, other, map: &mut map, result: None, of: PhantomData };
            object.fill(&mut one);
            match one.result {
                Some(result) => result?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        match list.next_element::<IgnoredAny>()? {
            None => Ok(T::empty()),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }
}

/// Which member a name is: its index, else the number of members and the name itself.
struct Key {
    index: usize,
    other: String,
}

struct FindKey(Outline);

impl<'de> DeserializeSeed<'de> for FindKey {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FindKey {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        let members = self.0.members;
        Ok(match members.iter().position(|names| names.last().is_some_and(|wire| *wire == name)) {
            Some(index) => Key { index, other: String::new() },
            None => Key { index: members.len(), other: name.to_owned() },
        })
    }
}

/// Reads the one member that has so many before it.
struct One<'a, 'de, A: MapAccess<'de>> {
    before: usize,
    other: String,
    map: &'a mut A,
    result: Option<Result<(), A::Error>>,
    of: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Fill<'de> for One<'_, 'de, A> {
    #[inline]
    fn member<T, R: Reads<'de, T>>(&mut self, reads: R, member: &mut T) {
        if self.before == 0 {
            self.result = Some(self.map.next_value_seed(Value(reads, PhantomData)).map(|value| *member = value));
        }
        self.before = self.before.wrapping_sub(1);
    }

    fn others<T, R: ReadsOther<'de, T>>(&mut self, reads: R, members: &mut BTreeMap<String, T>) {
        if self.before == 0 {
            let value = self.map.next_value_seed(Other(reads, PhantomData));
            self.result = Some(value.map(|value| {
                if let Some(value) = value {
                    members.insert(mem::take(&mut self.other), value);
                }
            }));
        }
    }
}

/// The value of a member.
struct Value<R, T>(R, PhantomData<T>);

impl<'de, T, R: Reads<'de, T>> DeserializeSeed<'de> for Value<R, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        self.0.read(deserializer)
    }
}

/// The value of a member without a field.
struct Other<R, T>(R, PhantomData<T>);

impl<'de, T, R: ReadsOther<'de, T>> DeserializeSeed<'de> for Other<R, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        self.0.read_other(deserializer)
    }
}
