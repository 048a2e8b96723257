//! Shapes of JSON values: what a schema of a companion says, with every distinct shape kept once.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::Kind;

use super::keywords::last;

/// Members nested deeper than this are not merged.
const MAX_PARTS: usize = 16;

/// The number of a shape among the [`Shapes`] of a companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShapeId(usize);

impl ShapeId {
    pub(super) fn of(index: usize) -> Self {
        Self(index)
    }

    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// What a value is. Texts for readers are no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Any JSON value.
    Any,
    Boolean,
    Integer,
    Number,
    /// A text, perhaps of a format.
    Text(Option<String>),
    Enum(Enum),
    List(Use),
    /// An object whose members have any names.
    Map(Use),
    Object(Object),
    /// One of several shapes.
    Union(Vec<Use>),
}

/// One of some fixed values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Enum {
    /// The values, each as JSON text.
    pub(crate) values: Vec<String>,
    /// Whether there will never be another value.
    pub(crate) is_closed: bool,
}

impl Enum {
    /// The values of which something holds, if there are any.
    pub(crate) fn only(self, holds: impl Fn(&String) -> bool) -> Option<Shape> {
        let values: Vec<String> = self.values.into_iter().filter(holds).collect();
        (!values.is_empty()).then_some(Shape::Enum(Self { values, ..self }))
    }

    /// Whether all values are whole numbers, and some too large for 64 bits with a sign.
    pub(crate) fn is_unsigned(&self) -> bool {
        let fit_unsigned = self.values.iter().all(|value| value.parse::<u64>().is_ok());
        fit_unsigned && self.values.iter().any(|value| value.parse::<i64>().is_err())
    }
}

impl Shape {
    /// The shape in which the order of an enum's values says nothing.
    pub(super) fn plain(&self) -> Self {
        let mut shape = self.clone();
        if let Self::Enum(of) = &mut shape {
            of.values.sort_unstable();
        }
        shape
    }

    /// Gives the shapes inside other numbers.
    pub(super) fn renumber(&mut self, number: impl Fn(ShapeId) -> ShapeId) {
        match self {
            Self::List(of) | Self::Map(of) => of.shape = number(of.shape),
            Self::Object(object) => {
                let members = object.members.iter_mut().map(|member| &mut member.value);
                members.chain(&mut object.others).for_each(|of| of.shape = number(of.shape));
            }
            Self::Union(variants) => {
                variants.iter_mut().for_each(|of| of.shape = number(of.shape));
                variants.sort();
                variants.dedup();
            }
            Self::Any | Self::Boolean | Self::Integer | Self::Number | Self::Text(_) | Self::Enum(_) => {}
        }
    }

    /// The members that an object must have, in the order in which the companion lists them.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        let members = match self {
            Self::Object(object) => object.members.as_slice(),
            _ => &[],
        };
        let mut required: Vec<&Member> = members.iter().filter(|member| member.required).collect();
        required.sort_by_key(|member| member.position.0);
        required.into_iter().map(|member| member.name.as_str())
    }
}

/// An object with known members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    pub(crate) members: Vec<Member>,
    /// What its other members are, if it may have others.
    pub(crate) others: Option<Use>,
    /// Groups of members of which at most one may have a value.
    pub(crate) alternatives: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Use,
    pub(crate) required: bool,
    pub(crate) access: Access,
    /// Where it is in the list of the members that are required.
    pub(crate) position: Aside<usize>,
}

impl Member {
    /// Whether requests must have it.
    pub(crate) fn is_sent(&self) -> bool {
        self.required && self.access != Access::ReadOnly
    }

    /// Whether responses have it.
    pub(crate) fn is_received(&self) -> bool {
        self.required && self.access != Access::WriteOnly
    }
}

/// Which way the values of a member travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Both,
    /// Only responses have it.
    ReadOnly,
    /// Only requests have it.
    WriteOnly,
}

/// A shape where it is used, with what holds only there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) shape: ShapeId,
    pub(crate) nullable: bool,
    /// Whether the value is secret.
    pub(crate) secret: bool,
    /// Whether it is a whole number that may be too large for one with a sign.
    pub(crate) is_unsigned: bool,
    /// Keywords that limit the value, such as `maxLength`, each with its JSON text.
    pub(crate) limits: Vec<(String, String)>,
    /// What it means. It makes no difference between shapes.
    pub(crate) description: Text,
}

/// What makes no difference between shapes: those that differ only in it are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside<T>(pub(crate) T);

/// A text for readers.
pub(crate) type Text = Aside<String>;

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> PartialOrd for Aside<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Aside<T> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Shape {
    /// The kind of a text, a number or a boolean, with the format and the allowed values of a text.
    pub(crate) fn scalar(&self) -> Option<(Kind, Option<&str>, &[String])> {
        match self {
            Self::Boolean => Some((Kind::Boolean, None, &[])),
            Self::Integer => Some((Kind::Integer, None, &[])),
            Self::Number => Some((Kind::Number, None, &[])),
            Self::Text(format) => Some((Kind::String, format.as_deref(), &[])),
            Self::Enum(values) if values.values.iter().all(|value| value.starts_with('"')) => {
                Some((Kind::String, None, &values.values))
            }
            Self::Any | Self::Enum(_) | Self::List(_) | Self::Map(_) | Self::Object(_) | Self::Union(_) => None,
        }
    }
}

impl Use {
    pub(crate) fn of(shape: ShapeId) -> Self {
        Self {
            shape,
            nullable: false,
            secret: false,
            is_unsigned: false,
            limits: Vec::new(),
            description: Text::default(),
        }
    }
}

/// All shapes of a companion.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    known: BTreeMap<Shape, ShapeId>,
    /// Shapes that contain themselves.
    recursive: BTreeMap<ShapeId, String>,
    /// The components of each shape.
    components: BTreeMap<ShapeId, Component>,
    /// What says which variant of a union a value is, where a discriminator does.
    tags: BTreeMap<ShapeId, Tag>,
}

/// A member of the variants of a union whose value says which one it is.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) member: String,
    /// The values, each with its variant.
    pub(crate) values: BTreeMap<String, ShapeId>,
    /// The variant of all other values.
    pub(crate) base: Option<ShapeId>,
}

/// What a companion calls a shape. A name that was chosen for the type counts before those of components; then the shortest
/// counts, and of these the first in the alphabet.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(super) is_chosen: bool,
    pub(crate) description: Text,
}

/// A name for a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'n> {
    /// That of a component.
    Component(&'n str),
    /// That of the type.
    Chosen(&'n str),
}

impl Shapes {
    /// The number of a shape, which is that of an equal one if there is one.
    pub(crate) fn intern(&mut self, shape: Shape) -> ShapeId {
        let key = shape.plain();
        *self.known.entry(key).or_insert_with(|| {
            self.shapes.push(shape);
            ShapeId(self.shapes.len() - 1)
        })
    }

    /// The number of any JSON.
    pub(crate) fn intern_any(&mut self) -> ShapeId {
        self.intern(Shape::Any)
    }

    /// A place for the shape of a component that contains itself, until it is [set](Self::set).
    pub(crate) fn reserve(&mut self, component: &str) -> ShapeId {
        let id = ShapeId(self.shapes.len());
        self.shapes.push(Shape::Any);
        self.recursive.insert(id, component.to_owned());
        id
    }

    pub(crate) fn set(&mut self, id: ShapeId, shape: Shape) {
        if let Some(place) = self.shapes.get_mut(id.0) {
            *place = shape.clone();
            // From now on, an equal shape is this one.
            if shape != Shape::Any {
                self.known.insert(shape, id);
            }
        }
    }

    /// Says that a shape has this name.
    pub(crate) fn name(&mut self, id: ShapeId, name: Name<'_>, description: &Text) {
        let (is_chosen, name) = match name {
            Name::Component(name) => (false, name),
            Name::Chosen(name) => (true, name),
        };
        let order = |is_chosen: bool, name: &str| (!is_chosen, name.len(), name.to_owned());
        let counts = |known: &Component| order(is_chosen, name) < order(known.is_chosen, &known.name);
        if self.components.get(&id).is_none_or(counts) {
            let (name, description) = (name.to_owned(), description.clone());
            self.components.insert(id, Component { name, is_chosen, description });
        }
    }

    /// The component that a shape is named after.
    pub(crate) fn component(&self, id: ShapeId) -> Option<&Component> {
        self.components.get(&id)
    }

    /// Says how the variants of a union are distinguished.
    pub(crate) fn set_tag(&mut self, union: ShapeId, tag: Tag) {
        self.tags.entry(union).or_insert(tag);
    }

    pub(crate) fn tag(&self, union: ShapeId) -> Option<&Tag> {
        self.tags.get(&union)
    }

    pub(crate) fn get(&self, id: ShapeId) -> &Shape {
        self.shapes.get(id.0).unwrap_or(&Shape::Any)
    }

    /// Whether the shape is any JSON. One that contains itself is not known before it is read.
    pub(crate) fn is_any(&self, id: ShapeId) -> bool {
        *self.get(id) == Shape::Any && !self.is_recursive(id)
    }

    /// Adds the members of a further part of an object. One that is an object in both has the members of both; of another the
    /// last part says what it is.
    pub(crate) fn add(&mut self, members: &mut BTreeMap<String, Member>, more: Vec<Member>, depth: usize) {
        for mut member in more {
            if let Some(known) = members.get(&member.name) {
                member.required |= known.required;
                member.value.secret |= known.value.secret;
                if member.access == Access::Both {
                    member.access = known.access;
                }
                member.value.shape = self.both(known.value.shape, member.value.shape, depth);
            }
            members.insert(member.name.clone(), member);
        }
    }

    fn both(&mut self, one: ShapeId, other: ShapeId, depth: usize) -> ShapeId {
        if self.is_any(other) {
            return one;
        }
        if one == other || depth >= MAX_PARTS || self.is_recursive(one) || self.is_recursive(other) {
            return other;
        }
        let shape = match (self.get(one).clone(), self.get(other).clone()) {
            (Shape::Object(first), Shape::Object(second)) => {
                let others = first.others.or(second.others);
                let mut alternatives = [first.alternatives, second.alternatives].concat();
                alternatives.sort();
                let mut members = first.members.into_iter().map(|member| (member.name.clone(), member)).collect();
                self.add(&mut members, second.members, depth + 1);
                Shape::Object(Object { members: members.into_values().collect(), others, alternatives })
            }
            (Shape::List(first), Shape::List(second)) => {
                Shape::List(Use { shape: self.both(first.shape, second.shape, depth + 1), ..second })
            }
            _ => return other,
        };
        self.intern(shape)
    }

    /// All shapes, by their numbers.
    pub(super) fn all(&self) -> &[Shape] {
        &self.shapes
    }

    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether there is a shape that contains itself.
    pub(super) fn has_recursive(&self) -> bool {
        !self.recursive.is_empty()
    }

    /// Says which shapes contain themselves. They are called like their components.
    pub(super) fn set_recursive(&mut self, found: BTreeSet<ShapeId>) {
        let named = |id: &ShapeId| self.components.get(id).map(|component| last(&component.name));
        let name = |id: &ShapeId| named(id).unwrap_or_else(|| "Shape".to_owned());
        self.recursive = found.into_iter().map(|id| (id, name(&id))).collect();
    }

    /// Gives all shapes other numbers, several of them the same.
    pub(super) fn renumber(&mut self, number: &impl Fn(ShapeId) -> ShapeId) {
        self.shapes.iter_mut().for_each(|shape| shape.renumber(number));
        for (id, component) in std::mem::take(&mut self.components) {
            let Component { name, is_chosen, description } = component;
            let name = if is_chosen { Name::Chosen(&name) } else { Name::Component(&name) };
            self.name(number(id), name, &description);
        }
        for (id, name) in std::mem::take(&mut self.recursive) {
            self.recursive.entry(number(id)).or_insert(name);
        }
        for (union, mut tag) in std::mem::take(&mut self.tags) {
            tag.values.values_mut().chain(&mut tag.base).for_each(|id| *id = number(*id));
            self.set_tag(number(union), tag);
        }
        for id in self.known.values_mut() {
            *id = number(*id);
        }
    }

    /// What a shape that contains itself is called.
    pub(super) fn recursive(&self, id: ShapeId) -> Option<&str> {
        self.recursive.get(&id).map(String::as_str)
    }

    /// Whether the shape contains itself.
    pub(crate) fn is_recursive(&self, id: ShapeId) -> bool {
        self.recursive.contains_key(&id)
    }

    /// The members of an object that are texts, numbers or booleans. A shape that contains itself has none, because the object is
    /// not the only one with its schema.
    pub(crate) fn scalars(&self, of: &Use) -> Vec<&Member> {
        let is_scalar = |member: &&Member| self.get(member.value.shape).scalar().is_some();
        match self.get(of.shape) {
            Shape::Object(object) if !self.is_recursive(of.shape) => object.members.iter().filter(is_scalar).collect(),
            _ => Vec::new(),
        }
    }
}
