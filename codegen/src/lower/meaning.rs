//! What shapes mean in Rust: which of them get a type, and what is left of unions.

use std::collections::{BTreeMap, BTreeSet};

use crate::companion::shape::{Member, Object, Shape, ShapeId, Shapes, Tag, Use};
use crate::model::Pattern;

/// What a value of a shape is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning<'t> {
    Any,
    Boolean,
    Integer,
    Number,
    Text,
    Bytes,
    List(&'t Use),
    Map(&'t Use),
    /// An object.
    Object(ShapeId),
    /// An enum of several texts.
    Enum(ShapeId),
    /// A union of several kinds of values, which [`variants`] are.
    Union(ShapeId),
}

/// A variant of a union.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variant<'t> {
    pub(super) meaning: Meaning<'t>,
    pub(super) secret: bool,
}

/// What a value of a shape is, and whether it is secret for being in a union of which nothing else is left.
pub(super) fn meaning(shapes: &Shapes, id: ShapeId) -> (Meaning<'_>, bool) {
    let meaning = match shapes.get(id) {
        Shape::Union(_) => match variants(shapes, id).as_slice() {
            [] => Meaning::Any,
            [only] => return (only.meaning, only.secret),
            _ => Meaning::Union(id),
        },
        Shape::Any => Meaning::Any,
        Shape::Boolean => Meaning::Boolean,
        Shape::Integer => Meaning::Integer,
        Shape::Number => Meaning::Number,
        Shape::Text(format) if format.as_deref() == Some("byte") => Meaning::Bytes,
        Shape::Text(_) => Meaning::Text,
        Shape::List(item) => Meaning::List(item),
        Shape::Map(item) => Meaning::Map(item),
        Shape::Object(_) => Meaning::Object(id),
        Shape::Enum(of) => of_values(id, &of.values),
    };
    (meaning, false)
}

/// What the values of an enum are. A single one is a constant, and needs no type.
fn of_values<'t>(id: ShapeId, values: &[String]) -> Meaning<'t> {
    let all = |is: fn(&str) -> bool| values.iter().all(|value| is(value));
    if all(|value| value.starts_with('"')) {
        if values.len() == 1 { Meaning::Text } else { Meaning::Enum(id) }
    } else if all(|value| value.parse::<i64>().is_ok()) || all(|value| value.parse::<u64>().is_ok()) {
        Meaning::Integer
    } else if all(|value| value.parse::<f64>().is_ok()) {
        Meaning::Number
    } else if all(|value| matches!(value, "true" | "false")) {
        Meaning::Boolean
    } else {
        Meaning::Any
    }
}

/// The shape that needs a type: this one, or that of the items in it. `None` without one, and an error if there is nothing
/// but lists and maps, without an end.
pub(super) fn typed(shapes: &Shapes, id: ShapeId) -> Result<Option<ShapeId>, Endless> {
    let mut inside = id;
    let mut passed = BTreeSet::new();
    loop {
        if !passed.insert(inside) {
            return Err(Endless);
        }
        match meaning(shapes, inside).0 {
            Meaning::List(item) | Meaning::Map(item) => inside = item.shape,
            Meaning::Object(id) | Meaning::Enum(id) | Meaning::Union(id) => return Ok(Some(id)),
            _ => return Ok(None),
        }
    }
}

/// A list of lists of lists, and so on.
#[derive(Debug)]
pub(super) struct Endless;

/// The kinds of values that a union has, at most one of each but for objects and lists. None if they cannot be distinguished.
pub(super) fn variants(shapes: &Shapes, id: ShapeId) -> Vec<Variant<'_>> {
    let mut all: Vec<Variant<'_>> = Vec::new();
    let (mut passed, mut objects) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![(id, false)];
    while let Some((id, secret)) = open.pop() {
        if let Shape::Union(variants) = shapes.get(id) {
            if passed.insert(id) {
                open.extend(variants.iter().rev().map(|variant| (variant.shape, secret || variant.secret)));
            }
            continue;
        }
        let variant = Variant { meaning: meaning(shapes, id).0, secret };
        let is_known = match variant.meaning {
            // There may be many.
            Meaning::Object(id) => !objects.insert((id, secret)),
            _ => all.contains(&variant),
        };
        if !is_known {
            all.push(variant);
        }
    }
    if all.iter().any(|variant| variant.meaning == Meaning::Any) {
        return Vec::new();
    }
    merge(&mut all, |meaning| matches!(meaning, Meaning::Boolean), |_| Meaning::Boolean);
    merge(&mut all, |meaning| matches!(meaning, Meaning::Integer | Meaning::Number), |_| Meaning::Number);
    merge(
        &mut all,
        |meaning| matches!(meaning, Meaning::Text | Meaning::Bytes | Meaning::Enum(_)),
        |texts| {
            // An enum keeps other texts too.
            let mut enums = texts.iter().filter(|meaning| matches!(meaning, Meaning::Enum(_)));
            match (enums.next(), enums.next(), texts.contains(&Meaning::Bytes)) {
                (Some(Meaning::Enum(only)), None, false) if is_open(shapes, *only) => Meaning::Enum(*only),
                _ => Meaning::Text,
            }
        },
    );
    // Lists are tried in turn, those of what is read most strictly first.
    let rank = |variant: &Variant<'_>| match variant.meaning {
        Meaning::List(item) => items(shapes, item),
        _ => Items::Plain(0),
    };
    all.sort_by_key(rank);
    let alike = |is: &dyn Fn(&Variant<'_>) -> bool| all.iter().filter(|variant| is(variant)).count() > 1;
    let are_alike = alike(&|variant| rank(variant) == Items::Objects)
        || alike(&|variant| matches!(variant.meaning, Meaning::Map(_)));
    if are_alike { Vec::new() } else { all }
}

/// What is in a list, in the order in which lists are tried.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Items {
    Plain(u8),
    Objects,
    Any,
}

fn items(shapes: &Shapes, item: &Use) -> Items {
    let mut inside = item.shape;
    let mut passed = BTreeSet::new();
    while let Shape::List(item) | Shape::Map(item) = shapes.get(inside) {
        if !passed.insert(inside) {
            return Items::Any;
        }
        inside = item.shape;
    }
    match shapes.get(inside) {
        Shape::Any => Items::Any,
        Shape::Object(_) | Shape::Union(_) => Items::Objects,
        Shape::Number => Items::Plain(1),
        Shape::Boolean | Shape::Integer | Shape::Text(_) | Shape::Enum(_) | Shape::List(_) | Shape::Map(_) => {
            Items::Plain(0)
        }
    }
}

/// Replaces variants by one.
fn merge<'t>(all: &mut Vec<Variant<'t>>, is: fn(Meaning<'t>) -> bool, one: impl FnOnce(&[Meaning<'t>]) -> Meaning<'t>) {
    let (found, mut rest): (Vec<_>, Vec<_>) = all.iter().copied().partition(|variant| is(variant.meaning));
    if found.len() > 1 {
        let meanings: Vec<_> = found.iter().map(|variant| variant.meaning).collect();
        rest.push(Variant { meaning: one(&meanings), secret: found.iter().any(|variant| variant.secret) });
        *all = rest;
    }
}

/// Whether an enum keeps values that are unknown.
pub(super) fn is_open(shapes: &Shapes, id: ShapeId) -> bool {
    !matches!(shapes.get(id), Shape::Enum(of) if of.is_closed)
}

/// The members of an object.
pub(super) fn members(shapes: &Shapes, id: ShapeId) -> &[Member] {
    match shapes.get(id) {
        Shape::Object(Object { members, .. }) => members,
        _ => &[],
    }
}

/// What the objects of a union look like: each has a pattern, which is by a member that has a fixed value in each of them, that of
/// the discriminator before others; else by what the discriminator says; else by the members that they have.
pub(super) fn patterns(shapes: &Shapes, union: ShapeId) -> BTreeMap<ShapeId, Pattern> {
    let objects = variants(shapes, union).into_iter().filter_map(|variant| match variant.meaning {
        Meaning::Object(id) => Some(id),
        _ => None,
    });
    let objects: BTreeSet<ShapeId> = objects.collect();
    let discriminator = shapes.tag(union);
    let constant = discriminator.and_then(|discriminator| tag(shapes, &objects, &discriminator.member));
    let base = discriminator.and_then(|discriminator| discriminator.base).filter(|base| objects.contains(base));
    if let (Some(discriminator), Some(base)) = (discriminator, base) {
        return of_base(shapes, discriminator, &objects, base);
    }
    let tagged = constant.map(|(_, tagged)| tagged).or_else(|| by_discriminator(discriminator?, &objects));
    let tagged = tagged.or_else(|| by_constant(shapes, &objects));
    if let Some((member, values)) = tagged {
        let pattern = |(id, values)| (id, Pattern::Tagged(member.clone(), values));
        return values.into_iter().map(pattern).collect();
    }
    let in_all = |name: &str| objects.iter().all(|id| members(shapes, *id).iter().any(|member| member.name == name));
    let pattern = |id: &ShapeId| {
        let names = |required: bool| {
            let found = members(shapes, *id).iter().filter(move |member| member.is_received() == required);
            found.map(|member| member.name.clone())
        };
        let others = names(false).filter(|name| !in_all(name));
        (*id, Pattern::Members(names(true).collect(), others.collect()))
    };
    objects.iter().map(pattern).collect()
}

type Tagged = (String, BTreeMap<ShapeId, Vec<String>>);

fn by_discriminator(tag: &Tag, objects: &BTreeSet<ShapeId>) -> Option<Tagged> {
    let mut values: BTreeMap<ShapeId, Vec<String>> = BTreeMap::new();
    for (value, id) in tag.values.iter().filter(|(_, id)| objects.contains(id)) {
        values.entry(*id).or_default().push(value.clone());
    }
    (values.len() == objects.len()).then(|| (tag.member.clone(), values))
}

/// The patterns of a base and its subtypes: a value is a subtype if its member says so, and otherwise the base.
fn of_base(shapes: &Shapes, tag: &Tag, objects: &BTreeSet<ShapeId>, base: ShapeId) -> BTreeMap<ShapeId, Pattern> {
    let mut values: BTreeMap<&String, ShapeId> = BTreeMap::new();
    let (mut passed, mut open) = (BTreeSet::new(), vec![tag]);
    while let Some(tag) = open.pop() {
        for (value, variant) in &tag.values {
            // A subtype may be a base itself.
            let inside = shapes.tag(*variant).filter(|inside| inside.base.is_some());
            values.entry(value).or_insert(inside.and_then(|inside| inside.base).unwrap_or(*variant));
            open.extend(inside.filter(|_| passed.insert(*variant)));
        }
    }
    let pattern = |id: &ShapeId| {
        let own = values.iter().filter(|(_, variant)| *variant == id);
        let own: Vec<String> = own.map(|(value, _)| (*value).clone()).collect();
        let is_any = *id == base || own.is_empty();
        let any = || Pattern::Members(Vec::new(), Vec::new());
        (*id, if is_any { any() } else { Pattern::Tagged(tag.member.clone(), own) })
    };
    objects.iter().map(pattern).collect()
}

/// A member that all objects have, with values that no two of them share: one that all require, if there is one.
fn by_constant(shapes: &Shapes, objects: &BTreeSet<ShapeId>) -> Option<Tagged> {
    let first = members(shapes, *objects.first()?);
    let mut tags: Vec<_> = first.iter().filter_map(|member| tag(shapes, objects, &member.name)).collect();
    tags.sort_by_key(|(required, _)| !required);
    tags.into_iter().next().map(|(_, tagged)| tagged)
}

fn tag(shapes: &Shapes, objects: &BTreeSet<ShapeId>, name: &str) -> Option<(bool, Tagged)> {
    let mut required = true;
    let mut values: BTreeMap<ShapeId, Vec<String>> = BTreeMap::new();
    let mut passed = BTreeSet::new();
    for id in objects {
        let member = members(shapes, *id).iter().find(|member| member.name == name)?;
        let Shape::Enum(own) = shapes.get(member.value.shape) else { return None };
        let own = &own.values;
        if !own.iter().all(|value| passed.insert(value)) {
            return None;
        }
        required &= member.is_received();
        let text = |value: &String| serde_json::from_str(value).unwrap_or_else(|_| value.clone());
        let mut own: Vec<String> = own.iter().map(text).collect();
        own.sort_unstable();
        values.insert(*id, own);
    }
    (values.len() > 1).then(|| (required, (name.to_owned(), values)))
}
