//! Reading schemas: from JSON Schema as OpenAPI documents of all versions write it to [`Shape`]s.

use std::collections::BTreeMap;

use super::document::{Document, entries, flag};
use super::keywords::{
    add_limits, alternatives, component_name, has_null_type, is_null, is_secret, is_unsigned, kinds, last, limits,
    list, only_variant, required, variants,
};
use super::shape::{Aside, Enum, Member, Name, Object, Shape, ShapeId, Shapes, Tag, Use};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::{Content, Entry, Node};
use crate::settings::of_companion;

/// Schemas nested deeper than this are taken for any JSON.
const MAX_DEPTH: usize = 64;

/// Reads the schemas of a document.
pub(crate) struct Schemas<'n> {
    document: &'n Document<'n>,
    pub(crate) shapes: Shapes,
    /// The components that were read or are being read, by their references.
    components: BTreeMap<String, Component>,
    /// The components that are being read and that `$recursiveRef` may mean, from the outermost on.
    anchors: Vec<String>,
    depth: usize,
}

#[derive(Clone)]
enum Component {
    /// It is being read, and is this shape if it contains itself.
    Open(Option<ShapeId>),
    Read(Use),
}

/// References that depend on what is around them (JSON Schema 2019-09 §8.2.4.2, 2020-12 §8.2.3.2).
const DYNAMIC: [&str; 2] = ["$recursiveRef", "$dynamicRef"];

impl<'n> Schemas<'n> {
    pub(crate) fn new(document: &'n Document<'n>) -> Self {
        Self { document, shapes: Shapes::default(), components: BTreeMap::new(), anchors: Vec::new(), depth: 0 }
    }

    /// A schema, or what it refers to.
    pub(crate) fn followed(&self, schema: &'n Node) -> Option<&'n Node> {
        self.document.followed(schema)
    }

    /// The shape of a schema.
    pub(crate) fn read(&mut self, schema: &'n Node, sink: &mut Sink) -> Use {
        if self.depth > MAX_DEPTH {
            return Use::of(self.shapes.intern(Shape::Any));
        }
        self.depth += 1;
        let reference = self.reference(schema);
        let mut read = match &reference {
            Some(reference) => self.component(schema, reference, sink),
            None => match DYNAMIC.iter().find_map(|keyword| schema.get(keyword)) {
                Some(dynamic) => self.dangling(dynamic, &dynamic.scalar_text().unwrap_or_default(), sink),
                None => self.schema(schema, sink),
            },
        };
        self.depth -= 1;
        // Keywords beside a reference count too (OpenAPI 3.1, "Schema Object").
        read.nullable |= flag(schema, "nullable") || flag(schema, "x-nullable") || has_null_type(schema);
        read.secret |= is_secret(schema);
        if reference.is_some() {
            add_limits(&mut read, schema);
        }
        if let Some(text) = schema.get("description").and_then(Node::scalar_text) {
            read.description = Aside(text);
        }
        self.named(schema, &read);
        read
    }

    /// What a schema refers to. `$recursiveRef` is the component around it that has `$recursiveAnchor`.
    fn reference(&self, schema: &Node) -> Option<String> {
        let recursive = || self.anchors.last().cloned().filter(|_| schema.get("$recursiveRef").is_some());
        schema.get("$ref").and_then(Node::scalar_text).or_else(recursive)
    }

    /// Names a shape as its schema says that the type has to be called.
    fn named(&mut self, schema: &Node, read: &Use) {
        if let Some(name) = schema.get("x-naftiko-name").and_then(Node::scalar_text) {
            self.shapes.name(read.shape, Name::Chosen(&name), &read.description);
        }
    }

    /// The environment variables that may have members of an object, by the names of the members.
    pub(crate) fn defaults(&self, schema: &'n Node, sink: &mut Sink) -> BTreeMap<String, String> {
        let mut defaults = BTreeMap::new();
        let mut open = vec![schema];
        for _ in 0..MAX_DEPTH {
            let Some(schema) = open.pop() else { break };
            let reference = schema.get("$ref").and_then(Node::scalar_text);
            open.extend(reference.and_then(|reference| self.document.at(&reference)));
            open.extend(list(schema, "allOf").unwrap_or_default());
            for entry in schema.get("properties").map(entries).unwrap_or_default() {
                defaults.extend(of_companion(&entry.value, sink).map(|variable| (entry.key.clone(), variable)));
            }
        }
        defaults
    }

    fn component(&mut self, schema: &'n Node, reference: &str, sink: &mut Sink) -> Use {
        match self.components.get(reference).cloned() {
            Some(Component::Read(read)) => return read,
            Some(Component::Open(Some(id))) => return Use::of(id),
            Some(Component::Open(None)) => {
                let id = self.shapes.reserve(last(reference));
                self.components.insert(reference.to_owned(), Component::Open(Some(id)));
                return Use::of(id);
            }
            None => {}
        }
        let Some(target) = self.document.at(reference) else {
            return self.dangling(schema.get("$ref").unwrap_or(schema), reference, sink);
        };
        self.components.insert(reference.to_owned(), Component::Open(None));
        let is_anchor = flag(target, "$recursiveAnchor");
        self.anchors.extend(is_anchor.then(|| reference.to_owned()));
        let mut read = self.read(target, sink);
        self.anchors.truncate(self.anchors.len() - usize::from(is_anchor));
        if let Some(Component::Open(Some(id))) = self.components.get(reference) {
            let id = *id;
            let shape = if read.shape == id { Shape::Any } else { self.shapes.get(read.shape).clone() };
            self.shapes.set(id, shape);
            read.shape = id;
            self.named(target, &read);
        }
        if let Some(name) = component_name(reference) {
            self.shapes.name(read.shape, Name::Component(name), &read.description);
        }
        self.components.insert(reference.to_owned(), Component::Read(read.clone()));
        read
    }

    /// What a reference that leads nowhere is.
    fn dangling(&mut self, at: &Node, reference: &str, sink: &mut Sink) -> Use {
        let message = format!("`{reference}` does not exist; it is taken for any JSON");
        sink.report_once(Code::CompanionReference, "reference", at.span, message)
            .help("add the component, or correct the reference");
        Use::of(self.shapes.intern(Shape::Any))
    }

    /// A schema that is no reference.
    fn schema(&mut self, schema: &'n Node, sink: &mut Sink) -> Use {
        if let Some((only, others)) = only_variant(schema) {
            let mut read = self.read(only, sink);
            read.nullable |= others > 0;
            add_limits(&mut read, schema);
            return read;
        }
        if let Some([only]) = list(schema, "allOf")
            && ["properties", "required"].iter().all(|keyword| schema.get(keyword).is_none())
        {
            let mut read = self.read(only, sink);
            add_limits(&mut read, schema);
            return read;
        }
        let mut nullable = false;
        let shape = if let Some(parts) = list(schema, "allOf") {
            self.merged(schema, parts, &mut nullable, sink)
        } else if let Some(variants) = variants(schema) {
            self.union(variants, &mut nullable, sink)
        } else if let Some(values) = list(schema, "enum") {
            nullable = values.iter().any(Node::is_null);
            self.values(values.iter().filter(|value| !value.is_null()), schema)
        } else if let Some(value) = schema.get("const") {
            self.values(std::iter::once(value), schema)
        } else {
            self.typed(schema, &mut nullable, sink)
        };
        // Limits of an unknown kind of value say nothing.
        let limits = if matches!(shape, Shape::Any) { Vec::new() } else { limits(schema) };
        let is_unsigned = shape == Shape::Integer && is_unsigned(schema);
        let id = self.shapes.intern(shape);
        if let (Shape::Union(_), Some(tag)) = (self.shapes.get(id), self.tag(schema)) {
            self.shapes.set_tag(id, tag);
        }
        Use { nullable, limits, is_unsigned, ..Use::of(id) }
    }

    fn typed(&mut self, schema: &'n Node, nullable: &mut bool, sink: &mut Sink) -> Shape {
        let kinds = kinds(schema);
        *nullable |= kinds.iter().any(|kind| kind == "null");
        let mut kinds = kinds.into_iter().filter(|kind| kind != "null");
        let kind = kinds.next();
        if let Some(first) = &kind
            && let Some(second) = kinds.next()
        {
            let all = [first.clone(), second].into_iter().chain(kinds);
            let variants = all.map(|kind| self.of_kind(&kind, schema, sink)).collect::<Vec<_>>();
            return self.alternatives(variants.into_iter());
        }
        match kind {
            Some(kind) => self.of_kind(&kind, schema, sink),
            None if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => {
                self.object(schema, sink)
            }
            None if schema.get("items").is_some() => self.of_kind("array", schema, sink),
            None => Shape::Any,
        }
    }

    fn of_kind(&mut self, kind: &str, schema: &'n Node, sink: &mut Sink) -> Shape {
        match kind {
            "boolean" => Shape::Boolean,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "string" => Shape::Text(schema.get("format").and_then(Node::scalar_text)),
            "array" => {
                let item = schema.get("items").map(|item| self.read(item, sink));
                Shape::List(item.unwrap_or_else(|| Use::of(self.shapes.intern(Shape::Any))))
            }
            "object" => self.object(schema, sink),
            // `file` of OpenAPI 2.0, and what no version knows.
            _ => Shape::Any,
        }
    }

    fn object(&mut self, schema: &'n Node, sink: &mut Sink) -> Shape {
        let properties = match schema.get("properties").map(|properties| &properties.content) {
            Some(Content::Mapping(entries)) => entries.as_slice(),
            _ => &[],
        };
        // Some generators write a map as an object with one property that represents any.
        if let [only] = properties
            && only.key.starts_with('<')
            && only.key.ends_with('>')
        {
            return Shape::Map(self.read(&only.value, sink));
        }
        let others = schema.get("additionalProperties");
        if properties.is_empty() {
            return match others {
                Some(value) if matches!(value.content, Content::Mapping(_)) => Shape::Map(self.read(value, sink)),
                _ => Shape::Map(Use::of(self.shapes.intern(Shape::Any))),
            };
        }
        let required = required(schema);
        let member = |entry: &'n Entry, schemas: &mut Self, sink: &mut Sink| {
            let position = required.iter().position(|name| *name == entry.key);
            Member {
                name: entry.key.clone(),
                value: schemas.read(&entry.value, sink),
                required: position.is_some(),
                position: Aside(position.unwrap_or_default()),
            }
        };
        // In the order of their names, so that the order of keys in the document makes no difference.
        let mut sorted: Vec<_> = properties.iter().collect();
        sorted.sort_by(|one, other| one.key.cmp(&other.key));
        let mut members: Vec<Member> = sorted.iter().map(|entry| member(entry, self, sink)).collect();
        members.dedup_by(|one, other| one.name == other.name);
        let others = others.filter(|others| !matches!(others.content, Content::Bool(false, _)));
        let others = others.map(|others| self.read(others, sink));
        Shape::Object(Object { members, others, alternatives: alternatives(properties) })
    }

    /// One of some fixed values.
    fn values<'v>(&mut self, values: impl Iterator<Item = &'v Node>, schema: &Node) -> Shape {
        let is_text = kinds(schema).iter().any(|kind| kind == "string");
        let text = |value: &Node| match (is_text, value.scalar_text()) {
            (true, Some(text)) => crate::read::yaml::quoted(&text),
            _ => value.to_json(),
        };
        let mut all: Vec<String> = Vec::new();
        for value in values.map(text) {
            if !all.contains(&value) {
                all.push(value);
            }
        }
        if all.is_empty() {
            return Shape::Any;
        }
        Shape::Enum(Enum { values: all, is_closed: flag(schema, "x-naftiko-closed") })
    }

    /// One of several schemas. One that is null makes the value nullable.
    fn union(&mut self, variants: &'n [Node], nullable: &mut bool, sink: &mut Sink) -> Shape {
        let mut read = Vec::new();
        for variant in variants {
            if is_null(variant) {
                *nullable = true;
            } else {
                let variant = self.read(variant, sink);
                *nullable |= variant.nullable;
                read.push(Use { nullable: false, ..variant });
            }
        }
        read.sort();
        read.dedup();
        match read.as_slice() {
            [only] if only.limits.is_empty() && !self.shapes.is_recursive(only.shape) => {
                self.shapes.get(only.shape).clone()
            }
            [] => Shape::Any,
            _ if read.iter().all(|variant| matches!(self.shapes.get(variant.shape), Shape::Enum(_))) => {
                let values = read.iter().flat_map(|variant| match self.shapes.get(variant.shape) {
                    Shape::Enum(of) => of.values.as_slice(),
                    _ => &[],
                });
                let mut all: Vec<String> = Vec::new();
                for value in values {
                    if !all.contains(value) {
                        all.push(value.clone());
                    }
                }
                Shape::Enum(Enum { values: all, is_closed: false })
            }
            _ if read.iter().any(|variant| self.shapes.is_any(variant.shape)) => Shape::Any,
            _ => Shape::Union(read),
        }
    }

    /// What a discriminator says. Variants that it does not name are known by the names of their components.
    fn tag(&self, schema: &Node) -> Option<Tag> {
        let discriminator = schema.get("discriminator")?;
        let member = discriminator.get("propertyName")?.scalar_text()?;
        let mapping = discriminator.get("mapping").map(entries).unwrap_or_default();
        let mapped = mapping.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.scalar_text()?)));
        let mapped: Vec<(String, String)> = mapped.collect();
        let variants = list(schema, "oneOf").or_else(|| list(schema, "anyOf")).unwrap_or_default();
        let references = variants.iter().filter_map(|variant| variant.get("$ref")?.scalar_text());
        let implicit = references.filter(|variant| !mapped.iter().any(|(_, known)| known == variant));
        let implicit = implicit.filter_map(|variant| Some((component_name(&variant)?.to_owned(), variant)));
        let shape = |(value, reference): (String, String)| match self.components.get(&reference)? {
            Component::Read(read) => Some((value, read.shape)),
            Component::Open(shape) => Some((value, (*shape)?)),
        };
        let values = implicit.chain(mapped.iter().cloned()).filter_map(shape).collect();
        Some(Tag { member, values })
    }

    fn alternatives(&mut self, variants: impl Iterator<Item = Shape>) -> Shape {
        let mut uses: Vec<Use> = variants.map(|variant| Use::of(self.shapes.intern(variant))).collect();
        uses.sort();
        Shape::Union(uses)
    }

    /// An object with the members of all parts and its own. What cannot be merged is any JSON.
    fn merged(&mut self, schema: &'n Node, parts: &'n [Node], nullable: &mut bool, sink: &mut Sink) -> Shape {
        let mut shapes = Vec::new();
        // The members that are required, as the parts list them.
        let mut order: Vec<String> = Vec::new();
        for part in parts {
            let read = self.read(part, sink);
            *nullable |= read.nullable && parts.len() == 1;
            let shape = self.shapes.get(read.shape).clone();
            order.extend(shape.required().map(str::to_owned));
            order.extend(required(part));
            shapes.push(shape);
        }
        if schema.get("properties").is_some() {
            shapes.push(self.object(schema, sink));
        }
        order.extend(required(schema));
        shapes.retain(|shape| *shape != Shape::Any);
        if shapes.iter().all(|shape| !matches!(shape, Shape::Object(_))) && shapes.len() == 1 {
            return shapes.pop().unwrap_or(Shape::Any);
        }
        let mut members: BTreeMap<String, Member> = BTreeMap::new();
        let (mut others, mut alternatives) = (None, Vec::new());
        for shape in shapes {
            let Shape::Object(object) = shape else {
                // A part that only says that it is an object adds nothing.
                if matches!(shape, Shape::Map(_)) {
                    continue;
                }
                return Shape::Any;
            };
            others = others.or(object.others);
            alternatives.extend(object.alternatives);
            self.shapes.add(&mut members, object.members, 0);
        }
        for member in members.values_mut() {
            let position = order.iter().position(|name| *name == member.name);
            member.required = position.is_some();
            member.position = Aside(position.unwrap_or_default());
        }
        if members.is_empty() {
            return Shape::Any;
        }
        alternatives.sort();
        Shape::Object(Object { members: members.into_values().collect(), others, alternatives })
    }
}
