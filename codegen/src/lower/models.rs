//! Rust types for the bodies that a companion describes: one for each object, each enum of texts and each union that operations
//! reach.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::OperationId;

use super::meaning::{Meaning, Variant, is_open, meaning, members, patterns, typed, variants};
use super::one_line;
use crate::companion::Types;
use crate::companion::json_schema::Style;
use crate::companion::shape::{Enum, Member, Object, Shape, ShapeId, Shapes, Text, Use};
use crate::model::{Definition, Field, Operation, Pattern, Role, Struct, Type, TypeUse, Union};
use crate::names::{Scope, Wish};

/// The field for the members of an object that it does not name.
const OTHERS: &str = "others";

/// The types, in the order of their names. Operations get those of their bodies.
pub(super) fn lower(types: &Types, operations: &mut [Operation]) -> Vec<Type> {
    let mut reached = Reached { shapes: &types.shapes, found: BTreeMap::new() };
    let of_operations = |operations: &[Operation]| {
        let bodies = |index: usize| types.bodies.get(&OperationId::from(index));
        operations.iter().enumerate().filter_map(move |(index, _)| Some((index, bodies(index)?))).collect::<Vec<_>>()
    };
    for (index, bodies) in of_operations(operations) {
        let Some(operation) = operations.get(index) else { continue };
        let sides = [(bodies.request.as_ref(), Side::Request), (bodies.response.as_ref(), Side::Response)];
        let failures = bodies.failures.iter().map(|(_, of)| (of, Side::Failure));
        for (of, side) in sides.into_iter().filter_map(|(of, side)| Some((of?, side))).chain(failures) {
            let name = format!("{}{side:?}", operation.type_name);
            reached.add(of, &Body { name, side, method: operation.method_name.clone() });
        }
    }
    let named = Named { types, names: reached.names(), cycles: reached.cycles(), reached: &reached };
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// A body of an operation.
#[derive(Clone)]
struct Body {
    /// What a type of its own would be called.
    name: String,
    side: Side,
    method: String,
}

#[derive(Default)]
struct Found<'t> {
    /// The members that are of this shape, the shortest name first, each with the object that has it.
    members: BTreeSet<(usize, &'t str, ShapeId)>,
    /// The bodies that are of this shape: requests before responses, and these before failures; of each the shortest name first.
    bodies: BTreeMap<(Side, usize, String), Body>,
    /// The unions that this shape is a variant of.
    unions: BTreeSet<ShapeId>,
    sent: bool,
    received: bool,
}

/// What has a shape in it.
#[derive(Clone, Copy)]
enum Holder<'t> {
    Body,
    Member(&'t str, ShapeId),
    Union(ShapeId),
}

impl<'t> Reached<'t> {
    /// Adds a body and all that is in it.
    fn add(&mut self, body: &'t Use, of: &Body) {
        let mut open = vec![(body.shape, Holder::Body)];
        while let Some((shape, holder)) = open.pop() {
            let Ok(Some(id)) = typed(self.shapes, shape) else { continue };
            let found = self.found.entry(id).or_default();
            match holder {
                Holder::Body => drop(found.bodies.insert((of.side, of.name.len(), of.name.clone()), of.clone())),
                Holder::Member(name, parent) => drop(found.members.insert((name.len(), name, parent))),
                Holder::Union(union) => drop(found.unions.insert(union)),
            }
            let known = match of.side {
                Side::Request => &mut found.sent,
                Side::Response | Side::Failure => &mut found.received,
            };
            if !std::mem::replace(known, true) {
                open.extend(self.inside(id));
            }
        }
    }

    /// The shapes in a shape.
    fn inside(&self, id: ShapeId) -> Vec<(ShapeId, Holder<'t>)> {
        match self.shapes.get(id) {
            Shape::Object(object) => {
                let members = object.members.iter().map(|member| (member.name.as_str(), &member.value));
                let all = members.chain(object.others.iter().map(|others| (OTHERS, others)));
                all.map(|(name, value)| (value.shape, Holder::Member(name, id))).collect()
            }
            Shape::Union(_) => {
                let shapes = variants(self.shapes, id).into_iter().filter_map(|variant| match variant.meaning {
                    Meaning::Object(id) | Meaning::Enum(id) => Some(id),
                    Meaning::List(item) | Meaning::Map(item) => Some(item.shape),
                    _ => None,
                });
                shapes.map(|shape| (shape, Holder::Union(id))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a shape is called before conflicts are resolved: its component, else its member, else its body, else its union.
    fn words(&self, id: ShapeId) -> String {
        self.words_within(id, &mut BTreeSet::new()).unwrap_or_else(|| "variant".to_owned())
    }

    fn words_within(&self, id: ShapeId, passed: &mut BTreeSet<ShapeId>) -> Option<String> {
        let own = self.own_words(id);
        if own.is_some() || !passed.insert(id) {
            return own;
        }
        let unions = &self.found.get(&id)?.unions;
        let words = |union: &ShapeId| {
            Some(format!("{} {}", self.words_within(*union, passed)?, self.words_of_variant(*union, id)))
        };
        unions.iter().filter_map(words).min_by_key(|words| (words.len(), words.clone()))
    }

    /// What makes a variant of a union different from the others.
    fn words_of_variant(&self, union: ShapeId, id: ShapeId) -> String {
        if self.shapes.tag(union).and_then(|tag| tag.base) == Some(id) {
            return "base".to_owned();
        }
        let mut others = patterns(self.shapes, union);
        let own = match others.remove(&id) {
            Some(Pattern::Tagged(_, values)) => values.into_iter().next(),
            Some(Pattern::Members(required, more)) => {
                let is_in = |name: &String, all: bool| {
                    others.values().any(|other| match other {
                        Pattern::Members(required, more) => required.contains(name) || all && more.contains(name),
                        Pattern::Tagged(..) => false,
                    })
                };
                let distinct = required.iter().find(|name| !is_in(name, false));
                let distinct = distinct.or_else(|| more.iter().find(|name| !is_in(name, true))).or(required.first());
                let only = others.is_empty().then(|| "object".to_owned());
                distinct.map(|name| format!("with {name}")).or(only)
            }
            None => None,
        };
        own.unwrap_or_else(|| "value".to_owned())
    }

    /// What a shape is called that is more than a variant of a union.
    fn own_words(&self, id: ShapeId) -> Option<String> {
        let component = self.shapes.component(id).map(|component| last(&component.name).to_owned());
        let found = self.found.get(&id)?;
        let member = || found.members.first().map(|(_, name, _)| (*name).to_owned());
        let body = || found.bodies.values().next().map(|body| body.name.clone());
        component.or_else(member).or_else(body)
    }

    /// The names of all types.
    fn names(&self) -> BTreeMap<ShapeId, String> {
        let ways = |id: ShapeId| {
            let words = self.words(id);
            let parents = self.found.get(&id).map(|found| &found.members).into_iter().flatten();
            let mut parents: BTreeSet<String> = parents.map(|(_, _, parent)| self.words(*parent)).collect();
            if parents.is_empty() {
                let unions = self.found.get(&id).map(|found| &found.unions).into_iter().flatten();
                parents = unions.map(|union| self.words(*union)).collect();
            }
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
        // Variants of unions are in boxes.
        let inside = |id: ShapeId| {
            let meanings = members(self.shapes, id).iter().map(|member| meaning(self.shapes, member.value.shape).0);
            meanings.filter_map(move |meaning| match meaning {
                Meaning::Object(shape) => Some((id, shape)),
                _ => None,
            })
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
    super::first_sentence(&one_line(&text.0)).to_owned()
}

/// The shapes, once they have names.
struct Named<'r, 't> {
    types: &'t Types,
    reached: &'r Reached<'t>,
    names: BTreeMap<ShapeId, String>,
    cycles: BTreeSet<(ShapeId, ShapeId)>,
}

impl<'t> Named<'_, 't> {
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
        let definition = match self.reached.shapes.get(id) {
            Shape::Enum(Enum { values, is_closed }) => {
                let texts = texts(values)?;
                let wishes: Vec<Wish> = texts.iter().map(|text| Wish::parameter(text, "value")).collect();
                let variants = Scope::variants().assign(&wishes).into_iter().zip(texts).collect();
                Definition::Enum { variants, is_closed: *is_closed }
            }
            Shape::Object(object) => Definition::Struct(self.object(id, object, found)),
            Shape::Union(_) => Definition::Union(self.union(id, found)),
            _ => return None,
        };
        let component = self.reached.shapes.component(id).map(|component| first_sentence(&component.description));
        let description = component.filter(|text| !text.is_empty());
        Some(Type { name: self.names.get(&id)?.clone(), description, role: self.role(found), definition })
    }

    /// What a type is for.
    fn role(&self, found: &Found<'_>) -> Role {
        let body = found.bodies.values().next();
        let body = body.map(|body| Role::Body { method: body.method.clone(), is_request: body.side == Side::Request });
        let member = || {
            let (_, name, parent) = found.members.first()?;
            Some(Role::Member { name: (*name).to_owned(), parent: self.names.get(parent)?.clone() })
        };
        let union = || Some(Role::Variant { union: self.names.get(found.unions.first()?)?.clone() });
        body.or_else(member).or_else(union).unwrap_or(Role::Unknown)
    }

    fn object(&self, id: ShapeId, object: &Object, found: &Found<'_>) -> Struct {
        let names =
            object.members.iter().map(|member| member.name.as_str()).chain(object.others.iter().map(|_| OTHERS));
        let wishes: Vec<Wish> = names.map(|name| Wish::parameter(name, "body")).collect();
        let names = Scope::setters().assign(&wishes);
        let taken: BTreeSet<&String> = names.iter().collect();
        let field = |(member, name): (&Member, &String)| {
            let mut clear_name = format!("clear_{}", name.trim_end_matches('_'));
            while taken.contains(&clear_name) {
                clear_name.push('_');
            }
            let of = &member.value;
            let boxed = match meaning(self.reached.shapes, of.shape).0 {
                Meaning::Object(shape) => self.cycles.contains(&(id, shape)),
                _ => false,
            };
            let constant = match self.reached.shapes.get(of.shape) {
                Shape::Enum(Enum { values, .. }) if !of.secret && values.len() == 1 => {
                    let is_plain = |value: &&String| {
                        !value.starts_with(['[', '{', 'n']) && serde_json::from_str::<serde_json::Value>(value).is_ok()
                    };
                    values.first().filter(is_plain).cloned()
                }
                _ => None,
            };
            let value = self.value(of, boxed);
            let is_text = matches!(value, TypeUse::Text) && member.is_sent() && !of.nullable;
            Field {
                name: name.clone(),
                clear_name,
                wire: member.name.clone(),
                description: first_sentence(&of.description),
                value,
                required: member.is_sent().then_some(member.position.0),
                constant,
                nullable: of.nullable,
                configured: is_text && self.types.is_configured(id, &member.name),
            }
        };
        let others = object.others.as_ref().and_then(|others| Some((names.last()?.clone(), self.item(others))));
        Struct {
            fields: object.members.iter().zip(&names).map(field).collect(),
            others,
            sent: found.sent,
            received: found.received,
        }
    }

    fn union(&self, id: ShapeId, found: &Found<'_>) -> Union {
        let variants = variants(self.reached.shapes, id);
        let values: Vec<TypeUse> = variants.iter().map(|variant| self.meant(variant.meaning, variant.secret)).collect();
        let wish = |(variant, value): (&Variant<'_>, &TypeUse)| {
            let short = match variant.meaning {
                Meaning::List(_) => "list".to_owned(),
                Meaning::Map(_) => "map".to_owned(),
                _ => value.words(),
            };
            Wish::shape(vec![short, value.words()])
        };
        let wishes: Vec<Wish> = variants.iter().zip(&values).map(wish).collect();
        let names = Scope::variants().assign(&wishes);
        let mut patterns = patterns(self.reached.shapes, id);
        let (mut objects, mut others, mut text) = (Vec::new(), Vec::new(), None);
        for ((variant, value), name) in variants.iter().zip(values).zip(names) {
            match variant.meaning {
                Meaning::Object(id) => {
                    let pattern = patterns.remove(&id).unwrap_or(Pattern::Members(Vec::new(), Vec::new()));
                    objects.push((name, value, pattern));
                }
                // Texts become what is made of any text: a text, or an open enum that is not secret.
                of => {
                    let is_text = match of {
                        Meaning::Text => true,
                        Meaning::Enum(id) => !variant.secret && is_open(self.reached.shapes, id),
                        _ => false,
                    };
                    text = text.or_else(|| is_text.then(|| name.clone()));
                    others.push((name, value));
                }
            }
        }
        // Of objects that a value fits equally well, the most specific counts.
        objects.sort_by_key(|(name, _, pattern)| match pattern {
            Pattern::Tagged(..) => (Reverse(0), name.clone()),
            Pattern::Members(required, _) => (Reverse(required.len()), name.clone()),
        });
        Union { objects, others, text, received: found.received }
    }

    /// What a value is that is not null.
    fn value(&self, of: &Use, boxed: bool) -> TypeUse {
        let (meaning, secret) = meaning(self.reached.shapes, of.shape);
        let value = match meaning {
            Meaning::List(_) | Meaning::Map(_) if typed(self.reached.shapes, of.shape).is_err() => TypeUse::Json,
            Meaning::Integer if of.is_unsigned => TypeUse::Unsigned,
            meaning => self.meant(meaning, false),
        };
        let value = if boxed { TypeUse::Boxed(Box::new(value)) } else { value };
        if of.secret || secret { TypeUse::Redacted(Box::new(value)) } else { value }
    }

    fn meant(&self, meaning: Meaning<'t>, secret: bool) -> TypeUse {
        let value = match meaning {
            Meaning::Any => TypeUse::Json,
            Meaning::Boolean => TypeUse::Boolean,
            Meaning::Integer => TypeUse::Integer,
            Meaning::Number => TypeUse::Number,
            Meaning::Text => TypeUse::Text,
            Meaning::Bytes => TypeUse::Bytes,
            Meaning::List(item) => TypeUse::List(Box::new(self.item(item))),
            Meaning::Map(item) => TypeUse::Map(Box::new(self.item(item))),
            Meaning::Object(id) | Meaning::Enum(id) | Meaning::Union(id) => {
                self.names.get(&id).map_or(TypeUse::Json, |name| TypeUse::Named(name.clone()))
            }
        };
        if secret { TypeUse::Redacted(Box::new(value)) } else { value }
    }

    fn item(&self, item: &Use) -> TypeUse {
        let value = self.value(item, false);
        if item.nullable { TypeUse::Optional(Box::new(value)) } else { value }
    }
}
