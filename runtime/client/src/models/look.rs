//! Writing, showing and comparing objects.

use std::collections::BTreeMap;
use std::fmt::{self, DebugStruct};
use std::slice::Iter;

use serde::Serializer;
use serde::ser::SerializeMap;

use super::object::{Held, Look, Member, Object};

/// The names of the members that are still to come.
type Names = Iter<'static, &'static [&'static str]>;

/// Writes an object, its members in the order of its fields.
///
/// # Errors
/// If the serializer has one.
pub fn write<T: Object, S: Serializer>(object: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let outline = T::outline();
    let map = serializer.serialize_map(None)?;
    let mut write = Write { names: outline.members.iter(), is_sent: outline.is_sent, map, result: Ok(()) };
    object.look(object, &mut write);
    write.result?;
    write.map.end()
}

struct Write<M: SerializeMap> {
    names: Names,
    is_sent: bool,
    map: M,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> Look for Write<M> {
    fn member<T: Member, H: Held<T>>(&mut self, held: H, one: &T, _: &T) {
        let name = self.names.next().and_then(|names| names.last());
        if let Some(name) = name
            && self.result.is_ok()
            && !(self.is_sent && held.is_absent(one))
        {
            self.result = self.map.serialize_entry(name, one);
        }
    }

    fn others<T: Member>(&mut self, _: &'static str, one: &BTreeMap<String, T>, _: &BTreeMap<String, T>) {
        if self.result.is_ok() {
            self.result = one.iter().try_for_each(|(name, value)| self.map.serialize_entry(name, value));
        }
    }
}

/// Shows an object, as a derive of `Debug` does.
///
/// # Errors
/// If the formatter has one.
pub fn show<T: Object>(object: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let outline = T::outline();
    let mut show = Show { names: outline.members.iter(), shown: f.debug_struct(outline.name) };
    object.look(object, &mut show);
    show.shown.finish()
}

struct Show<'a, 'b> {
    names: Names,
    shown: DebugStruct<'a, 'b>,
}

impl Look for Show<'_, '_> {
    fn member<T: Member, H: Held<T>>(&mut self, _: H, one: &T, _: &T) {
        if let Some(name) = self.names.next().and_then(|names| names.first()) {
            self.shown.field(name, one);
        }
    }

    fn others<T: Member>(&mut self, field: &'static str, one: &BTreeMap<String, T>, _: &BTreeMap<String, T>) {
        self.shown.field(field, one);
    }
}

/// Whether all members of two objects are equal.
pub fn are_equal<T: Object>(one: &T, other: &T) -> bool {
    let mut compare = Compare(true);
    one.look(other, &mut compare);
    compare.0
}

struct Compare(bool);

impl Look for Compare {
    fn member<T: Member, H: Held<T>>(&mut self, _: H, one: &T, other: &T) {
        self.0 = self.0 && one == other;
    }

    fn others<T: Member>(&mut self, _: &'static str, one: &BTreeMap<String, T>, other: &BTreeMap<String, T>) {
        self.0 = self.0 && one == other;
    }
}
