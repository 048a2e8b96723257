//! Rust types for the bodies that a companion describes: one for each object and each enum of texts that operations reach.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::OperationId;

use super::one_line;
use crate::companion::Types;
use crate::companion::shape::{Enum, Member, Object, Shape, ShapeId, Shapes, Style, Text, Use};
use crate::model::{Definition, Field, Operation, Struct, Type, TypeUse};
use crate::names::{Scope, Wish};

/// The types, in the order of their names. Operations get those of their bodies.
pub(super) fn lower(types: &Types, operations: &mut [Operation]) -> Vec<Type> {
    let mut reached = Reached { shapes: &types.shapes, found: BTreeMap::new() };
    let of_operations = |operations: &[Operation]| {
        let bodies = |index: usize| types.bodies.get(&OperationId::from(index));
        operations.iter().enumerate().filter_map(move |(index, _)| Some((index, bodies(index)?))).collect::<Vec<_>>()
    };
    for (index, bodies) in of_operations(operations) {
        let name = operations.get(index).map_or("", |operation| operation.type_name.as_str());
        let sides = [(bodies.request.as_ref(), Side::Request), (bodies.response.as_ref(), Side::Response)];
        let failures = bodies.failures.iter().map(|(_, of)| (of, Side::Failure));
        for (of, side) in sides.into_iter().filter_map(|(of, side)| Some((of?, side))).chain(failures) {
            reached.add(of, &format!("{name}{side:?}"), side);
        }
    }
    let named = Named { types, shapes: &types.shapes, names: reached.names(), cycles: reached.cycles() };
    for (index, bodies) in of_operations(operations) {
        if let Some(operation) = operations.get_mut(index) {
            operation.request = bodies.request.as_ref().map(|of| named.value(of, false));
            let is_json = operation.table.format.is_json();
            operation.failures = named.failures(&bodies.failures);
            operation.response = bodies.response.as_ref().filter(|_| is_json).map(|of| named.value(of, false));
        }
    }
    let mut all: Vec<Type> = reached.found.iter().filter_map(|(id, found)| named.type_of(*id, found)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Request,
    Response,
    Failure,
}

/// The shapes that become types, with where they are used.
struct Reached<'t> {
    shapes: &'t Shapes,
    found: BTreeMap<ShapeId, Found<'t>>,
}

#[derive(Default)]
struct Found<'t> {
    /// The members that are of this shape, the shortest name first, each with the object that has it.
    members: BTreeSet<(usize, &'t str, ShapeId)>,
    /// The bodies that are of this shape, the shortest name first.
    bodies: BTreeSet<(usize, String)>,
    sent: bool,
    received: bool,
}

impl<'t> Reached<'t> {
    /// Adds a body and all that is in it.
    fn add(&mut self, body: &'t Use, name: &str, side: Side) {
        let mut open: Vec<(&'t Use, Option<(&'t str, ShapeId)>)> = vec![(body, None)];
        while let Some((of, member)) = open.pop() {
            let Some(id) = typed(self.shapes, of.shape) else { continue };
            let found = self.found.entry(id).or_default();
            match member {
                Some((name, parent)) => found.members.insert((name.len(), name, parent)),
                None => found.bodies.insert((name.len(), name.to_owned())),
            };
            let known = match side {
                Side::Request => &mut found.sent,
                Side::Response | Side::Failure => &mut found.received,
            };
            if !std::mem::replace(known, true) {
                let inside = members(self.shapes, id).iter();
                open.extend(inside.map(|member| (&member.value, Some((member.name.as_str(), id)))));
            }
        }
    }

    /// What a shape is called before conflicts are resolved: its component, else its member, else its body.
    fn words(&self, id: ShapeId) -> String {
        let component = self.shapes.component(id).map(|component| last(&component.name).to_owned());
        let found = self.found.get(&id);
        let member = || found?.members.first().map(|(_, name, _)| (*name).to_owned());
        let body = || found?.bodies.first().map(|(_, name)| name.clone());
        component.or_else(member).or_else(body).unwrap_or_default()
    }

    /// The names of all types.
    fn names(&self) -> BTreeMap<ShapeId, String> {
        let ways = |id: ShapeId| {
            let words = self.words(id);
            let parents = self.found.get(&id).map(|found| &found.members).into_iter().flatten();
            let parents: BTreeSet<String> = parents.map(|(_, _, parent)| self.words(*parent)).collect();
            let parent = parents.first().map_or("", String::as_str);
            let component = self.shapes.component(id).map(|component| &component.name);
            let longer = component.map_or_else(|| format!("{parent} {words}"), |name| last_two(name).to_owned());
            vec![words.clone(), longer, format!("{parent} {}", component.unwrap_or(&words))]
        };
        let mut wishes: Vec<(Vec<String>, ShapeId)> = self.found.keys().map(|id| (ways(*id), *id)).collect();
        // Numbers follow what the shapes are, and not where they are in the document.
        let shape = |id: ShapeId| self.shapes.schema(&Use::of(id), Style::BARE);
        wishes.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| shape(*a).cmp(&shape(*b))));
        let (ways, ids): (Vec<_>, Vec<_>) = wishes.into_iter().unzip();
        let names = Scope::model_types().assign(&ways.into_iter().map(Wish::shape).collect::<Vec<_>>());
        ids.into_iter().zip(names).collect()
    }

    /// The members of objects that may lead back to the object itself without a list or map in between.
    fn cycles(&self) -> BTreeSet<(ShapeId, ShapeId)> {
        let is_object = |id: ShapeId| matches!(self.shapes.get(id), Shape::Object(_));
        let inside = |id: ShapeId| {
            let shapes = members(self.shapes, id).iter().map(|member| member.value.shape);
            shapes.filter(|shape| is_object(*shape)).map(move |shape| (id, shape))
        };
        let mut edges: BTreeSet<(ShapeId, ShapeId)> = self.found.keys().flat_map(|id| inside(*id)).collect();
        loop {
            let before = edges.len();
            let (starts, ends): (BTreeSet<_>, BTreeSet<_>) = edges.iter().copied().unzip();
            edges.retain(|(start, end)| ends.contains(start) && starts.contains(end));
            if edges.len() == before {
                return edges;
            }
        }
    }
}

/// The members of an object.
fn members(shapes: &Shapes, id: ShapeId) -> &[Member] {
    match shapes.get(id) {
        Shape::Object(Object { members, .. }) => members,
        _ => &[],
    }
}

/// What is in a shape that is a list or a map, and in that; `None` if there is nothing but lists and maps, without an end.
fn innermost(shapes: &Shapes, id: ShapeId) -> Option<ShapeId> {
    let mut inside = id;
    let mut passed = BTreeSet::new();
    while let Shape::List(item) | Shape::Map(item) = shapes.get(inside) {
        if !passed.insert(inside) {
            return None;
        }
        inside = item.shape;
    }
    Some(inside)
}

/// The shape that needs a type: this one, or that of the items in it.
fn typed(shapes: &Shapes, id: ShapeId) -> Option<ShapeId> {
    let id = innermost(shapes, id)?;
    match shapes.get(id) {
        Shape::Object(_) => Some(id),
        Shape::Enum(of) => texts(&of.values).map(|_| id),
        _ => None,
    }
}

/// The values of an enum, in the order of the alphabet, if all are texts.
fn texts(values: &[String]) -> Option<Vec<String>> {
    let mut texts: Vec<String> =
        values.iter().map(|value| serde_json::from_str(value)).collect::<Result<_, _>>().ok()?;
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

/// The last part of a component's name: `Secret` of `scaleway.v1.Secret`.
fn last(name: &str) -> &str {
    name.rsplit('.').find(|part| !part.is_empty()).unwrap_or(name)
}

fn last_two(name: &str) -> &str {
    let mut dots = name.rmatch_indices('.');
    dots.nth(1).and_then(|(at, _)| name.get(at + 1..)).unwrap_or(name)
}

/// The first sentence of a text, on one line.
fn first_sentence(text: &Text) -> String {
    let line = one_line(&text.0);
    let end = line.find(". ").map_or(line.len(), |end| end + 1);
    line.get(..end).unwrap_or_default().to_owned()
}

/// The shapes, once they have names.
struct Named<'t> {
    types: &'t Types,
    shapes: &'t Shapes,
    names: BTreeMap<ShapeId, String>,
    cycles: BTreeSet<(ShapeId, ShapeId)>,
}

impl Named<'_> {
    /// The types of the bodies of unsuccessful responses, each with its statuses.
    fn failures(&self, failures: &[(String, Use)]) -> Vec<(String, Vec<String>)> {
        let mut statuses: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (status, of) in failures {
            if let TypeUse::Named(name) = self.value(of, false) {
                statuses.entry(name).or_default().push(status.clone());
            }
        }
        let mut failures: Vec<_> = statuses.into_iter().collect();
        failures.sort_by(|(_, one), (_, other)| one.cmp(other));
        failures
    }

    fn type_of(&self, id: ShapeId, found: &Found<'_>) -> Option<Type> {
        let definition = match self.shapes.get(id) {
            Shape::Enum(Enum { values, is_closed }) => {
                let texts = texts(values)?;
                let wishes: Vec<Wish> = texts.iter().map(|text| Wish::parameter(text, "value")).collect();
                let variants = Scope::variants().assign(&wishes).into_iter().zip(texts).collect();
                Definition::Enum { variants, is_closed: *is_closed }
            }
            Shape::Object(object) => Definition::Struct(Struct {
                fields: self.fields(id, object),
                sent: found.sent,
                received: found.received,
            }),
            _ => return None,
        };
        let description = self.shapes.component(id).map(|component| first_sentence(&component.description));
        Some(Type { name: self.names.get(&id)?.clone(), description: description.unwrap_or_default(), definition })
    }

    fn fields(&self, id: ShapeId, object: &Object) -> Vec<Field> {
        let wishes = object.members.iter().map(|member| Wish::parameter(&member.name, "body"));
        let names = Scope::setters().assign(&wishes.collect::<Vec<_>>());
        let taken: BTreeSet<&String> = names.iter().collect();
        let field = |(member, name): (&Member, &String)| {
            let mut clear_name = format!("clear_{}", name.trim_end_matches('_'));
            while taken.contains(&clear_name) {
                clear_name.push('_');
            }
            let boxed = self.cycles.contains(&(id, member.value.shape));
            let value = self.value(&member.value, boxed);
            let description = first_sentence(&member.value.description);
            let (wire, required, nullable) = (member.name.clone(), member.required, member.value.nullable);
            let is_text = matches!(value, TypeUse::Text) && required && !nullable;
            let configured = is_text && self.types.is_configured(id, &member.name);
            Field { name: name.clone(), clear_name, wire, description, value, required, nullable, configured }
        };
        object.members.iter().zip(&names).map(field).collect()
    }

    /// What a value is that is not null.
    fn value(&self, of: &Use, boxed: bool) -> TypeUse {
        let item = |item: &Use| {
            let value = self.value(item, false);
            Box::new(if item.nullable { TypeUse::Optional(Box::new(value)) } else { value })
        };
        let value = match self.shapes.get(of.shape) {
            Shape::Boolean => TypeUse::Boolean,
            Shape::Integer => TypeUse::Integer,
            Shape::Number => TypeUse::Number,
            Shape::Text(_) => TypeUse::Text,
            Shape::List(_) | Shape::Map(_) if innermost(self.shapes, of.shape).is_none() => TypeUse::Json,
            Shape::List(inside) => TypeUse::List(item(inside)),
            Shape::Map(inside) => TypeUse::Map(item(inside)),
            Shape::Enum(Enum { values, .. }) if texts(values).is_none() => of_values(values),
            Shape::Enum(_) | Shape::Object(_) => {
                self.names.get(&of.shape).map_or(TypeUse::Json, |name| TypeUse::Named(name.clone()))
            }
            Shape::Any | Shape::Union(_) => TypeUse::Json,
        };
        let value = if boxed { TypeUse::Boxed(Box::new(value)) } else { value };
        if of.secret { TypeUse::Redacted(Box::new(value)) } else { value }
    }
}

/// What the values of an enum are that are not all texts.
fn of_values(values: &[String]) -> TypeUse {
    if values.iter().all(|value| value.parse::<i64>().is_ok()) {
        TypeUse::Integer
    } else if values.iter().all(|value| matches!(value.as_str(), "true" | "false")) {
        TypeUse::Boolean
    } else {
        TypeUse::Json
    }
}
