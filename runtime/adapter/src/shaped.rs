//! What a projection makes of a document. Nothing is built before it is written.

use naftiko_schema::{ObjectProjection, PathStep, ProjectedMember, Projection};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::numbers;
use crate::path::find;
use crate::shape::Shape;

/// What a projection makes of a document.
#[derive(Clone, Debug)]
pub enum Shaped<'d> {
    /// What a path finds.
    Found(Shape<'d>),
    /// A fixed value, as JSON text.
    Json(&'static str),
    /// An object with these members, built of a value.
    Object(&'static [ProjectedMember], &'d Value),
    /// An array with what the projection makes of each item.
    Items(&'static Projection, &'d [Value]),
    /// An object with what the projection makes of each member.
    Members(&'static Projection, &'d Map<String, Value>),
}

/// Applies a projection to a document with [marked numbers](numbers). What does not exist becomes null.
pub fn apply<'d>(projection: &'static Projection, document: &'d Value) -> Shaped<'d> {
    match projection {
        Projection::Path(steps) => Shaped::Found(find(document, steps).unwrap_or(Shape::NULL)),
        Projection::Json(json) => Shaped::Json(json),
        Projection::Object(object) => within(document, &object.at, |base| built(object, base)).unwrap_or(Shaped::NULL),
        Projection::Array(array) => {
            let none = if array.wraps { array.item.first().map(|item| Shaped::Items(item, &[])) } else { None };
            let built = within(document, &array.at, |base| match (base, array.item.first()) {
                (Value::Array(items), Some(item)) => Shaped::Items(item, items),
                (only, Some(item)) if array.wraps => Shaped::Items(item, std::slice::from_ref(only)),
                _ => Shaped::NULL,
            });
            built.or(none).unwrap_or(Shaped::NULL)
        }
        Projection::Map(map) => {
            let built = within(document, &map.at, |base| match (base, map.value.first()) {
                (Value::Object(members), Some(value)) => Shaped::Members(value, members),
                _ => Shaped::NULL,
            });
            built.unwrap_or(Shaped::NULL)
        }
        Projection::Cut(cut) => Shaped::Found(match find(document, &cut.at).unwrap_or(Shape::NULL) {
            Shape::Part(Value::String(text)) if !numbers::is_marked(text) => {
                let length = usize::try_from(cut.length).unwrap_or(usize::MAX);
                match text.char_indices().nth(length).and_then(|(end, _)| text.get(..end)) {
                    Some(start) => Shape::Own(start.into()),
                    None => Shape::Own(text.as_str().into()),
                }
            }
            other => other,
        }),
        Projection::First(several) => {
            let mut all = several.iter().map(|projection| apply(projection, document));
            all.find(|shaped| !shaped.is_null()).unwrap_or(Shaped::NULL)
        }
    }
}

/// What is built of the value at a path, if there is one.
fn within<'d>(
    document: &'d Value,
    path: &[PathStep],
    build: impl for<'b> Fn(&'b Value) -> Shaped<'b>,
) -> Option<Shaped<'d>> {
    Some(match find(document, path)? {
        Shape::Part(base) => build(base),
        base => Shaped::Found(Shape::Own(build(&base.into_value()).into_value())),
    })
}

/// What is made of an item of an array, or of a member of a map. An object is there for each, whatever it is built of.
fn of_each<'d>(projection: &'static Projection, value: &'d Value) -> Shaped<'d> {
    match projection {
        Projection::Object(object) if object.at.is_empty() => Shaped::Object(&object.members, value),
        other => apply(other, value),
    }
}

/// An object; null if its members would be looked for where there are none.
fn built<'d>(object: &'static ObjectProjection, base: &'d Value) -> Shaped<'d> {
    let has_parts = base.is_object() || base.is_array();
    if !has_parts && object.members.iter().any(|member| member.value.needs_structure()) {
        return Shaped::NULL;
    }
    Shaped::Object(&object.members, base)
}

impl Shaped<'_> {
    const NULL: Self = Self::Found(Shape::NULL);

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Found(shape) => shape.is_null(),
            Self::Json(json) => json.trim_ascii() == "null",
            Self::Object(..) | Self::Items(..) | Self::Members(..) => false,
        }
    }

    /// The same as a value, which has copies of parts of the document.
    pub fn into_value(self) -> Value {
        match self {
            Self::Found(shape) => shape.into_value(),
            Self::Json(json) => numbers::read(json.as_bytes()).unwrap_or_default(),
            Self::Object(members, base) => {
                let member = |member: &'static ProjectedMember| {
                    (member.name.to_string(), apply(&member.value, base).into_value())
                };
                Value::Object(members.iter().map(member).collect())
            }
            Self::Items(item, items) => items.iter().map(|value| of_each(item, value).into_value()).collect(),
            Self::Members(value, members) => {
                let member = |(name, member): (&String, _)| (name.clone(), of_each(value, member).into_value());
                Value::Object(members.iter().map(member).collect())
            }
        }
    }
}

impl Serialize for Shaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Found(ref shape) => shape.serialize(serializer),
            // The compiler has checked that it is JSON.
            Self::Json(json) => serde_json::from_str::<&RawValue>(json).ok().serialize(serializer),
            Self::Object(members, base) => {
                serializer.collect_map(members.iter().map(|member| (&*member.name, apply(&member.value, base))))
            }
            Self::Items(item, items) => serializer.collect_seq(items.iter().map(|value| of_each(item, value))),
            Self::Members(value, members) => {
                serializer.collect_map(members.iter().map(|(name, member)| (name, of_each(value, member))))
            }
        }
    }
}
